"""Renaming a run, and comparing it with another one."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMenu

from app.evals.runs.entities import RunPlan
from app.ui.evals.compare_sheet import CompareSheet
from app.ui.evals.rename_sheet import RenameSheet
from app.ui.widgets.info_bar import InfoBar
from tests.ui.evals.conftest import EXACT, WAIT_S
from tests.ui.evals.doubles import item
from tests.ui.evals.driving import open_run, sheet


def words(asking: CompareSheet) -> list[str]:
    return [each.text() for each in asking.findChildren(QLabel) if each.isVisible()]


def compared(qtbot, pane) -> CompareSheet:
    """The sheet, once it says what it found or why it cannot."""
    pane.run_page.header.compare_wanted.emit()
    asking = sheet(pane, CompareSheet)
    said = asking.said
    qtbot.waitUntil(lambda: not said.isVisible() or not said.text().endswith("…"))
    return asking


def test_run_gets_another_name(open_pane, finished, evals, qtbot):
    run = finished()
    page = open_run(qtbot, pane := open_pane(), run.id)
    page.header.rename_wanted.emit()
    asking = sheet(pane, RenameSheet)
    asking.name.clear()
    assert not asking.confirm.isEnabled()
    qtbot.keyClicks(asking.name, "Two files")
    qtbot.keyClick(asking.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.header.name.whole_text == "Two files")
    assert evals.run(run.id).name == "Two files"
    assert not pane.window().findChildren(RenameSheet)


def test_run_is_renamed_from_the_list_of_runs(open_pane, finished, monkeypatch, qtbot):
    run, pane = finished(), open_pane()
    menus: list[QMenu] = []
    monkeypatch.setattr("app.ui.evals.home.pop_up", lambda menu, _place: menus.append(menu))
    qtbot.mouseClick(pane.home.runs.cards[run.id].more, Qt.MouseButton.LeftButton)
    next(each for each in menus[0].actions() if each.text() == "Rename…").trigger()
    assert sheet(pane, RenameSheet).name.text() == run.name


def test_other_run_is_compared_metric_by_metric_with_a_verdict(open_pane, finished, qtbot):
    run, other = finished(), finished(name="Another day")
    pane = open_pane()
    open_run(qtbot, pane, run.id)
    asking = compared(qtbot, pane)
    assert "Another day" in asking.choice.currentText()
    qtbot.waitUntil(lambda: {"exact match", "ROUGE-L"} <= {*words(asking)})
    said = words(asking)
    assert said.count("baseline") == 2
    assert said.count("100.0 % (75.8 to 100.0) · n = 12") == 2
    assert said.count("no difference could be seen") == 4
    assert any("+50.0 percentage points" in each and "17 items" in each for each in said)
    qtbot.mouseClick(asking.opener, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: pane.run_page.run is not None and pane.run_page.run.id == other.id)


def test_better_candidate_of_the_other_run_is_named_so(open_pane, finished, models, evals, qtbot):
    run = finished()
    models.names = models.names[1:]
    finished(name="The small file alone")
    pane = open_pane()
    open_run(qtbot, pane, run.id)
    asking = compared(qtbot, pane)
    qtbot.waitUntil(lambda: "better" in words(asking))
    assert any(each.startswith("Better: +50.0 percentage points") for each in words(asking))


def test_runs_that_share_no_item_say_so(open_pane, finished, evals, qtbot):
    run = finished()
    suite = evals.suites.create("Colours", (item("sky", "Question 2: the sky?", "blue"),))
    other = evals.start(RunPlan(suite.id, metrics=(EXACT,)))
    assert evals.wait(other.id, WAIT_S)
    pane = open_pane()
    open_run(qtbot, pane, run.id)
    (bar,) = compared(qtbot, pane).findChildren(InfoBar)
    assert bar.text == "The two runs share no item. Compare runs over the same suite."


def test_only_run_has_nothing_to_be_compared_with(open_pane, finished, qtbot):
    pane = open_pane()
    open_run(qtbot, pane, finished().id)
    asking = compared(qtbot, pane)
    assert asking.said.text().startswith("There is no other run with answers yet.")
    assert not asking.choice.isVisible()
