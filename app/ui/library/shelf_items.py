"""The item model of the left column: shelves, on which documents and files can be dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    QUrl,
    Signal,
)

from app.library.entities import Collection
from app.ui.amounts import count_text
from app.ui.library.items import DOCUMENTS_MIME, ROOT, ItemRole, dragged_documents
from app.ui.library.rows import EVERYTHING, Shelf, ShelfKind

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class ShelfRow:
    """One line of the left column. A heading has no shelf."""

    title: str
    shelf: Shelf | None
    count: int = 0


class ShelfListModel(QAbstractListModel):
    """All documents, those in no collection, and the collections; documents can be dropped on them.

    Signals:
        documents_dropped: list of document ids, and the collection they go to (None: out of any).
        files_dropped: list of paths, and the collection they go to.
    """

    documents_dropped = Signal(list, object)
    files_dropped = Signal(list, object)

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[ShelfRow, ...] = (ShelfRow("All documents", EVERYTHING),)

    def set_collections(self, collections: Sequence[Collection], total: int, loose: int) -> None:
        """Show these collections and counts."""
        rows = [ShelfRow("All documents", EVERYTHING, total)]
        if collections and loose:
            rows.append(ShelfRow("Not in a collection", Shelf(ShelfKind.LOOSE), loose))
        if collections:
            rows.append(ShelfRow("Collections", None))
        rows += [
            ShelfRow(each.name, Shelf(ShelfKind.COLLECTION, each.id), each.documents)
            for each in sorted(collections, key=lambda each: each.name.casefold())
        ]
        self._replace(tuple(rows))

    def row(self, row: int) -> ShelfRow:
        """The line at a row."""
        return self._rows[row]

    def row_of(self, shelf: Shelf) -> int | None:
        """Where a shelf stands; None when it is gone."""
        return next((at for at, each in enumerate(self._rows) if each.shelf == shelf), None)

    def _replace(self, rows: tuple[ShelfRow, ...]) -> None:
        if [each.shelf for each in rows] == [each.shelf for each in self._rows]:
            self._rows = rows
            self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def _target(self, row: int, parent: Index) -> Shelf | None:
        if row != -1 or not parent.isValid():
            return None
        shelf = self._rows[parent.row()].shelf
        return shelf if shelf is not None and shelf.kind is not ShelfKind.EVERYTHING else None

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.title
            case ItemRole.ENTITY:
                return row
            case Qt.ItemDataRole.ToolTipRole:
                return "" if row.shelf is None else row.title
            case Qt.ItemDataRole.AccessibleTextRole:
                if row.shelf is None:
                    return row.title
                return f"{row.title}, {count_text(row.count, 'document')}"
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid() or self._rows[index.row()].shelf is None:
            return Qt.ItemFlag.NoItemFlags
        usable = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if self._target(-1, index) is not None:
            usable |= Qt.ItemFlag.ItemIsDropEnabled
        return usable

    def mimeTypes(self) -> list[str]:
        return [DOCUMENTS_MIME, "text/uri-list"]

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction | Qt.DropAction.CopyAction

    def canDropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        del action, column
        known = data.hasFormat(DOCUMENTS_MIME) or bool(_local_files(data.urls()))
        return known and self._target(row, parent) is not None

    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        shelf = self._target(row, parent)
        if shelf is None or not self.canDropMimeData(data, action, row, column, parent):
            return False
        if data.hasFormat(DOCUMENTS_MIME):
            self.documents_dropped.emit(dragged_documents(data), shelf.collection_id)
        else:
            self.files_dropped.emit(_local_files(data.urls()), shelf.collection_id)
        return True


def _local_files(urls: Sequence[QUrl]) -> list[Path]:
    return [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
