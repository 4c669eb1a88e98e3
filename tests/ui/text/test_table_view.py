from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextTable
from PySide6.QtWidgets import QTextBrowser

from app.ui.text.markdown import Table, parse
from app.ui.text.prose import ProseStyle
from app.ui.text.table_view import COLLAPSED_ROWS, TableView
from tests.ui.text.finding import button, child


def table(text: str) -> Table:
    (block,) = parse(text)
    assert isinstance(block, Table)
    return block


def rows(count: int, columns: int = 2) -> Table:
    line = "|" + "|".join("cell" for _column in range(columns)) + "|"
    rule = "|" + "|".join("---" for _column in range(columns)) + "|"
    return table("\n".join([line, rule, *[line] * count]))


def grid(view: TableView) -> QTextTable:
    frames = child(view, QTextBrowser).document().rootFrame().childFrames()
    (found,) = [frame for frame in frames if isinstance(frame, QTextTable)]
    return found


def make(qtbot, style: ProseStyle, shown: Table, width: int = 500) -> TableView:
    view = TableView(shown, style, {1: "A.pdf, page 1"})
    qtbot.addWidget(view)
    view.fit(width)
    view.show()
    return view


def test_table_has_a_header_and_its_rows(qtbot, style: ProseStyle) -> None:
    view = make(qtbot, style, table("| a | b |\n|---|--:|\n| 1 | **2** |"))
    assert (grid(view).rows(), grid(view).columns()) == (2, 2)
    cell = grid(view).cellAt(1, 1)
    assert cell.firstCursorPosition().block().text() == "2"
    alignment = cell.firstCursorPosition().blockFormat().alignment()
    assert alignment & Qt.AlignmentFlag.AlignRight


@pytest.mark.parametrize("text", ["| a | b |\n|---|---|\n| 1 |", "| a |\n|---|\n| 1 | 2 | 3 |"])
def test_table_with_too_few_or_too_many_cells_is_shown(qtbot, style: ProseStyle, text: str) -> None:
    view = make(qtbot, style, table(text))
    assert grid(view).rows() == 2


def test_table_long_is_folded_until_asked(qtbot, style: ProseStyle) -> None:
    view = make(qtbot, style, rows(120))
    assert grid(view).rows() == 1 + COLLAPSED_ROWS
    more = button(view, "Show all")
    assert more.text() == "Show all 120 rows"
    low = view.height()
    with qtbot.waitSignal(view.reshaped):
        qtbot.mouseClick(more, Qt.MouseButton.LeftButton)
    assert grid(view).rows() == 121
    assert view.fit(500) > low


def test_table_wide_scrolls_sideways(qtbot, style: ProseStyle) -> None:
    view = make(qtbot, style, rows(3, columns=20), width=300)
    assert child(view, QTextBrowser).horizontalScrollBar().maximum() > 0


def test_table_can_be_replaced_by_a_longer_one(qtbot, style: ProseStyle) -> None:
    view = make(qtbot, style, rows(1))
    low = view.height()
    view.set_table(rows(3))
    assert grid(view).rows() == 4
    assert view.fit(500) > low


def test_table_citation_in_a_cell_can_be_followed(qtbot, style: ProseStyle) -> None:
    view = make(qtbot, style, table("| a |\n|---|\n| x [1] |"))
    browser = child(view, QTextBrowser)
    cell = grid(view).cellAt(1, 0)
    cursor = cell.lastCursorPosition()
    place = browser.cursorRect(cursor).center()
    place.setX(place.x() - 8)
    with qtbot.waitSignal(view.citation_requested) as asked:
        qtbot.mouseClick(browser.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert asked.args == [1]
