"""The first screen, as a person meets it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QWidget

from app.evals.runs.entities import RunPlan, RunState
from app.ui.evals.presets import Preset
from app.ui.focus import focusable
from tests.ui.evals.conftest import WAIT_S
from tests.ui.evals.driving import problems, toasts


@pytest.fixture
def paused(evals, suite, models, qtbot):
    """A run that was paused after its first answer."""

    def answer(_name: str, _question: str) -> str:
        models.gate.clear()
        return "yes"

    models.answer = answer
    run = evals.start(RunPlan(suite.id, name="Overnight"))
    qtbot.waitUntil(lambda: evals.run(run.id).samples == 1)
    evals.pause(run.id)
    assert evals.wait(run.id, WAIT_S)
    return evals.run(run.id)


def test_home_empty_says_what_a_suite_is_and_offers_two_ready_made_runs(open_pane, qtbot):
    pane = open_pane()
    wanted: list[object] = []
    pane.home.new_requested.disconnect(pane.new_evaluation)
    pane.home.new_requested.connect(lambda preset, suite: wanted.append((preset, suite)))
    for button in (pane.home.quant.button, pane.home.prompt.button, pane.home.new):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert wanted == [
        (Preset.WHICH_QUANT, None), (Preset.BETTER_PROMPT, None), (Preset.NONE, None)
    ]  # fmt: skip
    assert not pane.home.runs.cards
    assert not pane.home.suites.cards


def test_home_run_shows_state_amount_and_best_score(open_pane, finished):
    run = finished()
    card = open_pane().home.runs.cards[run.id]
    assert card.state.text() == "Done"
    assert "12 items of “Even numbers”, version 1 · 2 candidates" in card.facts.whole_text
    assert card.best.whole_text == "Best: Q4_K_M, exact match 100.0 % (75.8 to 100.0)"
    assert not card.bar.isVisible()


def test_home_suite_shows_items_and_when_it_ran_last(open_pane, evals, suite, finished):
    empty = evals.suites.create("Contracts")
    finished()
    cards = open_pane().home.suites.cards
    assert cards[suite.id].facts.whole_text.startswith("12 items · last run Today")
    assert cards[empty.id].facts.whole_text == "0 items · never run"
    assert not cards[empty.id].run_button.isEnabled()


def test_home_paused_run_says_what_is_kept_and_goes_on(open_pane, paused, evals, models, qtbot):
    pane = open_pane()
    card = pane.home.runs.cards[paused.id]
    assert card.open_words.text() == "This run is paused. 1 of 24 answers are kept."
    models.answer = lambda _name, _question: "yes"
    models.gate.set()
    qtbot.mouseClick(card.resume, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: card.state.text() == "Done")
    assert not card.left.isVisible()
    assert evals.run(paused.id).samples == 24


def test_home_interrupted_run_says_that_cairn_ended(open_pane, paused, evals, notices, services):
    from app.evals.store import runs as store

    database = evals._database
    database.write(lambda s: store.change(s, paused.id, state=RunState.INTERRUPTED))
    words = open_pane().home.runs.cards[paused.id].open_words.text()
    assert words == "Cairn ended in the middle of this run. 1 of 24 answers are kept."


def test_home_discarded_run_comes_back_by_undo(open_pane, paused, qtbot):
    pane = open_pane()
    discard = pane.home.runs.cards[paused.id].discard
    qtbot.mouseClick(discard, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: paused.id not in pane.home.runs.cards)
    assert toasts(pane) == ["“Overnight” is deleted."]
    pane.context.notify.notes[0].choice.run()
    qtbot.waitUntil(lambda: paused.id in pane.home.runs.cards)


def test_home_deleted_suite_keeps_its_runs_and_comes_back_by_undo(
    open_pane, suite, finished, qtbot
):
    run = finished()
    pane = open_pane()
    pane.home.suite_delete_requested.emit(suite)
    qtbot.waitUntil(lambda: not pane.home.suites.cards)
    assert run.id in pane.home.runs.cards
    pane.context.notify.notes[0].choice.run()
    qtbot.waitUntil(lambda: suite.id in pane.home.suites.cards)


def test_home_keeps_focus_and_place_while_a_run_goes_on(
    open_pane, evals, suite, finished, models, qtbot
):
    done = finished()
    models.gate.clear()
    run = evals.start(RunPlan(suite.id))
    pane = open_pane()
    pane.home.runs.cards[done.id].setFocus()
    models.gate.set()
    qtbot.waitUntil(lambda: pane.home.runs.cards[run.id].state.text() == "Done", timeout=20000)
    assert pane.home.runs.cards[done.id].hasFocus()


def test_home_run_opens_by_the_keyboard(open_pane, finished, qtbot):
    run = finished()
    pane = open_pane()
    qtbot.keyClick(pane.home.runs.cards[run.id], Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: pane.run_page.run is not None)
    assert pane.run_page.isVisible()


def test_home_run_that_is_worked_on_cannot_be_deleted_and_says_so(
    open_pane, evals, suite, models, qtbot
):
    models.gate.clear()
    run = evals.start(RunPlan(suite.id, name="Right now"))
    pane = open_pane()
    pane.run_actions.delete(run)
    qtbot.waitUntil(lambda: bool(problems(pane)))
    assert problems(pane) == ["“Right now” is being worked on. Pause it first, or wait."]


def test_every_widget_that_takes_the_focus_has_a_name(open_pane, finished, qtbot):
    run = finished()
    pane = open_pane()
    pane.show_run(run.id)
    qtbot.waitUntil(lambda: not pane.is_reading)
    nameless = [
        each
        for each in pane.findChildren(QWidget)
        if focusable(each)
        and not each.accessibleName()
        and not (isinstance(each, QAbstractButton) and each.text())
    ]
    assert [(each, each.parent()) for each in nameless] == []
