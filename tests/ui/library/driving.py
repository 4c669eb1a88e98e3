"""What the tests of the library pane do with hands and eyes."""

from __future__ import annotations

from PySide6.QtCore import Qt

from app.library.entities import (
    CollectionId,
)
from app.ui.library.pane import LibraryPane
from app.ui.library.rows import Shelf, ShelfKind
from app.ui.widgets.info_bar import InfoBar
from tests.ui.library.fakes import FakeLibrary

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
