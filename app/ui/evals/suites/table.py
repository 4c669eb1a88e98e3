"""The table of a suite's items."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.ui.evals.suites.items import Column, SuiteItemsModel
from app.ui.theme import ThemeKeeper

_ROW_HEIGHT = 36
_TAGS_WIDTH, _TARGET_SHARE = 120, 0.34
_NARROW = 460  # below it, tags give way


class SuiteTable(QTableView):
    """Shows a SuiteItemsModel.

    Signals:
        moved: another row is the current one; -1 for none.
        removal_requested: Delete was pressed.
        paste_requested: something was pasted into it.
        menu_requested: a global position.
    """

    moved = Signal(int)
    removal_requested = Signal()
    paste_requested = Signal()
    menu_requested = Signal(QPoint)

    def __init__(self, rows: SuiteItemsModel, theme: ThemeKeeper, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows, self._theme = rows, theme
        self._is_choosing = False
        self.setObjectName("suiteitems")
        self.setAccessibleName("Items")
        # Before the selection hears of it: that a row goes is no choice of a person.
        rows.rowsAboutToBeRemoved.connect(self._on_removal_begun)
        self.setModel(rows)
        rows.rowsRemoved.connect(self._on_removal_ended)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu_requested)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setSectionResizeMode(Column.ASKED, QHeaderView.ResizeMode.Stretch)
        self._apply_sizes()
        theme.changed.connect(self._apply_sizes)

    def chosen_rows(self) -> tuple[int, ...]:
        """The selected rows, from top to bottom."""
        chosen = self.selectionModel().selection()
        ranges = (chosen.at(place) for place in range(chosen.count()))
        return tuple(
            sorted({row for each in ranges for row in range(each.top(), each.bottom() + 1)})
        )

    def choose(self, row: int) -> None:
        """Make a row the only one that is selected; nothing is emitted."""
        self._is_choosing = True
        if row < 0:
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())
        else:
            self._select(row)
        self._is_choosing = False

    def go_to(self, row: int) -> None:
        """Choose a row as a person does."""
        self._select(row)

    def select_rows(self, rows: Sequence[int]) -> None:
        """Select exactly these rows, and make the last the current one."""
        selection = QItemSelection()
        for row in rows:
            selection.select(self._rows.index(row, 0), self._rows.index(row, len(Column) - 1))
        flag = QItemSelectionModel.SelectionFlag
        self.selectionModel().select(selection, flag.ClearAndSelect)
        if rows:
            self.selectionModel().setCurrentIndex(self._rows.index(rows[-1], 0), flag.NoUpdate)

    def _select(self, row: int) -> None:
        flag = QItemSelectionModel.SelectionFlag
        index = self._rows.index(row, 0)
        self.selectionModel().setCurrentIndex(index, flag.ClearAndSelect | flag.Rows)
        self.scrollTo(index)

    def _apply_sizes(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self._theme.px(_ROW_HEIGHT))
        self._fit_columns()

    def _fit_columns(self) -> None:
        width = self.viewport().width()
        self.setColumnHidden(Column.TAGS, width < self._theme.px(_NARROW))
        self.setColumnWidth(Column.TAGS, self._theme.px(_TAGS_WIDTH))
        self.setColumnWidth(Column.TARGET, round(width * _TARGET_SHARE))

    def _on_removal_begun(self) -> None:
        self._is_choosing = True

    def _on_removal_ended(self) -> None:
        self._is_choosing = False

    def _on_menu_requested(self, place: QPoint) -> None:
        if self.selectionModel().hasSelection():
            self.menu_requested.emit(self.viewport().mapToGlobal(place))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Paste):
            self.paste_requested.emit()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removal_requested.emit()
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
        if not self._is_choosing:
            self.moved.emit(current.row())
