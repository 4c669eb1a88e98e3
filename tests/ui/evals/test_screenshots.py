"""Pictures of the evaluation pane in every state, for a person to look at."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from app.base.errors import AppError
from app.evals.runs.entities import RunPlan
from app.settings.schema import Theme
from app.ui.evals.compare_sheet import CompareSheet
from app.ui.evals.judging_sheet import JudgingSheet
from app.ui.evals.matrix.filter import FAILURES
from app.ui.evals.run_page import ITEMS
from tests.ui.evals.conftest import WAIT_S
from tests.ui.evals.driving import open_run, sheet
from tests.ui.evals.test_side_by_side import opinion

LOOKS = {
    "light": (Theme.LIGHT, 1204, 840),
    "dark": (Theme.DARK, 1204, 840),
    "narrow": (Theme.LIGHT, 684, 600),
}


@pytest.fixture
def look(request, theme):
    """The name, width and height of a look; light unless a test says otherwise."""
    name = getattr(request, "param", "light")
    wanted, width, height = LOOKS[name]
    theme.apply(wanted, 100, reduce_motion=True)
    return name, width, height


in_every_look = pytest.mark.parametrize("look", LOOKS, indirect=True)


@pytest.fixture
def shoot(screenshot, look, qtbot, context):
    """Take the picture once all pending layout is done."""

    def settle_and_save(widget: QWidget, name: str) -> None:
        qtbot.waitUntil(lambda: context.jobs.running == 0)
        for _round in range(4):  # a layout may ask for another one
            QApplication.sendPostedEvents()
            QApplication.processEvents()
        screenshot(widget, f"evals_{name}_{look[0]}")

    return settle_and_save


def test_screenshot_empty(open_pane, look, shoot):
    pane = open_pane(*look[1:])
    assert pane.home.isVisible()
    shoot(pane, "empty")


@in_every_look
def test_screenshot_home(open_pane, finished, evals, models, suite, look, shoot, qtbot):
    finished(name="Even numbers by two files")
    finished(name="The same again, with another seed and a long name to see where it ends", seed=9)
    models.gate.clear()
    paused = evals.start(RunPlan(suite.id, name="Overnight"))
    qtbot.waitUntil(lambda: evals.run(paused.id).state == "running")
    evals.pause(paused.id)
    assert evals.wait(paused.id, WAIT_S)
    models.gate.clear()
    evals.start(RunPlan(suite.id, name="Right now"))
    evals.suites.create("Contracts", description="Questions about our contracts")
    pane = open_pane(*look[1:])
    shoot(pane, "home")


@in_every_look
def test_screenshot_results(open_pane, finished, look, shoot, qtbot):
    run = finished(name="Even numbers by two files")
    pane = open_pane(*look[1:])
    pane.show_run(run.id)
    plots = pane.run_page.summary.plots
    qtbot.waitUntil(lambda: plots.canvas is not None and plots.canvas.isVisible(), timeout=20000)
    shoot(pane, "results")
    pane.run_page.summary.verticalScrollBar().setValue(10000)
    plots.view.setCurrentIndex(1)
    shoot(pane, "plot")


@in_every_look
def test_screenshot_side_by_side(open_pane, finished, evals, judges, look, shoot, qtbot):
    run = finished(name="Even numbers by two files")
    judges.opinion = opinion
    evals.judge_pairs(run.id, 0, 1, {"model": "Qwen3 32B"})
    assert evals.wait(run.id, WAIT_S)
    pane = open_pane(*look[1:])
    page = open_run(qtbot, pane, run.id)
    summary = page.summary
    canvas = summary.plots
    qtbot.waitUntil(lambda: canvas.canvas is not None and canvas.canvas.isVisible(), timeout=20000)
    summary.verticalScrollBar().setValue(summary.verticalScrollBar().maximum())
    shoot(pane, "side_by_side")
    page.header.judge_wanted.emit()
    shoot(pane.window(), "judging")
    sheet(pane, JudgingSheet).dismiss()
    page.tabs.setCurrentIndex(ITEMS)
    qtbot.waitUntil(lambda: page.items.items.total == 12 and not page.is_busy)
    page.items.table.setCurrentIndex(page.items.items.index(2, 0))
    qtbot.waitUntil(page.items.details.judged.isVisible)
    shoot(pane, "judged_item")


@in_every_look
def test_screenshot_compare(open_pane, finished, look, shoot, qtbot):
    run = finished(name="Even numbers by two files")
    finished(name="The same again")
    pane = open_pane(*look[1:])
    page = open_run(qtbot, pane, run.id)
    page.header.compare_wanted.emit()
    shoot(pane.window(), "compare")
    sheet(pane, CompareSheet).dismiss()
    page.header.rename_wanted.emit()
    shoot(pane.window(), "rename")


@in_every_look
def test_screenshot_items(open_pane, finished, look, shoot, qtbot):
    run = finished(name="Even numbers by two files")
    pane = open_pane(*look[1:])
    pane.show_run(run.id)
    page = pane.run_page
    qtbot.waitUntil(lambda: page.run is not None)
    page.tabs.setCurrentIndex(ITEMS)
    qtbot.waitUntil(lambda: page.items.items.total == 12 and not page.is_busy)
    shoot(pane, "items")
    page.items.filter.kind.setCurrentIndex(page.items.filter.kind.findData(FAILURES))
    page.items.filter.kind.activated.emit(1)
    qtbot.waitUntil(lambda: page.items.items.total == 6 and not page.is_busy)
    page.items.table.setCurrentIndex(page.items.items.index(1, 0))
    shoot(pane, "details")
    page.items.details.differences.click()
    shoot(pane, "differences")


@pytest.mark.parametrize("look", ["light", "narrow"], indirect=True)
def test_screenshot_running(open_pane, evals, models, suite, look, shoot, qtbot):
    def answer(_name: str, question: str) -> str:
        if "Question 4" in question:
            raise AppError("The prompt has more tokens than the model can take.")
        if "Question 7" in question:
            models.gate.clear()
        return "yes"

    models.answer = answer
    run = evals.start(RunPlan(suite.id, name="Right now"))
    qtbot.waitUntil(lambda: not models.gate.is_set())
    pane = open_pane(*look[1:])
    pane.show_run(run.id)
    qtbot.waitUntil(lambda: pane.run_page.run is not None and not pane.is_reading)
    shoot(pane, "running")


def test_screenshot_interrupted(open_pane, evals, models, suite, look, shoot, qtbot):
    models.answer = lambda _name, _question: models.gate.clear() or "yes"
    run = evals.start(RunPlan(suite.id, name="Overnight"))
    qtbot.waitUntil(lambda: evals.run(run.id).samples == 1)
    evals.pause(run.id)
    assert evals.wait(run.id, WAIT_S)
    pane = open_pane(*look[1:])
    pane.show_run(run.id)
    qtbot.waitUntil(lambda: pane.run_page.run is not None and not pane.is_reading)
    shoot(pane, "paused")
