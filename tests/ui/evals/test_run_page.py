"""The page of a run: while it works, and what came of it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from app.base.errors import AppError
from app.evals.reports.writing import ReportFormat
from app.evals.runs.entities import RunPlan, RunState
from app.ui.evals.candidate_items import STAR
from app.ui.evals.plots.points import View
from app.ui.evals.score_sheet import ScoreSheet
from tests.ui.evals.conftest import WAIT_S
from tests.ui.evals.driving import open_run, sheet, toasts


def candidate_cell(page, row: int, column: int) -> str:
    items = page.summary.table.items
    return str(items.index(row, column).data())


def heads(page) -> list[str]:
    items = page.summary.table.items
    columns = range(items.columnCount())
    return [str(items.headerData(column, Qt.Orientation.Horizontal)) for column in columns]


def test_run_shows_scores_intervals_verdict_speed_and_size(open_pane, finished, qtbot):
    page = open_run(qtbot, open_pane(), finished().id)
    assert heads(page)[1:3] == ["Candidate", "exact match ↑"]
    assert heads(page)[-3:] == ["First token", "Tokens/s", "Size"]
    row = [candidate_cell(page, 1, column) for column in range(len(heads(page)))]
    assert row[1] == "Q4_K_M, Qwen3 8B Q4_K_M"
    assert row[2] == ("100.0 % (75.8 to 100.0), n = 12 · too few items, ▲ better than the baseline")
    assert row[-3:] == ["0.30 s", "32.0", "6.8 GB"]
    assert "Q4_K_M, exact match: Better: +50.0 percentage points" in page.summary.sentences[0]


def test_run_interval_is_named_in_the_tool_tip(open_pane, finished, qtbot):
    page = open_run(qtbot, open_pane(), finished().id)
    tip = page.summary.table.items.index(0, 2).data(Qt.ItemDataRole.ToolTipRole)
    assert "the 95 % interval, Wilson's interval of a share, over 12 items" in tip
    assert "higher is better" in tip


def test_star_chooses_the_baseline(open_pane, finished, evals, qtbot):
    run = finished()
    page = open_run(qtbot, open_pane(), run.id)
    table = page.summary.table
    place = table.visualRect(table.items.index(1, STAR)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: evals.run(run.id).baseline == 1)
    qtbot.waitUntil(lambda: "▼ worse than the baseline" in candidate_cell(page, 0, 2))
    assert candidate_cell(page, 1, STAR) == "baseline"


def test_running_run_shows_progress_by_candidate_and_pauses(open_pane, evals, suite, models, qtbot):
    def answer(_name: str, question: str) -> str:
        if "Question 5" in question:
            models.gate.clear()
        return "yes"

    models.answer = answer
    run = evals.start(RunPlan(suite.id))
    qtbot.waitUntil(lambda: evals.run(run.id).samples == 5)
    page = open_run(qtbot, open_pane(), run.id)
    assert page.summary.progress.words.text().startswith("5 of 24 answers")
    words = page.summary.progress.candidate_words
    assert words[0].startswith("5 of 12 · 20.0 tokens/s")
    assert words[1] == "0 of 12 · waits for its turn"
    qtbot.mouseClick(page.header.pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(
        lambda: page.open_words.text() == "This run is paused. 5 of 24 answers are kept."
    )
    assert evals.run(run.id).state is RunState.PAUSED
    assert not page.summary.progress.isVisible()
    models.answer = lambda _name, _question: "yes"
    models.gate.set()
    qtbot.mouseClick(page.header.resume, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.header.state.text() == "Done")


def test_stopped_run_keeps_what_it_has(open_pane, evals, suite, models, qtbot):
    models.gate.clear()
    run = evals.start(RunPlan(suite.id))
    page = open_run(qtbot, open_pane(), run.id)
    qtbot.mouseClick(page.header.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.header.state.text() == "Stopped")
    assert page.open_words.text() == "This run was stopped. Nothing was answered yet."


def test_problems_are_told_with_their_cause(open_pane, evals, suite, models, qtbot):
    models.missing = {"Qwen3 8B Q4_K_M": "The file is damaged."}

    def answer(_name: str, question: str) -> str:
        if "Question 3" in question:
            raise AppError("The prompt has too many tokens.")
        return "yes"

    models.answer = answer
    run = evals.start(RunPlan(suite.id))
    assert evals.wait(run.id, WAIT_S)
    page = open_run(qtbot, open_pane(), run.id)
    assert page.summary.problems == (
        "Q4_K_M: The file is damaged.",
        "Q8_0: 1 of 12 questions got no answer. The commonest reason: "
        "The prompt has too many tokens.",
    )
    assert "1 without an answer" in candidate_cell(page, 0, 1)


def test_changes_are_read_at_most_four_times_a_second(open_pane, finished, notices, evals, qtbot):
    from app.base.changes import Topic

    page = open_run(qtbot, open_pane(), finished().id)
    reads: list[object] = []
    page._reader.done.connect(reads.append)
    for _each in range(50):
        notices.changed(Topic.EVALS)
    qtbot.waitUntil(lambda: len(reads) >= 1 and not page.is_busy)
    assert len(reads) <= 2


@pytest.mark.parametrize("form", [ReportFormat.HTML, ReportFormat.JUNIT])
def test_run_is_exported(open_pane, finished, form, tmp_path, qtbot):
    run = finished()
    pane = open_pane()
    open_run(qtbot, pane, run.id)
    file = tmp_path / f"report{form.suffix}"
    pane.run_actions.export(run.id, form, file)
    qtbot.waitUntil(lambda: toasts(pane) == [f"{file.name} is written."])
    assert b"q-01" in file.read_bytes()
    assert pane.context.notify.notes[0].choice.text == "Show in folder"


def test_export_that_cannot_be_written_says_why(open_pane, finished, tmp_path, qtbot):
    run = finished()
    pane = open_pane()
    open_run(qtbot, pane, run.id)
    pane.run_actions.export(run.id, ReportFormat.CSV, tmp_path / "gone" / "report.csv")
    qtbot.waitUntil(lambda: bool(pane._problems))
    assert not toasts(pane)


def test_export_menu_has_every_form(open_pane, finished, qtbot):
    page = open_run(qtbot, open_pane(), finished().id)
    menu = page.header.make_export_menu()
    wanted: list[object] = []
    page.header.export_wanted.connect(wanted.append)
    for action in menu.actions():
        action.trigger()
    assert wanted == [*ReportFormat]


def test_plot_says_the_same_in_words(open_pane, finished, qtbot):
    page = open_run(qtbot, open_pane(), finished().id)
    plots = page.summary.plots
    qtbot.waitUntil(lambda: plots.canvas is not None, timeout=20000)
    assert plots.words.text() == ("Q8_0: 50.0 % (25.4 to 74.6)\nQ4_K_M: 100.0 % (75.8 to 100.0)")
    plots.view.setCurrentIndex(plots.view.findData(View.SPEED))
    assert "Q4_K_M: 100.0 % (75.8 to 100.0) at 32 tokens/s" in plots.words.text()
    assert plots.canvas is not None
    assert plots.canvas.accessibleDescription() == plots.words.text()
    qtbot.mouseClick(plots.fold, Qt.MouseButton.LeftButton)
    assert plots.words.isVisible()


def test_plot_has_no_menu_of_its_own(open_pane, finished, qtbot):
    page = open_run(qtbot, open_pane(), finished().id)
    plots = page.summary.plots
    qtbot.waitUntil(lambda: plots.canvas is not None and plots.canvas.isVisible(), timeout=20000)
    assert plots.canvas is not None
    qtbot.mouseClick(plots.canvas.viewport(), Qt.MouseButton.RightButton)
    assert not [each for each in page.window().findChildren(QMenu) if each.isVisible()]
    assert not plots.canvas.getViewBox().menuEnabled()


def test_run_is_scored_by_another_metric_without_asking_again(open_pane, finished, models, qtbot):
    page = open_run(qtbot, pane := open_pane(), finished().id)
    asked = models.asked
    page.header.score_wanted.emit()
    asking = sheet(pane, ScoreSheet)
    assert not asking.confirm.isEnabled()
    asking.picker.add("contains")
    qtbot.waitUntil(asking.confirm.isEnabled)
    qtbot.mouseClick(asking.confirm, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "contains ↑" in heads(page))
    qtbot.waitUntil(lambda: page.header.state.text() == "Done")
    assert models.asked == asked


def test_run_that_is_deleted_leads_back_to_all(open_pane, finished, qtbot):
    pane = open_pane()
    page = open_run(qtbot, pane, finished(name="Old").id)
    page.header.delete_wanted.emit()
    qtbot.waitUntil(pane.home.isVisible)
    assert toasts(pane) == ["“Old” is deleted."]


def test_scroll_and_selection_stay_when_something_is_written(open_pane, finished, evals, qtbot):
    run = finished()
    page = open_run(qtbot, open_pane(684, 480), run.id)
    plots = page.summary.plots
    qtbot.waitUntil(lambda: plots.canvas is not None and plots.canvas.isVisible(), timeout=20000)
    page.summary.table.selectRow(1)
    bar = page.summary.verticalScrollBar()
    bar.setValue(60)
    evals.rename(run.id, "Another name")
    qtbot.waitUntil(lambda: page.header.name.whole_text == "Another name")
    assert bar.value() == 60
    assert page.summary.table.selectionModel().isRowSelected(1)


def test_back_leads_to_all(open_pane, finished, qtbot):
    pane = open_pane()
    page = open_run(qtbot, pane, finished().id)
    qtbot.mouseClick(page.header.back_button, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert pane.home.isVisible()
