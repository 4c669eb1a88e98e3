"""Draws the table of candidates; the star chooses the baseline."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app.evals.runs.results import RunResults
from app.ui.evals.candidate_items import STAR, CandidateRole, CandidateTableModel, Cell, Index
from app.ui.icons import Icons
from app.ui.theme import TYPE_SIZES, ThemeKeeper

_PAD = 10
_STAR_WIDTH = 44
_NARROWEST, _WIDEST = 84, 340
_LINE = 20


class CandidateTable(QTableView):
    """A row for each candidate.

    Signals:
        baseline_chosen: the number of the candidate to compare with.
    """

    baseline_chosen = Signal(int)

    def __init__(self, theme: ThemeKeeper, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.items = CandidateTableModel(self)
        self._delegate = _CandidateDelegate(theme, icons, self)
        self.setObjectName("candidates")
        self.setAccessibleName("Candidates and their scores")
        self.setModel(self.items)
        self.setItemDelegate(self._delegate)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setMinimumSectionSize(1)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setSectionsClickable(False)
        self.horizontalHeader().setMinimumSectionSize(36)
        self.horizontalHeader().setStretchLastSection(True)
        theme.changed.connect(self._fit)

    def show_results(self, results: RunResults) -> None:
        """Show these; the selection stays."""
        self.items.show_results(results)
        self.setColumnHidden(STAR, len(results.candidates) < 2)
        self._fit()

    def _fit(self) -> None:
        """Give columns what their words need, and the table the height of its rows."""
        row_height = self._theme.px(_LINE) * self.items.most_lines + self._theme.px(2 * _PAD)
        self.verticalHeader().setDefaultSectionSize(row_height)
        self.setColumnWidth(STAR, self._theme.px(_STAR_WIDTH))
        heading = QFontMetrics(self.horizontalHeader().font())
        for column in range(1, self.items.columnCount()):
            head = str(self.items.headerData(column, Qt.Orientation.Horizontal))
            widths = [heading.horizontalAdvance(head) + 12]
            for row in range(self.items.rowCount()):
                index = self.items.index(row, column)
                widths.append(self._delegate.width_of(index.data(CandidateRole.CELL)))
            px = self._theme.px
            width = min(max(*widths, px(_NARROWEST - 2 * _PAD)) + 2 * px(_PAD), px(_WIDEST))
            self.setColumnWidth(column, width)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        rows = self.verticalHeader().defaultSectionSize() * self.items.rowCount()
        bar = self.horizontalScrollBar()
        under = bar.sizeHint().height() if self._is_too_wide() else 0
        height = rows + self.horizontalHeader().sizeHint().height() + under + 6
        return QSize(super().sizeHint().width(), height)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, self.sizeHint().height())

    def _is_too_wide(self) -> bool:
        return self.horizontalHeader().length() > self.viewport().width()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and index.column() == STAR:
            self._choose(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if event.key() in keys and self.currentIndex().isValid():
            self._choose(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _choose(self, index: Index) -> None:
        if self.items.rowCount() > 1 and not index.data(CandidateRole.IS_BASELINE):
            self.baseline_chosen.emit(self.items.result(index.row()).candidate.number)


class _CandidateDelegate(QStyledItemDelegate):
    def __init__(self, theme: ThemeKeeper, icons: Icons, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = icons

    def width_of(self, cell: Cell) -> int:
        """What the longest line of a cell needs."""
        fonts = (self._font(at) for at in range(len(cell.lines)))
        widths = (
            QFontMetrics(font).horizontalAdvance(line.text)
            for font, line in zip(fonts, cell.lines, strict=True)
        )
        return max(widths, default=0) + 4

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, area = self._theme, option.rect
        painter.save()
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        is_hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if is_selected or is_hovered:
            painter.fillRect(area, theme.color("selected" if is_selected else "hover"))
        painter.setPen(theme.color("border"))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        if index.column() == STAR:
            self._paint_star(painter, area, is_on=bool(index.data(CandidateRole.IS_BASELINE)))
        else:
            self._paint_lines(painter, area, index.data(CandidateRole.CELL))
        painter.restore()

    def _paint_star(self, painter: QPainter, area: QRect, *, is_on: bool) -> None:
        side = self._theme.px(18)
        place = QRectF(area.center().x() - side / 2, area.center().y() - side / 2, side, side)
        name, role = ("ph.star-fill", "accent_text") if is_on else ("ph.star", "text2")
        self._icons.paint(painter, place, name, self._theme.color(role))

    def _paint_lines(self, painter: QPainter, area: QRect, cell: Cell) -> None:
        pad, height = self._theme.px(_PAD), self._theme.px(_LINE)
        top = area.top() + (area.height() - height * len(cell.lines)) // 2
        for at, line in enumerate(cell.lines):
            font = self._font(at)
            painter.setFont(font)
            painter.setPen(self._theme.color(line.role))
            place = QRect(area.left() + pad, top + at * height, area.width() - 2 * pad, height)
            text = QFontMetrics(font).elidedText(
                line.text, Qt.TextElideMode.ElideRight, place.width()
            )
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(place, flags, text)

    def _font(self, at: int) -> QFont:
        font = QFont(self._theme_font())
        font.setPixelSize(self._theme.px(TYPE_SIZES["ui" if at == 0 else "caption"]))
        font.setWeight(QFont.Weight.Medium if at == 0 else QFont.Weight.Normal)
        return font

    def _theme_font(self) -> QFont:
        parent = self.parent()
        return parent.font() if isinstance(parent, QWidget) else QFont()
