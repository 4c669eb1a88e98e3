"""The library pane: opening, changes while it is shown, adding, access."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QPlainTextEdit, QWidget

from app.base.errors import AppError
from app.library.entities import (
    DocumentId,
    DocumentStatus,
)
from app.ui.library.refused_bar import RefusedBar
from app.ui.widgets.buttons import Button
from tests.ui.library.driving import (
    CONTRACTS,
    CONTRACTS_SHELF,
    click_row,
    problems,
    put,
    titles,
)
from tests.ui.library.fakes import make_document


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
    qtbot.waitUntil(lambda: not pane.strip.isVisible())


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
