"""Draws the rows of the lists of agents and runs: a title, a line below it, and a coloured sign."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.ui.icons import Icons
from app.ui.theme import TYPE_SIZES, ThemeKeeper

Index = QModelIndex | QPersistentModelIndex

LOOK = Qt.ItemDataRole.UserRole + 1  # the role that gives a row's look
_HEIGHT = 50
_SIDE = 10
_SIGN = 16


@dataclass(frozen=True, slots=True)
class RowLook:
    """A row. `sign` is an icon, in the colour of a role."""

    title: str
    detail: str
    sign: str
    color: str = "text2"


class RowDelegate(QStyledItemDelegate):
    """Gets a `RowLook` from the item model by the role LOOK."""

    def __init__(self, theme: ThemeKeeper, icons: Icons, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = icons

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look: RowLook = index.data(LOOK)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_ground(painter, option)
        area: QRect = option.rect.adjusted(_SIDE, 6, -_SIDE, -6)
        side = self._theme.px(_SIGN)
        sign = QRectF(area.left(), area.center().y() - side / 2 + 1, side, side)
        self._icons.paint(painter, sign, look.sign, self._theme.color(look.color))
        left = area.left() + side + 10
        upper = QRect(left, area.top(), area.right() - left, area.height() // 2)
        lower = QRect(left, upper.bottom() + 1, upper.width(), area.height() - upper.height())
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        font = self._font("ui", strong=chosen)
        self._draw_text(painter, upper, look.title, font, "accent_text" if chosen else "text")
        color = look.color if look.color in ("warn", "danger") else "text2"
        self._draw_text(painter, lower, look.detail, self._font("caption"), color)
        painter.restore()

    def _draw_ground(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        place = QRectF(option.rect).adjusted(0.5, 1.5, -0.5, -1.5)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("selected" if chosen else "hover"))
            painter.drawRoundedRect(place, 8, 8)
        view = self.parent()
        by_keyboard = isinstance(view, QWidget) and view.property("kbd") == "true"
        if option.state & QStyle.StateFlag.State_HasFocus and by_keyboard:
            painter.setPen(self._theme.color("focus"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(place, 8, 8)

    def _draw_text(self, painter: QPainter, area: QRect, text: str, font: QFont, role: str) -> None:
        painter.setFont(font)
        painter.setPen(self._theme.color(role))
        shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(area, int(flags) | Qt.TextFlag.TextSingleLine, shown)

    def _font(self, size: str, *, strong: bool = False) -> QFont:
        view = self.parent()
        font = QFont(view.font()) if isinstance(view, QWidget) else QFont()
        font.setPixelSize(self._theme.px(TYPE_SIZES[size]))
        font.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
        return font

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(super().sizeHint(option, index).width(), self._theme.px(_HEIGHT))
