"""The pane as a whole: what it offers, takes and hands on."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt

from app.evals.runs.entities import RunPlan, RunState
from app.ui.evals.suites.page import SuitePage
from app.ui.panes import ENTRIES
from app.ui.session import _pause_run
from tests.ui.evals.driving import open_items, open_run


def test_rail_has_the_pane_before_settings():
    ids = [entry.rail.pane_id for entry in ENTRIES]
    assert ids.index("evals") == ids.index("settings") - 1


def test_actions_are_offered_for_the_palette(open_pane, context):
    open_pane()
    offered = {spec.id: spec.title for spec in context.actions.offered()}
    assert offered["evals.new"] == "New evaluation…"
    assert offered["evals.import"] == "Import a suite…"


def test_dropped_suite_opens_and_other_files_are_left_to_the_window(
    open_pane, evals, tmp_path: Path, qtbot
):
    pane, file = open_pane(), tmp_path / "colours.jsonl"
    file.write_text('{"input": "Which colour has the sky?", "target": "blue"}\n')
    assert not pane.take_drop([file, tmp_path / "contract.pdf"])
    assert pane.take_drop([file])
    qtbot.waitUntil(lambda: pane.suite_page is not None and not pane.suite_page.is_busy)
    assert pane.suite_page.isVisible()
    assert [(each.name, each.items) for each in evals.suites.suites()] == [("colours", 1)]


def test_suite_opens_on_its_page_and_leads_back(open_pane, suite, qtbot):
    pane = open_pane()
    qtbot.mouseClick(pane.home.suites.cards[suite.id], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: isinstance(pane.suite_page, SuitePage) and not pane.suite_page.is_busy)
    assert pane.suite_page.isVisible()
    assert pane.can_close() is None
    pane.suite_page.closed.emit()
    assert pane.home.isVisible()


def test_new_suite_gets_a_free_name_and_opens(open_pane, evals, qtbot):
    evals.suites.create("New suite")
    pane = open_pane()
    qtbot.mouseClick(pane.home.new_suite, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: pane.suite_page is not None and not pane.suite_page.is_busy)
    assert [each.name for each in evals.suites.suites()] == ["New suite", "New suite 2"]


def test_hidden_pane_reads_nothing_until_it_is_shown_again(open_pane, evals, finished, qtbot):
    pane = open_pane()
    pane.hide()
    run = finished(name="Meanwhile")
    assert run.id not in pane.home.runs.cards
    pane.show()
    qtbot.waitUntil(lambda: run.id in pane.home.runs.cards and not pane.is_reading)


def test_regions_are_those_that_show(open_pane, finished, qtbot):
    pane = open_pane()
    assert pane.regions() == (pane.home.header, pane.home.page)
    run = finished()
    page = open_run(qtbot, pane, run.id)
    assert pane.regions() == (page.header, page.tabs, page.summary)
    pane.show_home()
    items = open_items(qtbot, pane, run.id)
    assert pane.regions() == (page.header, page.tabs, items.table)


def test_cancel_in_the_status_line_pauses_the_run(evals, suite, models, services, qtbot):
    models.gate.clear()
    run, waiting = evals.start(RunPlan(suite.id)), evals.start(RunPlan(suite.id))
    qtbot.waitUntil(lambda: evals.run(run.id).state is RunState.RUNNING)
    _pause_run(services)
    assert evals.wait(run.id, 20)
    assert evals.run(run.id).state is RunState.PAUSED
    assert evals.run(waiting.id).state is not RunState.PAUSED
