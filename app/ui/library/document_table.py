"""The table of documents: keeps its place while documents change, and never sees a service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.library.entities import Document, DocumentId
from app.ui.icons import Icons
from app.ui.library.delegates import ROW_HEIGHT, DocumentDelegate
from app.ui.library.items import DocumentTableModel
from app.ui.library.rows import Column, runs
from app.ui.theme import ThemeKeeper

_WIDTHS = {
    Column.KIND: 108,
    Column.PAGES: 68,
    Column.SIZE: 92,
    Column.STATUS: 196,
    Column.ADDED: 112,
}
_NAME_WIDTH = 260  # below this, other columns give way
_GIVE_WAY = (Column.PAGES, Column.KIND, Column.SIZE, Column.ADDED)
_SELECT = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows


class DocumentTable(QTableView):
    """Shows a DocumentTableModel.

    Signals:
        opened: a Document was double-clicked, or Enter was pressed on it.
        removal_requested: Delete was pressed.
        menu_requested: a global position to show the context menu at.
        selection_moved: other documents are selected now.
    """

    opened = Signal(object)
    removal_requested = Signal()
    menu_requested = Signal(QPoint)
    selection_moved = Signal()

    def __init__(
        self, rows: DocumentTableModel, theme: ThemeKeeper, icons: Icons, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._documents = rows
        self._theme = theme
        self._delegate = DocumentDelegate(theme, icons, self)
        self._kept: _Place | None = None
        self.setObjectName("documents")
        self.setAccessibleName("Documents")
        self.setItemDelegate(self._delegate)
        self.setModel(rows)
        self._set_behaviour()
        self._set_header()
        self._apply_sizes()
        rows.update_started.connect(self._on_update_started)
        rows.update_finished.connect(self._on_update_finished)
        self.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.doubleClicked.connect(self._on_opened)
        self.customContextMenuRequested.connect(self._on_menu_requested)
        theme.changed.connect(self._apply_sizes)

    def selected(self) -> tuple[Document, ...]:
        """The selected documents, from top to bottom."""
        # By ranges: an index for each of 10,000 rows would cost half a second.
        chosen = self.selectionModel().selection()
        ranges = (chosen.at(place) for place in range(chosen.count()))
        rows = {row for each in ranges for row in range(each.top(), each.bottom() + 1)}
        return tuple(self._documents.document(row) for row in sorted(rows))

    def select(self, ids: Sequence[DocumentId]) -> None:
        """Select exactly these documents, as far as they are shown."""
        rows = (self._documents.row_of(each) for each in ids)
        selection = QItemSelection()
        for first, last in runs(sorted(row for row in rows if row is not None)):
            selection.select(self._documents.index(first, 0), self._documents.index(last, 0))
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.selectionModel().select(selection, flags | QItemSelectionModel.SelectionFlag.Rows)

    def sort_by(self, column: Column, order: Qt.SortOrder) -> None:
        """Sort as a click on the header does."""
        self.sortByColumn(column, order)

    def _set_behaviour(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)  # Tab leaves the table, arrows move in it
        self.setMouseTracking(True)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def _set_header(self) -> None:
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(48)
        header.setSortIndicator(Column.ADDED, Qt.SortOrder.DescendingOrder)
        self.setSortingEnabled(True)
        for column in Column:
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)

    def _apply_sizes(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self._theme.px(ROW_HEIGHT))
        for column, width in _WIDTHS.items():
            self.setColumnWidth(column, self._theme.px(width))
        self._fit_columns()

    def _fit_columns(self) -> None:
        shown = {column: self._theme.px(width) for column, width in _WIDTHS.items()}
        for column in _GIVE_WAY:
            if self.viewport().width() - sum(shown.values()) >= self._theme.px(_NAME_WIDTH):
                break
            del shown[column]
        for column in _WIDTHS:
            self.setColumnHidden(column, column not in shown)

    def _on_update_started(self) -> None:
        self._kept = _Place.of(self, self._documents)

    def _on_update_finished(self) -> None:
        kept, self._kept = self._kept, None
        if kept is None:
            return
        if kept.selected and not self.selectionModel().hasSelection():
            self.select(kept.selected)
        row = self._documents.row_of(kept.current) if kept.current is not None else None
        if row is not None and self.currentIndex().row() != row:
            flags = QItemSelectionModel.SelectionFlag.NoUpdate
            self.selectionModel().setCurrentIndex(self._documents.index(row, 0), flags)
        self._scroll_back(kept)

    def _scroll_back(self, kept: _Place) -> None:
        bar = self.verticalScrollBar()
        if kept.top is None:  # at the top: stay there and see what is new
            bar.setValue(0)
        elif (row := self._documents.row_of(kept.top)) is not None:
            self.updateGeometries()  # the range for the new number of rows
            bar.setValue(row * self.verticalHeader().defaultSectionSize() + kept.offset)

    def _on_selection_changed(self) -> None:
        self.selection_moved.emit()

    def _on_opened(self, index: QModelIndex) -> None:
        self.opened.emit(self._documents.document(index.row()))

    def _on_menu_requested(self, place: QPoint) -> None:
        if self.selectionModel().hasSelection():
            self.menu_requested.emit(self.viewport().mapToGlobal(place))

    def _hover(self, row: int) -> None:
        if row != self._delegate.hovered_row:
            self._delegate.hovered_row = row
            self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.rowAt(event.position().toPoint().y()))
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._on_opened(self.currentIndex())
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removal_requested.emit()
        elif event.key() == Qt.Key.Key_Escape and self.selectionModel().hasSelection():
            self.clearSelection()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_columns()

    def currentChanged(
        self,
        current: QModelIndex | QPersistentModelIndex,
        previous: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().currentChanged(current, previous)
        self.viewport().update()  # the mark of the current row spans cells


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a table stood before its rows changed; no `top` means at the very top."""

    selected: tuple[DocumentId, ...]
    current: DocumentId | None
    top: DocumentId | None = None
    offset: int = 0

    @classmethod
    def of(cls, table: DocumentTable, rows: DocumentTableModel) -> _Place:
        selected = tuple(document.id for document in table.selected())
        at = table.currentIndex().row()
        current = rows.document(at).id if 0 <= at < rows.rowCount() else None
        value, height = (
            table.verticalScrollBar().value(),
            table.verticalHeader().defaultSectionSize(),
        )
        top = value // height
        if value == 0 or top >= rows.rowCount():
            return cls(selected, current)
        return cls(selected, current, rows.document(top).id, value - top * height)
