"""The item model of the document table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from app.library.entities import Document, DocumentId
from app.ui.amounts import day_text, size_text
from app.ui.library.labels import display_title, kind_label, parts_text, status_text
from app.ui.library.rows import (
    EVERYTHING,
    Column,
    RowOrder,
    RowPlan,
    Shelf,
    StatusFilter,
    arrange,
    count_by_filter,
    plan_rows,
)

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()
DOCUMENTS_MIME = "application/x-cairn-documents"
_TITLES = {
    Column.NAME: "Name",
    Column.KIND: "Kind",
    Column.PAGES: "Pages",
    Column.SIZE: "Size",
    Column.STATUS: "Status",
    Column.ADDED: "Added",
}


class ItemRole(IntEnum):
    """Where a delegate finds the entity of a row."""

    ENTITY = Qt.ItemDataRole.UserRole + 1


def local_now() -> datetime:
    """The present moment in this computer's time zone."""
    return datetime.now().astimezone()


class DocumentTableModel(QAbstractTableModel):
    """The documents of one shelf that pass one chip, sorted.

    Signals:
        update_started, update_finished: around every change of rows, for views that keep their
            place.
    """

    update_started = Signal()
    update_finished = Signal()

    def __init__(self, clock: Callable[[], datetime] = local_now) -> None:
        super().__init__()
        self._clock = clock
        self._documents: tuple[Document, ...] = ()
        self._shown: list[Document] = []
        self._rows: dict[DocumentId, int] = {}
        self._shelf = EVERYTHING
        self._status = StatusFilter.ALL
        self._order = RowOrder()

    @property
    def documents(self) -> tuple[Document, ...]:
        """All documents of the library, shown or not."""
        return self._documents

    @property
    def shelf(self) -> Shelf:
        """The shelf shown."""
        return self._shelf

    @property
    def status_filter(self) -> StatusFilter:
        """The chip in force."""
        return self._status

    def set_documents(self, documents: tuple[Document, ...]) -> None:
        """Show the library's new state, touching only the rows that differ."""
        self._documents = documents
        self._rearrange()

    def set_shelf(self, shelf: Shelf) -> None:
        """Show another shelf."""
        self._shelf = shelf
        self._rearrange()

    def set_status_filter(self, status: StatusFilter) -> None:
        """Let another chip decide."""
        self._status = status
        self._rearrange()

    def counts(self) -> dict[StatusFilter, int]:
        """How many documents of the shelf each chip would show."""
        return count_by_filter(self._documents, self._shelf)

    def document(self, row: int) -> Document:
        """The document of a row."""
        return self._shown[row]

    def row_of(self, document_id: DocumentId) -> int | None:
        """The row of a document, None when it is not shown."""
        return self._rows.get(document_id)

    def _rearrange(self) -> None:
        target = arrange(self._documents, self._shelf, self._status, self._order)
        plan = plan_rows(self._shown, target)
        self.update_started.emit()
        if plan is None:
            self.beginResetModel()
            self._take(target)
            self.endResetModel()
        else:
            self._carry_out(plan, target)
        self.update_finished.emit()

    def _carry_out(self, plan: RowPlan, target: list[Document]) -> None:
        for first, last in plan.removed:
            self.beginRemoveRows(ROOT, first, last)
            del self._shown[first : last + 1]
            self.endRemoveRows()
        if plan.reordered:
            self._reorder(target)
        for first, last in plan.inserted:
            self.beginInsertRows(ROOT, first, last)
            self._shown[first:first] = target[first : last + 1]
            self.endInsertRows()
        self._take(target)
        for first, last in plan.changed:
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(Column) - 1))

    def _reorder(self, target: list[Document]) -> None:
        self.layoutAboutToBeChanged.emit()
        places = {document.id: place for place, document in enumerate(target)}
        before = [document.id for document in self._shown]
        self._shown.sort(key=lambda document: places[document.id])
        rows = {document.id: row for row, document in enumerate(self._shown)}
        for index in self.persistentIndexList():
            moved = self.index(rows[before[index.row()]], index.column())
            self.changePersistentIndex(index, moved)
        self.layoutChanged.emit()

    def _take(self, target: list[Document]) -> None:
        self._shown = target
        self._rows = {document.id: row for row, document in enumerate(target)}

    def _display(self, document: Document, column: Column) -> str:
        match column:
            case Column.NAME:
                return display_title(document)
            case Column.KIND:
                return kind_label(document.kind)
            case Column.PAGES:
                return f"{document.pages:,}" if document.pages else ""
            case Column.SIZE:
                return size_text(document.size_bytes)
            case Column.STATUS:
                return status_text(document)
            case Column.ADDED:
                return day_text(document.added_at, self._clock())

    def _tooltip(self, document: Document, column: Column) -> str:
        if column is Column.NAME:
            return str(document.path)
        if column is Column.STATUS:
            return f"{status_text(document)}\n{document.hint}".strip()
        if column is Column.PAGES:
            return parts_text(document)
        if column is Column.ADDED:
            return f"{document.added_at.astimezone(self._clock().tzinfo):%d %B %Y, %H:%M}"
        return ""

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        document, column = self._shown[index.row()], Column(index.column())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._display(document, column)
            case ItemRole.ENTITY:
                return document
            case Qt.ItemDataRole.ToolTipRole:
                return self._tooltip(document, column)
            case Qt.ItemDataRole.TextAlignmentRole if column in (Column.PAGES, Column.SIZE):
                return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._display(document, column) or f"{_TITLES[column]} unknown"
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(Column):
            return None
        column = Column(section)
        if role == Qt.ItemDataRole.DisplayRole:
            return _TITLES[column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft
            if column in (Column.PAGES, Column.SIZE):
                side = Qt.AlignmentFlag.AlignRight
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if 0 <= column < len(Column):
            self._order = RowOrder(Column(column), order == Qt.SortOrder.DescendingOrder)
            self._rearrange()

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else flags

    def mimeTypes(self) -> list[str]:
        return [DOCUMENTS_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        ids = dict.fromkeys(self._shown[index.row()].id for index in indexes)
        data = QMimeData()
        data.setData(DOCUMENTS_MIME, ",".join(str(each) for each in ids).encode())
        return data

    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction


def dragged_documents(data: QMimeData) -> list[DocumentId]:
    """The ids that a drag from the document table carries."""
    text = bytes(data.data(DOCUMENTS_MIME).data()).decode("ascii", "ignore")
    return [DocumentId(int(each)) for each in text.split(",") if each.isdecimal()]
