"""The matrix of a run: filters, details, differences."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from app.base.errors import AppError
from app.evals.runs.entities import RunPlan
from app.ui.evals.matrix.filter import ALL, FAILURES, FLIPS, PROBLEMS, UNSCORED
from app.ui.evals.sent_sheet import SentSheet
from tests.ui.evals.conftest import EXACT, WAIT_S
from tests.ui.evals.doubles import item
from tests.ui.evals.driving import cell, choose, keys, open_items, sheet

ODD = ["q-01", "q-03", "q-05", "q-07", "q-09", "q-11"]


def test_cell_shows_first_words_and_how_it_did(open_pane, finished, qtbot):
    page = open_items(qtbot, open_pane(), finished().id)
    assert len(keys(page)) == 12
    assert cell(page, 0, 0).startswith("failed, ")
    assert cell(page, 0, 0).endswith(", yes")
    assert cell(page, 0, 1).startswith("passed, ")


def test_cells_begin_where_the_items_end_at_every_width(open_pane, finished, qtbot):
    page = open_items(qtbot, pane := open_pane(), finished().id)
    for width in (600, 1204):
        pane.window().resize(width, 840)
        qtbot.waitUntil(lambda wide=width: pane.width() == wide)
        table = page.table
        assert table.viewport().x() == table.verticalHeader().geometry().right() + 1


def test_failures_of_one_candidate(open_pane, finished, qtbot):
    page = open_items(qtbot, pane := open_pane(), finished().id)
    choose(qtbot, pane, page.filter.kind, FAILURES)
    assert keys(page) == ODD
    choose(qtbot, pane, page.filter.candidate, 1)
    assert page.nothing.isVisible()
    page.filter.clear()
    qtbot.waitUntil(lambda: len(keys(page)) == 12)


def test_flips_between_two_candidates(open_pane, finished, qtbot):
    page = open_items(qtbot, pane := open_pane(), finished().id)
    choose(qtbot, pane, page.filter.kind, FLIPS)
    assert keys(page) == ODD
    choose(qtbot, pane, page.filter.other, 0)
    assert keys(page) == []


def test_text_and_tag_narrow_down(open_pane, finished, qtbot):
    page = open_items(qtbot, pane := open_pane(), finished().id)
    qtbot.keyClicks(page.filter.search, "Question 1")
    qtbot.waitUntil(lambda: keys(page) == ["q-01", "q-10", "q-11", "q-12"])
    choose(qtbot, pane, page.filter.tag, "even")
    assert keys(page) == ["q-10", "q-12"]
    assert page.filter.count.text() == "2 items"


def test_unscored_and_unanswered(open_pane, evals, models, qtbot):
    def answer(_name: str, question: str) -> str:
        if "broken" in question:
            raise AppError("The prompt has too many tokens.")
        return "yes"

    models.answer = answer
    items = (item("fine", "Fine?", "yes"), item("open", "Open?"), item("broken", "broken", "yes"))
    suite = evals.suites.create("Three", items, metrics=(EXACT,))
    run = evals.start(RunPlan(suite.id))
    assert evals.wait(run.id, WAIT_S)
    page = open_items(qtbot, pane := open_pane(), run.id)
    assert cell(page, 1, 0).startswith("unscored")
    assert cell(page, 2, 0).startswith("no answer")
    assert "too many tokens" in cell(page, 2, 0)
    choose(qtbot, pane, page.filter.kind, UNSCORED)
    assert keys(page) == ["open", "broken"]
    choose(qtbot, pane, page.filter.kind, PROBLEMS)
    assert keys(page) == ["broken"]


def test_details_show_input_target_answers_scores_and_times(open_pane, finished, qtbot):
    page = open_items(qtbot, open_pane(), finished().id)
    place = page.table.visualRect(page.items.index(2, 0)).center()
    qtbot.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    details = page.details
    assert details.isVisible()
    assert details.title.whole_text == "Item 3: q-03"
    assert "Question 3: is 3 even?" in details.item.toPlainText()
    assert "no" in details.item.toPlainText().splitlines()
    first, second = (each.page.toPlainText() for each in details.columns)
    assert first.startswith("yes\n")
    assert "exact match: 0.0 %" in first
    assert "“yes” is not “no”." in first
    assert "first token after" in first
    assert "exact match: 100.0 %" in second


def test_differences_between_two_answers(open_pane, finished, context, qtbot):
    page = open_items(qtbot, open_pane(), finished().id)
    page.table.setCurrentIndex(page.items.index(0, 0))
    qtbot.mouseClick(page.details.differences, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "yesno" in page.details.diff.toPlainText())
    page.table.setCurrentIndex(page.items.index(1, 0))
    assert page.details.diff.toPlainText() == "The two answers are the same."


def test_what_was_sent(open_pane, finished, qtbot):
    page = open_items(qtbot, pane := open_pane(), finished().id)
    page.table.setCurrentIndex(page.items.index(3, 1))
    qtbot.mouseClick(page.details.columns[1].sent, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: any(each.isVisible() for each in pane.findChildren(SentSheet)))
    assert "Question 4: is 4 even?" in sheet(pane, SentSheet).page.toPlainText()


def test_arrows_move_and_enter_opens(open_pane, finished, qtbot):
    page = open_items(qtbot, open_pane(), finished().id)
    page.table.setFocus()
    qtbot.keyClick(page.table, Qt.Key.Key_Down)
    qtbot.keyClick(page.table, Qt.Key.Key_Down)
    at = page.table.currentIndex().row()
    assert page.details.title.whole_text == f"Item {at + 1}: {keys(page)[at]}"
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    assert page.details.item.hasFocus()


def test_place_and_selection_stay_while_scores_come_in(open_pane, finished, evals, qtbot):
    run = finished()
    page = open_items(qtbot, open_pane(1204, 480), run.id)
    page.table.setCurrentIndex(page.items.index(9, 1))
    page.table.verticalScrollBar().setValue(300)
    before = page.table.verticalScrollBar().value()
    evals.score(run.id, ({"metric": "contains"},))
    assert evals.wait(run.id, WAIT_S)
    answer = page.details.columns[1].page
    qtbot.waitUntil(lambda: "contains: 100.0 %" in answer.toPlainText())
    assert page.table.verticalScrollBar().value() == before
    assert (page.table.currentIndex().row(), page.table.currentIndex().column()) == (9, 1)


@pytest.mark.parametrize("kind", [ALL, FAILURES])
def test_filter_of_another_run_starts_anew(open_pane, finished, kind, qtbot):
    first, second = finished(), finished()
    page = open_items(qtbot, pane := open_pane(), first.id)
    choose(qtbot, pane, page.filter.kind, kind)
    pane.show_home()
    page = open_items(qtbot, pane, second.id)
    assert page.filter.kind.currentData() == ALL
    assert len(keys(page)) == 12
