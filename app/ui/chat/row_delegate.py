"""Draws the rows of a list whose rows are things and headings."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.ui.theme import TYPE_SIZES, ThemeKeeper

Index = QModelIndex | QPersistentModelIndex

# Roles by which an item model tells this delegate about a row.
IS_HEADING = Qt.ItemDataRole.UserRole + 1
IS_BUSY = Qt.ItemDataRole.UserRole + 2
_HEADING_HEIGHT, _ROW_HEIGHT = 32, 36


class RowDelegate(QStyledItemDelegate):
    """Headings in small capitals, and a dot at what is busy."""

    def __init__(self, theme: ThemeKeeper, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        area: QRect = option.rect
        if index.data(IS_HEADING):
            self._paint_heading(painter, area, str(index.data()))
            return
        super().paint(painter, option, index)
        if index.data(IS_BUSY):
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("accent_text"))
            painter.drawEllipse(QPoint(area.right() - 12, area.center().y() + 1), 4, 4)
            painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        height = _HEADING_HEIGHT if index.data(IS_HEADING) else _ROW_HEIGHT
        return QSize(super().sizeHint(option, index).width(), self._theme.px(height))

    def _paint_heading(self, painter: QPainter, area: QRect, text: str) -> None:
        painter.save()
        font = QFont(painter.font())
        font.setPixelSize(self._theme.px(TYPE_SIZES["overline"]))
        font.setWeight(QFont.Weight.DemiBold)
        font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 0.5)
        painter.setFont(font)
        painter.setPen(self._theme.color("text3"))
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
        painter.drawText(area.adjusted(2, 0, 0, -6), flags, text.upper())
        painter.restore()
