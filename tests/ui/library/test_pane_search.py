"""The library pane: searching."""

from __future__ import annotations

import threading

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from app.base.errors import AppError
from app.library.entities import (
    DocumentStatus,
    Scope,
)
from app.settings.schema import SearchMode
from app.ui.widgets.buttons import Button
from tests.ui.library.driving import (
    CONTRACTS,
    CONTRACTS_SHELF,
    problems,
    put,
)
from tests.ui.library.fakes import make_document, make_passage


def test_typing_searches_after_a_pause_and_shows_passages(open_pane, library, qtbot):
    put(library, make_document(1))
    library.passages = (make_passage(make_document(1), "The notice period is three months."),)
    pane = open_pane()
    qtbot.keyClicks(pane.search_bar.field, "notice")
    qtbot.waitUntil(lambda: pane.results.passages.model().rowCount() == 1)
    assert library.calls == [("retrieve", "notice", Scope(), SearchMode.HYBRID)]
    assert pane.results.summary.whole_text == "1 passage for “notice” in all documents"


def test_several_passages_are_said_to_be_in_order(open_pane, library, qtbot):
    put(library, make_document(1))
    texts = ("The notice period is three months.", "Notice must be given in writing.")
    library.passages = tuple(make_passage(make_document(1), text) for text in texts)
    pane = open_pane()
    qtbot.keyClicks(pane.search_bar.field, "notice")
    qtbot.waitUntil(lambda: pane.results.passages.model().rowCount() == 2)
    said = "2 passages for “notice” in all documents, closest first"
    assert pane.results.summary.whole_text == said


def test_enter_searches_at_once_and_down_goes_to_the_first_passage(open_pane, library, qtbot):
    put(library, make_document(1))
    passage = make_passage(make_document(1), "The notice period is three months.")
    library.passages = (passage,)
    pane = open_pane()
    pane.search_bar.field.setText("notice")
    qtbot.keyClick(pane.search_bar.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: pane.results.passages.model().rowCount() == 1)
    qtbot.keyClick(pane.search_bar.field, Qt.Key.Key_Down)
    with qtbot.waitSignal(pane.source_requested) as wanted:
        qtbot.keyClick(pane.results.passages, Qt.Key.Key_Return)
    request = wanted.args[0]
    assert (request.place, request.quote) == (passage.place, passage.text)


def test_search_in_a_collection_asks_only_there_and_follows_the_choice(open_pane, library, qtbot):
    put(library, make_document(1, collection_id=CONTRACTS))
    library.groups = {CONTRACTS: "Contracts"}
    pane = open_pane()
    pane.search_bar.field.setText("notice")
    qtbot.keyClick(pane.search_bar.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: pane.results.found_nothing)
    pane.sidebar.choose(CONTRACTS_SHELF)
    qtbot.waitUntil(lambda: len(library.calls) == 2)
    assert library.calls[1] == (
        "retrieve", "notice", Scope(collections=(CONTRACTS,)), SearchMode.HYBRID,
    )  # fmt: skip


def test_mode_choice_searches_again_and_a_miss_offers_another_mode(open_pane, library, qtbot):
    put(library, make_document(1))
    pane = open_pane()
    pane.search_bar.field.setText("notice")
    choice = pane.search_bar.mode_choice
    choice.setCurrentIndex(choice.findText("Words only"))
    choice.activated.emit(choice.currentIndex())
    qtbot.waitUntil(lambda: pane.results.found_nothing)
    assert library.calls[-1][3] == "keyword"
    offer = next(each for each in pane.results.findChildren(Button) if each.isVisible())
    assert offer.text() == "Search by meaning"
    offer.click()
    qtbot.waitUntil(lambda: library.calls[-1][3] == "dense")
    assert pane.search_bar.mode == "dense"


def test_hybrid_miss_offers_no_other_mode_and_tells_what_is_still_being_read(
    open_pane, library, qtbot
):
    put(library, make_document(1), make_document(2, status=DocumentStatus.QUEUED))
    pane = open_pane()
    pane.search_bar.field.setText("notice")
    qtbot.waitUntil(lambda: pane.results.found_nothing)
    assert not [each for each in pane.results.findChildren(Button) if each.isVisible()]
    words = " ".join(
        each.text() for each in pane.results.findChildren(QWidget) if hasattr(each, "text")
    )
    assert "1 document is still being read." in words


def test_slow_search_that_was_overtaken_is_not_shown(open_pane, library, qtbot):
    put(library, make_document(1))
    library.passages = (make_passage(make_document(1), "text"),)
    gate, passed = threading.Event(), threading.Event()

    def hold(cancel) -> None:
        if library.calls[-1][1] == "first":
            gate.wait(5)
            passed.set()

    library.before_search = hold
    pane = open_pane()
    for text in ("first", "second"):
        pane.search_bar.field.setText(text)
        qtbot.keyClick(pane.search_bar.field, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda text=text: bool(library.calls) and library.calls[-1][1] == text)
    qtbot.waitUntil(lambda: "second" in pane.results.summary.whole_text)
    gate.set()
    assert passed.wait(5)
    QApplication.processEvents()
    assert "second" in pane.results.summary.whole_text


def test_escape_empties_the_search_and_shows_the_documents_again(open_pane, library, qtbot):
    put(library, make_document(1))
    pane = open_pane()
    pane.search_bar.field.setText("notice")
    qtbot.waitUntil(pane.results.isVisible)
    qtbot.keyClick(pane.search_bar.field, Qt.Key.Key_Escape)
    assert pane.page.isVisible()
    assert pane.search_bar.text == ""


def test_search_that_fails_says_why_and_stops_waiting(open_pane, library, qtbot):
    put(library, make_document(1))
    pane = open_pane()
    library.problem = AppError("The index is damaged.", "Rebuild it.")
    pane.search_bar.field.setText("notice")
    qtbot.waitUntil(lambda: problems(pane) == ["The index is damaged. Rebuild it."])
    assert not pane.results.progress.isVisible()


def test_passage_cards_grow_when_the_window_gets_narrow(open_pane, library, qtbot):
    put(library, make_document(1))
    library.passages = (make_passage(make_document(1), "Some longer words. " * 15),)
    pane = open_pane()
    pane.search_bar.field.setText("words")
    view = pane.results.passages
    qtbot.waitUntil(lambda: view.model().rowCount() == 1)
    wide = view.visualRect(view.model().index(0, 0)).height()
    pane.resize(700, 600)
    qtbot.waitUntil(lambda: view.visualRect(view.model().index(0, 0)).height() > wide)
