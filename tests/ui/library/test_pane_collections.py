"""The library pane: collections."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLineEdit

from app.library.entities import (
    CollectionId,
)
from app.ui.library.name_sheet import NameSheet
from app.ui.widgets.confirm import ConfirmSheet
from tests.ui.library.driving import (
    CONTRACTS,
    CONTRACTS_SHELF,
    click_row,
    put,
    sheet,
    titles,
)
from tests.ui.library.fakes import make_document


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
