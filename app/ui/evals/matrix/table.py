"""Draws the matrix: items at the left, which stay in view, and a column for each candidate."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app.ui.evals.matrix.cell_lines import PAD, TwoLines
from app.ui.evals.matrix.items import Index, MatrixCell, MatrixModel, MatrixRole
from app.ui.evals.words import PROBLEM
from app.ui.icons import Icons
from app.ui.theme import ThemeKeeper

_ROW, _MARK = 56, 18
_ITEM, _NARROW_ITEM = 250, 150
_COLUMN = 200  # at least
_NARROW = 720


class MatrixTable(QTableView):
    """Shows a MatrixModel.

    Signals:
        cell_chosen: row and column of the cell that is current now.
        opened: Enter was pressed on the current cell, or it was double-clicked.
    """

    cell_chosen = Signal(int, int)
    opened = Signal()

    def __init__(
        self, items: MatrixModel, theme: ThemeKeeper, icons: Icons, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("matrix")
        self.setAccessibleName("Items and what each candidate made of them")
        self._items = _ItemHeader(theme, self)
        self.setVerticalHeader(self._items)
        self.setItemDelegate(_CellDelegate(theme, icons, self))
        self.setModel(items)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionsClickable(False)
        head.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._items.sectionClicked.connect(self._on_item_clicked)
        self.doubleClicked.connect(self.opened)
        items.modelReset.connect(self._fit)
        theme.changed.connect(self._fit)
        self._fit()

    def _fit(self) -> None:
        px = self._theme.px
        self._items.setDefaultSectionSize(px(_ROW))
        item_width = px(_NARROW_ITEM if self.width() < px(_NARROW) else _ITEM)
        self._items.setFixedWidth(item_width)
        count = max(1, self.horizontalHeader().count())
        room = self.width() - item_width - px(16)
        self.horizontalHeader().setDefaultSectionSize(max(px(_COLUMN), room // count))
        self.updateGeometries()  # the cells begin where the items now end

    def _on_item_clicked(self, row: int) -> None:
        column = max(0, self.currentIndex().column())
        self.setCurrentIndex(self.model().index(row, column))
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit()
        else:
            super().keyPressEvent(event)

    def currentChanged(
        self,
        current: QModelIndex | QPersistentModelIndex,
        previous: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().currentChanged(current, previous)
        self._items.viewport().update()
        if current.isValid():
            self.cell_chosen.emit(current.row(), current.column())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()


class _ItemHeader(QHeaderView):
    """The items: key over the question."""

    def __init__(self, theme: ThemeKeeper, parent: QTableView) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._theme = theme
        self._table = parent
        self._lines = TwoLines(theme, parent)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setSectionsClickable(True)
        self.setAccessibleName("Items")

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:
        theme = self._theme
        is_current = self._table.currentIndex().row() == logicalIndex
        painter.save()
        painter.fillRect(rect, theme.color("selected" if is_current else "surface"))
        painter.setPen(theme.color("border"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        painter.drawLine(rect.topRight(), rect.bottomRight())
        model = self._table.model()
        key = model.headerData(logicalIndex, Qt.Orientation.Vertical)
        asked = model.headerData(logicalIndex, Qt.Orientation.Vertical, Qt.ItemDataRole.UserRole)
        if asked is None:
            self._lines.paint_waiting(painter, rect)
        else:
            self._lines.paint(painter, rect, (str(key), "text"), (str(asked), "text2"))
        painter.restore()

    def sizeHint(self) -> QSize:
        return QSize(self.width(), 0)


class _CellDelegate(QStyledItemDelegate):
    def __init__(self, theme: ThemeKeeper, icons: Icons, parent: QTableView) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = icons
        self._lines = TwoLines(theme, parent)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, area = self._theme, option.rect
        painter.save()
        painter.setClipRect(area)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, theme.color("selected"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(area, theme.color("hover"))
        painter.setPen(theme.color("border"))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        cell: MatrixCell | None = index.data(MatrixRole.CELL)
        if cell is None:
            self._lines.paint_waiting(painter, area)
        else:
            self._paint_cell(painter, area, cell)
        painter.restore()

    def _paint_cell(self, painter: QPainter, area: QRect, cell: MatrixCell) -> None:
        theme, mark = self._theme, cell.mark
        if not cell.words:
            self._lines.paint(painter, area, ("not answered yet", "text3"))
            return
        words, facts = area, cell.facts
        if mark is not None:
            side, pad = theme.px(_MARK), theme.px(PAD)
            place = QRect(area.left() + pad, area.center().y() - side // 2, side, side)
            self._icons.icon(mark.icon, mark.role).paint(painter, place)
            words = area.adjusted(side + pad // 2 + 2, 0, 0, 0)
            facts = " · ".join(each for each in (mark.word, cell.facts) if each)
        role = "danger" if mark is PROBLEM else "text"
        self._lines.paint(painter, words, (cell.words, role), (facts, "text2"))
