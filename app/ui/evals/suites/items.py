"""The rows of a suite's table; pages of them are read as they come into view."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.ui.evals.suites.reading import PAGE, ItemLook, Page

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
_NOTHING_ASKED = "(no question yet)"
_MOST_PAGES = 40  # kept at a time


class Column(IntEnum):
    """The columns, from left to right."""

    ASKED = 0
    TARGET = 1
    TAGS = 2


_TITLES = {Column.ASKED: "Question", Column.TARGET: "Right answer", Column.TAGS: "Tags"}


class SuiteItemsModel(QAbstractTableModel):
    """Asks for the pages it needs by `wanted`; until one is there, its rows show dots."""

    def __init__(self, wanted: Callable[[int], object], parent: QObject) -> None:
        super().__init__(parent)
        self._wanted = wanted
        self._count = 0
        self._pages: OrderedDict[int, tuple[ItemLook, ...]] = OrderedDict()
        self._stale: set[int] = set()
        self._asked: set[int] = set()

    def show_rows(self, count: int) -> None:
        """There are so many rows of something else."""
        self.beginResetModel()
        self._count = count
        self._pages.clear()
        self._stale.clear()
        self._asked.clear()
        self.endResetModel()

    def refresh(self, count: int) -> None:
        """The rows may have changed; those shown stay until they are read again."""
        if count < self._count:
            self.beginRemoveRows(ROOT, count, self._count - 1)
            self._count = count
            self.endRemoveRows()
        elif count > self._count:
            self.beginInsertRows(ROOT, self._count, count - 1)
            self._count = count
            self.endInsertRows()
        self._stale = set(self._pages)
        self._asked.clear()
        self._tell(0, self._count)

    def take_page(self, page: Page) -> None:
        """These rows were read."""
        self._asked.discard(page.number)
        self._stale.discard(page.number)
        self._pages[page.number] = page.rows
        self._pages.move_to_end(page.number)
        while len(self._pages) > _MOST_PAGES:
            self._pages.popitem(last=False)
        first = page.number * PAGE
        self._tell(first, first + len(page.rows))

    def look(self, row: int) -> ItemLook | None:
        """A row as far as it was read; asks for it where it is not."""
        if not 0 <= row < self._count:
            return None
        number, at = divmod(row, PAGE)
        if (number not in self._pages or number in self._stale) and number not in self._asked:
            self._asked.add(number)
            self._wanted(number)
        rows = self._pages.get(number, ())
        return rows[at] if at < len(rows) else None

    def is_read(self, row: int) -> bool:
        """Whether a row is known as it is now; it is asked for where it is not."""
        self.look(row)
        number = row // PAGE
        return number in self._pages and number not in self._stale

    def row_of(self, key: str) -> int | None:
        """The row of an item among those that were read."""
        for number, rows in self._pages.items():
            for at, each in enumerate(rows):
                if each.key == key:
                    return number * PAGE + at
        return None

    def replace(self, look: ItemLook) -> None:
        """A row that is shown says something else now."""
        row = self.row_of(look.key)
        if row is not None:
            number, at = divmod(row, PAGE)
            rows = self._pages[number]
            self._pages[number] = (*rows[:at], look, *rows[at + 1 :])
            self._tell(row, row + 1)

    def _tell(self, first: int, end: int) -> None:
        if end > first:
            last = min(end, self._count) - 1
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(Column) - 1))

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else self._count

    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.ToolTipRole,
        ):
            return None
        look = self.look(index.row())
        if look is None:
            return "…" if index.column() == Column.ASKED else ""
        return (look.asked or _NOTHING_ASKED, look.target, look.tags)[index.column()]

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _TITLES[Column(section)]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None
