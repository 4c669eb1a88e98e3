"""The library pane, driven as a person drives it: typing, clicking, keys, drops."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QPlainTextEdit, QWidget

from app.base.errors import AppError
from app.library.entities import (
    CollectionId,
    ContentHash,
    DocumentId,
    DocumentKind,
    DocumentStatus,
    Place,
    Scope,
)
from app.settings.schema import SearchMode
from app.ui.library.name_sheet import NameSheet
from app.ui.library.pane import LibraryPane
from app.ui.library.refused_bar import RefusedBar
from app.ui.library.rows import Column, Shelf, ShelfKind, StatusFilter
from app.ui.sources.request import SourceRequest
from app.ui.widgets.buttons import Button
from app.ui.widgets.confirm import ConfirmSheet
from app.ui.widgets.info_bar import InfoBar
from tests.ui.library.fakes import FakeLibrary, make_document, make_passage

CONTRACTS = CollectionId(1)
CONTRACTS_SHELF = Shelf(ShelfKind.COLLECTION, CONTRACTS)


def put(library: FakeLibrary, *documents) -> None:
    library.shelf |= {each.id: each for each in documents}


def sheet(pane: LibraryPane, kind):
    return next(each for each in pane.window().findChildren(kind) if each.isVisible())


def titles(pane: LibraryPane) -> list[str]:
    rows = pane.page.rows
    return [rows.document(row).title for row in range(rows.rowCount())]


def problems(pane: LibraryPane) -> list[str]:
    return [bar.text for bar in pane.findChildren(InfoBar) if bar.isVisible()]


def click_row(qtbot, pane: LibraryPane, row: int, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    table = pane.page.table
    place = table.visualRect(table.model().index(row, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, modifier, place)


# Opening.


def test_pane_without_services_shows_neither_documents_nor_an_error(bare_pane):
    assert not problems(bare_pane)
    assert not bare_pane.page.isVisible()


def test_pane_empty_library_offers_to_add_and_hides_what_has_no_use_yet(open_pane):
    pane = open_pane()
    shown = {each.text().strip() for each in pane.findChildren(Button) if each.isVisible()}
    assert shown == {"Add documents", "Add a folder"}
    assert not pane.search_bar.isVisible()


def test_pane_library_that_cannot_be_read_says_so_and_tries_again(open_pane, library, qtbot):
    library.problem = AppError("The database is locked.", "Close the other program.")
    pane = open_pane()
    assert problems(pane) == ["The database is locked. Close the other program."]
    library.problem = None
    put(library, make_document(1))
    next(each for each in pane.findChildren(Button) if each.text() == "Try again").click()
    qtbot.waitUntil(lambda: titles(pane) == ["Document 1"])


def test_pane_documents_are_listed_newest_first(open_pane, library):
    put(library, *(make_document(number) for number in (3, 1, 2)))
    assert titles(open_pane()) == ["Document 1", "Document 2", "Document 3"]


# Changes while it is shown.


def test_pane_progress_keeps_selection_and_scroll(open_pane, library, qtbot):
    put(library, *(make_document(number) for number in range(1, 400)))
    pane = open_pane()
    table = pane.page.table
    table.select([DocumentId(200), DocumentId(201)])
    table.verticalScrollBar().setValue(5000)
    before = pane.page.rows.document(table.rowAt(0)).id
    library.put(make_document(1000), replace(make_document(200), chunks_done=1))
    qtbot.waitUntil(lambda: pane.page.rows.rowCount() == 400)
    assert [each.id for each in pane.page.selected] == [200, 201]
    assert pane.page.rows.document(table.rowAt(0)).id == before


def test_pane_change_of_most_rows_still_keeps_selection_and_scroll(open_pane, library, qtbot):
    put(library, *(make_document(number) for number in range(1, 1000)))
    pane = open_pane()
    pane.page.table.select([DocumentId(501), DocumentId(502)])
    pane.page.table.verticalScrollBar().setValue(20000)
    top = pane.page.rows.document(pane.page.table.rowAt(0)).id
    for number in range(2, 1000, 2):
        if number not in (502, top):
            del library.shelf[DocumentId(number)]
    library.put()
    qtbot.waitUntil(lambda: pane.page.rows.rowCount() < 600)
    assert [each.id for each in pane.page.selected] == [501, 502]
    assert pane.page.rows.document(pane.page.table.rowAt(0)).id == top


def test_pane_at_the_top_shows_what_comes_in_above(open_pane, library, qtbot):
    put(library, *(make_document(number) for number in range(10, 60)))
    pane = open_pane()
    library.put(make_document(1))
    qtbot.waitUntil(lambda: pane.page.rows.rowCount() == 51)
    assert pane.page.table.rowAt(0) == pane.page.rows.row_of(DocumentId(1)) == 0


def test_pane_hidden_reads_the_library_again_only_when_shown(open_pane, library, qtbot):
    put(library, make_document(1))
    pane = open_pane()
    pane.hide()
    library.put(make_document(2))
    QApplication.processEvents()
    assert titles(pane) == ["Document 1"]
    pane.show()
    qtbot.waitUntil(lambda: titles(pane) == ["Document 1", "Document 2"])


def test_pane_removing_the_last_document_shows_the_empty_state(open_pane, library, qtbot):
    put(library, make_document(1))
    pane = open_pane()
    library.shelf.clear()
    library.put()
    qtbot.waitUntil(lambda: not pane.sidebar.isVisible())


# Adding.


def test_pane_add_from_the_file_dialog_queues_the_files(open_pane, library, qtbot, tmp_path):
    pane = open_pane()
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    next(
        each
        for each in pane.findChildren(Button)
        if each.isVisible() and each.text().strip() == "Add documents"
    ).click()
    dialog = pane.findChild(QFileDialog)
    assert dialog.isVisible()
    assert dialog.fileMode() == QFileDialog.FileMode.ExistingFiles
    dialog.filesSelected.emit([str(tmp_path / "a.pdf")])
    dialog.reject()
    qtbot.waitUntil(lambda: titles(pane) == ["a"])
    assert library.calls == [("add", (tmp_path / "a.pdf",), None)]
    assert pane.strip.isVisible()


def test_pane_add_while_a_collection_is_shown_puts_files_into_it(open_pane, library, qtbot):
    put(library, make_document(1, collection_id=CONTRACTS))
    library.groups = {CONTRACTS: "Contracts"}
    pane = open_pane()
    pane.sidebar.choose(CONTRACTS_SHELF)
    assert pane.take_drop([Path("/files/new.pdf")])
    qtbot.waitUntil(lambda: pane.page.rows.rowCount() == 2)
    assert library.calls[-1] == ("add", (Path("/files/new.pdf"),), CONTRACTS)


def test_pane_drop_of_models_is_left_to_the_window(open_pane, library):
    pane = open_pane()
    assert not pane.take_drop([Path("/files/model.GGUF")])
    assert not library.calls


def test_pane_files_given_before_the_services_are_there_are_added_once_they_are(
    bare_pane, open_pane, library, qtbot
):
    assert bare_pane.take_drop([Path("/files/early.pdf")])
    open_pane()
    qtbot.waitUntil(lambda: titles(bare_pane) == ["early"])


def test_pane_refused_files_are_listed_with_their_reasons(open_pane, library, qtbot):
    library.refuse = lambda path: "It is empty." if path.stem == "empty" else ""
    pane = open_pane()
    pane.add([Path("/files/empty.pdf"), Path("/files/good.pdf")])
    qtbot.waitUntil(lambda: len(pane.findChildren(RefusedBar)) == 1)
    bar = pane.findChild(RefusedBar)
    assert bar.lines == ("empty.pdf — It is empty.",)
    qtbot.waitUntil(lambda: titles(pane) == ["good"])
    bar.dismiss()
    qtbot.waitUntil(lambda: not pane.findChildren(RefusedBar))


def test_refused_bar_names_every_file_on_request(open_pane, library, qtbot):
    library.refuse = lambda _path: "Cairn does not read .png."
    pane = open_pane()
    pane.add([Path(f"/files/{number}.png") for number in range(500)])
    qtbot.waitUntil(lambda: len(pane.findChildren(RefusedBar)) == 1)
    bar = pane.findChild(RefusedBar)
    next(each for each in bar.findChildren(Button) if each.text() == "Show every file").click()
    lines = bar.findChild(QPlainTextEdit).toPlainText().splitlines()
    assert len(lines) == 500
    assert lines[499].endswith("499.png: Cairn does not read .png.")


def test_pane_adding_nothing_new_says_so(open_pane, library, qtbot):
    pane = open_pane()
    pane.add([])
    qtbot.waitUntil(lambda: bool(problems(pane)))
    assert not pane.strip.isVisible()


def test_pane_add_that_fails_says_why_and_stops_waiting(open_pane, library, qtbot):
    pane = open_pane()
    library.problem = AppError("There is no room left.", "Free some space.")
    pane.add([Path("/files/a.pdf")])
    qtbot.waitUntil(lambda: problems(pane) == ["There is no room left. Free some space."])
    assert not pane.strip.isVisible()


# Chips, sorting, selection.


def test_chips_show_counts_and_filter(open_pane, library, qtbot):
    failed = make_document(1, status=DocumentStatus.FAILED, reason="It is encrypted.")
    put(library, failed, make_document(2), make_document(3, status=DocumentStatus.QUEUED))
    pane = open_pane()
    chip = pane.page.chips.chip(StatusFilter.FAILED)
    assert chip.text() == "Failed  1"
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert titles(pane) == ["Document 1"]
    assert not pane.page.chips.chip(StatusFilter.CANCELLED).isVisible()


def test_click_on_a_header_sorts_by_it(open_pane, library, qtbot):
    put(library, *(make_document(n, title=f"Part {n}") for n in (10, 9, 1)))
    pane = open_pane()
    header = pane.page.table.horizontalHeader()
    place = QPoint(header.sectionViewportPosition(Column.NAME) + 20, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert titles(pane) == ["Part 1", "Part 9", "Part 10"]


def test_selection_panel_shows_a_failure_in_full(open_pane, library, qtbot):
    reason = "The file ends in the middle. " * 10
    failed = make_document(1, status=DocumentStatus.FAILED, reason=reason, hint="Get it again.")
    put(library, failed)
    pane = open_pane()
    click_row(qtbot, pane, 0)
    panel = pane.page.panel
    words = [each.text() for each in panel.problem.findChildren(QWidget) if hasattr(each, "text")]
    assert words == [reason, "Get it again."]
    assert panel.problem.isVisible()
    assert panel.retry_button.isVisible()
    assert not panel.cancel_button.isVisible()
    assert not panel.ask_button.isEnabled()


def test_selection_of_several_speaks_of_them_together(open_pane, library, qtbot):
    put(library, make_document(1), make_document(2, status=DocumentStatus.READING))
    pane = open_pane()
    click_row(qtbot, pane, 0)
    click_row(qtbot, pane, 1, Qt.KeyboardModifier.ControlModifier)
    assert pane.page.panel.title.whole_text == "2 documents selected"
    assert pane.page.panel.facts.whole_text == "3.0 kB · 1 in progress"
    assert not pane.page.panel.reveal_button.isVisible()


def test_narrow_window_keeps_name_and_status(open_pane, library):
    put(library, make_document(1))
    pane = open_pane()
    pane.resize(760, 500)
    table = pane.page.table
    assert not table.isColumnHidden(Column.NAME)
    assert not table.isColumnHidden(Column.STATUS)
    assert table.isColumnHidden(Column.PAGES)
    pane.resize(1400, 500)
    assert not any(table.isColumnHidden(column) for column in Column)


# Doing something with documents.


def test_delete_key_asks_once_and_says_that_the_file_stays(open_pane, library, qtbot):
    put(library, make_document(1), make_document(2))
    pane = open_pane()
    click_row(qtbot, pane, 0)
    qtbot.keyClick(pane.page.table, Qt.Key.Key_Delete)
    question = sheet(pane, ConfirmSheet)
    words = " ".join(
        each.text() for each in question.findChildren(QWidget) if hasattr(each, "text")
    )
    assert "The file itself stays where it is." in words
    qtbot.keyClick(question.confirm, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: titles(pane) == ["Document 2"])
    assert library.calls == [("remove", (1,))]


def test_delete_key_then_escape_removes_nothing(open_pane, library, qtbot):
    put(library, make_document(1))
    pane = open_pane()
    click_row(qtbot, pane, 0)
    qtbot.keyClick(pane.page.table, Qt.Key.Key_Delete)
    qtbot.keyClick(sheet(pane, ConfirmSheet), Qt.Key.Key_Escape)
    assert not library.calls
    assert [each.id for each in pane.page.selected] == [1]


def test_retry_and_cancel_reach_only_those_they_are_for(open_pane, library, qtbot):
    put(
        library,
        make_document(1, status=DocumentStatus.FAILED),
        make_document(2, status=DocumentStatus.EMBEDDING),
        make_document(3),
    )
    pane = open_pane()
    pane.page.table.selectAll()
    pane.page.panel.cancel_button.click()
    qtbot.waitUntil(lambda: ("cancel", (2,)) in library.calls)
    qtbot.waitUntil(lambda: pane.page.rows.counts()[StatusFilter.CANCELLED] == 1)
    pane.page.panel.retry_button.click()
    qtbot.waitUntil(lambda: ("retry", (1, 2)) in library.calls)


def test_cancel_all_cancels_everything_that_is_pending(open_pane, library, qtbot):
    put(
        library, *(make_document(n, status=DocumentStatus.QUEUED) for n in (1, 2)), make_document(3)
    )
    pane = open_pane()
    assert pane.strip.words.whole_text == "Indexing 1 of 2 documents"
    qtbot.mouseClick(pane.strip.cancel_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not pane.strip.isVisible())
    assert pane.page.rows.counts()[StatusFilter.CANCELLED] == 2


def test_action_that_fails_says_why_in_the_pane(open_pane, library, qtbot):
    put(library, make_document(1, status=DocumentStatus.FAILED))
    pane = open_pane()
    click_row(qtbot, pane, 0)
    library.problem = AppError("The disk is full.")
    pane.page.panel.retry_button.click()
    qtbot.waitUntil(lambda: problems(pane) == ["The disk is full."])


def test_ask_about_the_selection_emits_their_ids(open_pane, library, qtbot):
    put(library, make_document(1), make_document(2))
    pane = open_pane()
    pane.page.table.selectAll()
    with qtbot.waitSignal(pane.ask_requested) as asked:
        pane.page.panel.ask_button.click()
    assert asked.args == [(1, 2)]


def test_enter_on_an_indexed_document_opens_it_at_its_start(open_pane, library, qtbot):
    put(library, make_document(1))
    pane = open_pane()
    click_row(qtbot, pane, 0)
    with qtbot.waitSignal(pane.source_requested) as wanted:
        qtbot.keyClick(pane.page.table, Qt.Key.Key_Return)
    document = make_document(1)
    assert wanted.args == [
        SourceRequest(
            "Document 1",
            document.path,
            DocumentKind.PDF,
            ContentHash(f"{1:064x}"),
            Place(0, 0, 0, 1),
        )
    ]


def test_double_click_on_an_unread_document_opens_nothing(open_pane, library, qtbot):
    put(library, make_document(1, status=DocumentStatus.QUEUED, content=None, kind=None))
    pane = open_pane()
    place = pane.page.table.visualRect(pane.page.rows.index(0, 0)).center()
    with qtbot.assertNotEmitted(pane.source_requested):
        qtbot.mouseDClick(pane.page.table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_show_in_folder_of_a_folder_that_is_gone_says_so(open_pane, library, qtbot):
    put(library, make_document(1, path=Path("/nowhere/at/all/a.pdf")))
    pane = open_pane()
    click_row(qtbot, pane, 0)
    pane.page.panel.reveal_button.click()
    qtbot.waitUntil(lambda: "is not there any more" in "".join(problems(pane)))


def test_context_menu_offers_what_fits_the_selection(open_pane, library, qtbot):
    put(library, make_document(1, status=DocumentStatus.FAILED))
    pane = open_pane()
    click_row(qtbot, pane, 0)
    menu = pane.page.make_menu()
    offered = [each.text() for each in menu.actions() if each.isVisible() and each.isEnabled()]
    assert [each for each in offered if each] == [
        "Show in folder", "Retry", "Move to", "Remove from library…", "Select all", "Sort by",
    ]  # fmt: skip
    menu.deleteLater()


# Collections.


def test_new_collection_is_made_named_and_chosen(open_pane, library, qtbot):
    put(library, make_document(1))
    pane = open_pane()
    qtbot.mouseClick(pane.sidebar.create_button, Qt.MouseButton.LeftButton)
    question = sheet(pane, NameSheet)
    assert not question.confirm_button.isEnabled()
    qtbot.keyClicks(question.findChild(QLineEdit), "  Contracts ")
    qtbot.keyClick(question.findChild(QLineEdit), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: pane.sidebar.shelf == CONTRACTS_SHELF)
    assert pane.sidebar.shelf_title == "Contracts"
    assert pane.search_bar.field.placeholderText() == "Search in “Contracts”"
    assert titles(pane) == []


def test_collection_name_that_is_taken_keeps_the_sheet_open_with_the_reason(
    open_pane, library, qtbot
):
    put(library, make_document(1))
    library.groups = {CONTRACTS: "Contracts"}
    pane = open_pane()
    pane.sidebar.create_button.click()
    question = sheet(pane, NameSheet)
    qtbot.keyClicks(question.field, "Contracts")
    question.confirm_button.click()
    qtbot.waitUntil(question.problem.isVisible)
    assert "already" in question.problem.text()
    qtbot.keyClicks(question.field, " 2")
    assert not question.problem.isVisible()
    question.confirm_button.click()
    qtbot.waitUntil(lambda: library.groups.get(CollectionId(2)) == "Contracts 2")


def test_move_to_a_new_collection_moves_the_selection_into_it(open_pane, library, qtbot):
    put(library, make_document(1), make_document(2))
    pane = open_pane()
    click_row(qtbot, pane, 0)
    menu = pane.page.make_move_menu()
    menu.actions()[-1].trigger()
    question = sheet(pane, NameSheet)
    question.field.setText("Leases")
    question.confirm_button.click()
    qtbot.waitUntil(lambda: pane.sidebar.shelf_title == "Leases")
    assert titles(pane) == ["Document 1"]
    menu.deleteLater()


def test_move_menu_moves_and_takes_out(open_pane, library, qtbot):
    put(library, make_document(1, collection_id=CONTRACTS))
    library.groups = {CONTRACTS: "A & B", CollectionId(2): "Leases"}
    pane = open_pane()
    click_row(qtbot, pane, 0)
    menu = pane.page.make_move_menu()
    texts = [each.text() for each in menu.actions() if each.text()]
    assert texts == ["A && B", "Leases", "Take out of its collection", "New collection…"]
    assert not menu.actions()[0].isEnabled()
    menu.actions()[1].trigger()
    qtbot.waitUntil(lambda: library.calls == [("move", (1,), CollectionId(2))])
    menu.deleteLater()


def test_f2_renames_and_delete_removes_the_chosen_collection(open_pane, library, qtbot):
    put(library, make_document(1, collection_id=CONTRACTS))
    library.groups = {CONTRACTS: "Contracts"}
    pane = open_pane()
    pane.sidebar.choose(CONTRACTS_SHELF)
    qtbot.keyClick(pane.sidebar.list, Qt.Key.Key_F2)
    rename = sheet(pane, NameSheet)
    assert rename.field.text() == "Contracts"
    rename.field.setText("Leases")
    rename.confirm_button.click()
    qtbot.waitUntil(lambda: pane.sidebar.shelf_title == "Leases")
    qtbot.waitUntil(lambda: not pane.window().findChildren(NameSheet))
    qtbot.keyClick(pane.sidebar.list, Qt.Key.Key_Delete)
    sheet(pane, ConfirmSheet).confirm.click()
    qtbot.waitUntil(lambda: pane.sidebar.shelf_title == "All documents")
    assert titles(pane) == ["Document 1"]


def test_arrow_keys_in_the_sidebar_choose_a_shelf(open_pane, library, qtbot):
    put(library, make_document(1, collection_id=CONTRACTS), make_document(2))
    library.groups = {CONTRACTS: "Contracts"}
    pane = open_pane()
    qtbot.keyClick(pane.sidebar.list, Qt.Key.Key_End)
    assert titles(pane) == ["Document 1"]
    qtbot.keyClick(pane.sidebar.list, Qt.Key.Key_Home)
    assert titles(pane) == ["Document 1", "Document 2"]


def test_documents_dragged_onto_a_collection_are_moved(open_pane, library, qtbot):
    put(library, make_document(1))
    library.groups = {CONTRACTS: "Contracts"}
    pane = open_pane()
    shelves = pane.sidebar.list
    row = pane.sidebar.rows.row_of(CONTRACTS_SHELF)
    drop(pane.page.rows.mimeData([pane.page.rows.index(0, 0)]), shelves, row)
    qtbot.waitUntil(lambda: library.calls == [("move", (1,), CONTRACTS)])


def drop(data: QMimeData, view, row: int) -> None:
    target, place = view.viewport(), view.visualRect(view.model().index(row, 0)).center()
    action, button = Qt.DropAction.MoveAction, Qt.MouseButton.LeftButton
    keys = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(target, QDragEnterEvent(place, action, data, button, keys))
    QApplication.sendEvent(target, QDragMoveEvent(place, action, data, button, keys))
    drop_event = QDropEvent(QPointF(place), action, data, button, keys, QEvent.Type.Drop)
    QApplication.sendEvent(target, drop_event)


# Searching.


def test_typing_searches_after_a_pause_and_shows_passages(open_pane, library, qtbot):
    put(library, make_document(1))
    library.passages = (make_passage(make_document(1), "The notice period is three months."),)
    pane = open_pane()
    qtbot.keyClicks(pane.search_bar.field, "notice")
    qtbot.waitUntil(lambda: pane.results.passages.model().rowCount() == 1)
    assert library.calls == [("retrieve", "notice", Scope(), SearchMode.HYBRID)]
    assert pane.results.summary.whole_text == "1 passage for “notice” in all documents"


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


# Access.


def test_everything_that_takes_the_focus_has_a_name(open_pane, library):
    put(library, make_document(1, status=DocumentStatus.FAILED, reason="x", hint="y"))
    library.groups = {CONTRACTS: "Contracts"}
    pane = open_pane()
    pane.page.table.selectAll()
    unnamed = [
        widget
        for widget in pane.findChildren(QWidget)
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and widget.isVisible()
        and not QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)
        and not isinstance(widget.parent(), QLineEdit)
    ]
    assert unnamed == []


def test_actions_run_without_services_and_do_no_harm(bare_pane):
    for spec in bare_pane.actions_offered():
        spec.run()
    assert bare_pane.findChild(QFileDialog) is None


def test_search_action_goes_to_the_field(open_pane, library):
    put(library, make_document(1))
    pane = open_pane()
    next(spec for spec in pane.actions_offered() if spec.id == "library.search").run()
    assert pane.search_bar.field.hasFocus()


def test_small_window_is_not_pushed_wider_by_a_failed_selection(open_pane, library, qtbot):
    failed = make_document(1, status=DocumentStatus.FAILED, reason="It is encrypted.", hint="Ask.")
    put(library, failed)
    pane = open_pane()
    pane.resize(620, 480)
    click_row(qtbot, pane, 0)
    qtbot.waitUntil(pane.page.panel.isVisible)
    assert pane.width() == 620
    assert not pane.sidebar.isVisible()
    edge = pane.page.panel.remove_button
    assert edge.mapTo(pane, edge.rect().bottomRight()).x() <= 620
    pane.resize(1000, 600)
    assert pane.sidebar.isVisible()
