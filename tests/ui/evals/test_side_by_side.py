"""A model judges two candidates side by side, from the sheet to the reasons of each item."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt

from app.evals.judging.rubric import FOLLOWS
from app.evals.runs.entities import Run, RunId, RunPlan, RunState
from app.ui.evals.judging_sheet import JudgingSheet
from app.ui.widgets.confirm import ConfirmSheet
from tests.ui.evals.conftest import WAIT_S
from tests.ui.evals.doubles import item
from tests.ui.evals.driving import choose_judge, open_items, open_run, sheet

JUDGE = {"model": "Qwen3 32B"}


def opinion(task: str, one: str, _other: str) -> str:
    """Prefers “no”; of question 3 whatever comes first, and of question 5 it cannot tell."""
    if "Question 3:" in task:
        return "A"
    if "Question 5:" in task:
        return ""
    return "A" if one == "no" else "B"


@pytest.fixture
def judged(evals, finished, judges) -> Callable[..., RunId]:
    """A run whose two candidates were compared by a model of their own family."""

    def judge() -> RunId:
        judges.opinion = opinion
        run: Run = finished()
        evals.judge_pairs(run.id, 0, 1, JUDGE)
        assert evals.wait(run.id, WAIT_S)
        return run.id

    return judge


def card(page):
    (only,) = page.summary.side_by_side.pairs.cards.values()
    return only


def test_model_judges_the_chosen_pair_by_the_chosen_rubric(open_pane, finished, judges, qtbot):
    judges.opinion = opinion
    page = open_run(qtbot, pane := open_pane(), finished().id)
    qtbot.mouseClick(page.summary.side_by_side.judge, Qt.MouseButton.LeftButton)
    asking = sheet(pane, JudgingSheet)
    assert (asking.one.currentText(), asking.other.currentText()) == ("Q8_0", "Q4_K_M")
    qtbot.waitUntil(lambda: asking.form.judge is not None)
    assert not asking.confirm.isEnabled()
    assert "No model is in use: choose which one judges." in asking.effort.text()
    choose_judge(asking, "Qwen3 32B · Q4_K_M", FOLLOWS.name)
    assert asking.effort.text().startswith("Up to 24 requests")
    qtbot.mouseClick(asking.confirm, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(page.summary.side_by_side.pairs.cards) == 1)
    qtbot.waitUntil(lambda: page.header.state.text() == "Done" and not page.is_busy)
    assert not pane.window().findChildren(JudgingSheet)
    found = card(page)
    assert found.title.whole_text == "Q8_0 against Q4_K_M"
    assert found.judge.text() == (
        "Judged by Qwen3 32B, by the rubric “Follows the instruction” · 12 pairs, each shown in "
        "both orders"
    )


def test_candidates_cannot_be_compared_with_themselves(open_pane, finished, qtbot):
    page = open_run(qtbot, pane := open_pane(), finished().id)
    page.header.judge_wanted.emit()
    asking = sheet(pane, JudgingSheet)
    asking.one.setCurrentIndex(1)
    assert [asking.other.itemText(at) for at in range(asking.other.count())] == ["Q8_0"]


def test_judge_on_a_server_says_where_answers_go(open_pane, finished, qtbot):
    page = open_run(qtbot, pane := open_pane(), finished().id)
    page.header.judge_wanted.emit()
    asking = sheet(pane, JudgingSheet)
    qtbot.waitUntil(lambda: asking.form.judge is not None)
    choose_judge(asking, "Office")
    assert asking.effort.text().endswith("The items and the answers are sent to 10.0.0.7:8000.")


def test_results_say_who_wins_and_what_makes_them_doubtful(open_pane, judged, qtbot):
    page = open_run(qtbot, open_pane(), judged())
    found = card(page)
    assert found.count_words == (
        "0 Q8_0 is better",
        "4 Q4_K_M is better",
        "6 As good as each other",
        "1 The judge changed its mind when the order was swapped",
        "1 Could not be judged",
    )
    said = "No difference could be seen: “Q4_K_M” wins 70.0 % (95 % interval "
    assert found.sentence.text().startswith(said)
    assert found.counting.text().endswith("Be careful: too few items.")
    assert found.cause.text() == (
        "The commonest reason for not judging: The judge did not answer in the form that was asked "
        "for."
    )
    assert "of one family (qwen)" in found.warnings[0]


def test_item_shows_the_reason_of_each_order(open_pane, judged, qtbot):
    page = open_items(qtbot, open_pane(), judged())
    for position, words in (
        (2, "The judge changed its mind when the order was swapped"),
        (0, "Q4_K_M is better"),
    ):
        page.table.setCurrentIndex(page.items.index(position, 0))
        qtbot.waitUntil(lambda words=words: words in page.details.judged.toPlainText())
    text = page.details.judged.toPlainText()
    assert page.details.judged.isVisible()
    assert "With Q8_0 as answer A and Q4_K_M as B: A says yes, B says no." in text
    assert "With Q4_K_M as answer A and Q8_0 as B: A says no, B says yes." in text


def test_verdicts_are_removed_once_that_is_confirmed(open_pane, evals, judged, qtbot):
    run_id = judged()
    page = open_run(qtbot, pane := open_pane(), run_id)
    qtbot.mouseClick(card(page).remove, Qt.MouseButton.LeftButton)
    assert evals.run(run_id).pairings
    qtbot.mouseClick(sheet(pane, ConfirmSheet).confirm, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(page.summary.side_by_side.nothing.isVisible)
    assert not evals.run(run_id).pairings


def test_judging_shows_how_far_it_is_and_goes_on_after_a_pause(
    open_pane, evals, finished, judges, models, qtbot, monkeypatch
):
    run, paused, pause = finished(), threading.Event(), evals.pause
    held: list[str] = []

    def told(run_id: RunId) -> None:
        pause(run_id)
        paused.set()

    monkeypatch.setattr(evals, "pause", told)

    def slow(task: str, one: str, other: str) -> str:
        if "Question 7:" in task and not held:  # it is asked in the other order too
            held.append(task)
            models.gate.clear()
            models.gate.wait(WAIT_S)
        return opinion(task, one, other)

    judges.opinion = slow
    evals.judge_pairs(run.id, 0, 1, JUDGE)
    qtbot.waitUntil(lambda: not models.gate.is_set())
    page = open_run(qtbot, open_pane(), run.id)
    assert page.summary.progress.words.text().startswith("Judging side by side: 6 pairs left")
    assert not page.summary.side_by_side.judge.isEnabled()
    qtbot.mouseClick(page.header.pause, Qt.MouseButton.LeftButton)
    assert paused.wait(WAIT_S)  # a thread does it; the judge must not be done before
    models.gate.set()
    assert evals.wait(run.id, WAIT_S)
    qtbot.waitUntil(lambda: "not judged side by side yet" in page.open_words.text())
    judges.opinion = opinion
    qtbot.mouseClick(page.header.resume, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.header.state.text() == "Done" and not page.open_words.text())
    assert evals.run(run.id).state is RunState.DONE


def test_run_of_one_candidate_offers_no_judge(open_pane, evals, suite, models, qtbot):
    models.names = models.names[:1]
    run = evals.start(RunPlan(suite.id))
    assert evals.wait(run.id, WAIT_S)
    page = open_run(qtbot, open_pane(), run.id)
    assert not page.summary.side_by_side.isVisible()
    judge = next(each for each in page.header.make_menu().actions() if "judge" in each.text())
    assert not judge.isEnabled()


def test_one_is_compared_with_each_of_the_others(open_pane, evals, suite, models, qtbot):
    models.names = (*models.names, "Qwen3 8B Q2_K")
    run = evals.start(RunPlan(suite.id))
    assert evals.wait(run.id, WAIT_S)
    page = open_run(qtbot, pane := open_pane(), run.id)
    page.header.judge_wanted.emit()
    asking = sheet(pane, JudgingSheet)
    assert asking.other.currentText() == "Each of the others"
    qtbot.waitUntil(lambda: asking.form.judge is not None)
    choose_judge(asking, "Gemma 3 12B · Q4_K_M")
    qtbot.mouseClick(asking.confirm, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(page.summary.side_by_side.pairs.cards) == 2)
    assert evals.wait(run.id, WAIT_S)


def test_reason_of_a_judge_is_shown_as_plain_text(open_pane, evals, judges, models, qtbot):
    suite = evals.suites.create("Tags", (item("t", "Say it."),))
    models.answer = lambda name, _question: f"<b>{name[-1]}</b>"
    run = evals.start(RunPlan(suite.id, metrics=({"metric": "json_valid"},)))
    assert evals.wait(run.id, WAIT_S)
    evals.judge_pairs(run.id, 0, 1, {"model": "Gemma 3 12B"})
    assert evals.wait(run.id, WAIT_S)
    page = open_items(qtbot, open_pane(), run.id)
    page.table.setCurrentIndex(page.items.index(0, 0))
    qtbot.waitUntil(lambda: "A says <b>0</b>" in page.details.judged.toPlainText())
