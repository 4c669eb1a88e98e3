"""The library pane: filtering, sorting, and doing something with documents."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget

from app.base.errors import AppError
from app.library.entities import (
    ContentHash,
    DocumentKind,
    DocumentStatus,
    Place,
)
from app.ui.library.rows import Column, StatusFilter
from app.ui.sources.request import SourceRequest
from app.ui.widgets.confirm import ConfirmSheet
from tests.ui.library.driving import (
    click_row,
    problems,
    put,
    sheet,
    titles,
)
from tests.ui.library.fakes import make_document


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


def test_document_read_in_part_says_what_is_missing(open_pane, library, qtbot):
    reason = "2 of 5 pages are pictures of text and cannot be searched."
    put(library, make_document(1, status=DocumentStatus.INDEXED, reason=reason))
    pane = open_pane()
    click_row(qtbot, pane, 0)
    panel = pane.page.panel
    words = [each.text() for each in panel.partial.findChildren(QWidget) if hasattr(each, "text")]
    assert words[0] == reason
    assert panel.partial.isVisible()
    assert not panel.problem.isVisible()
    assert "Indexed in part" in panel.facts.whole_text


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
