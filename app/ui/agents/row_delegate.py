"""Draws the rows of the lists of agents and runs: a title, a line below it, and a coloured sign."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from app.ui.widgets.themed_delegate import ThemedDelegate

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


class RowDelegate(ThemedDelegate):
    """Gets a `RowLook` from the item model by the role LOOK."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look: RowLook = index.data(LOOK)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.draw_ground(painter, option)
        area: QRect = option.rect.adjusted(_SIDE, 6, -_SIDE, -6)
        side = self._theme.px(_SIGN)
        sign = QRectF(area.left(), area.center().y() - side / 2 + 1, side, side)
        self._icons.paint(painter, sign, look.sign, self._theme.color(look.color))
        left = area.left() + side + 10
        upper = QRect(left, area.top(), area.right() - left, area.height() // 2)
        lower = QRect(left, upper.bottom() + 1, upper.width(), area.height() - upper.height())
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        font = self.font("ui", strong=chosen)
        self.draw_text(painter, upper, look.title, font, "accent_text" if chosen else "text")
        color = look.color if look.color in ("warn", "danger") else "text2"
        self.draw_text(painter, lower, look.detail, self.font("caption"), color)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(super().sizeHint(option, index).width(), self._theme.px(_HEIGHT))
