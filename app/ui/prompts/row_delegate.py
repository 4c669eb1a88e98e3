"""Draws the rows of the pane's lists: a name with marks, and a small line with labels below it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from app.ui.widgets.themed_delegate import ThemedDelegate

Index = QModelIndex | QPersistentModelIndex

LOOK = Qt.ItemDataRole.UserRole + 1  # the role that gives a row's look
_HEADING_HEIGHT, _ROW_HEIGHT, _BADGE_HEIGHT = 32, 52, 22
_SIDE = 10
_GAP = 6
_LEAST = 36  # in less room, words say nothing


@dataclass(frozen=True, slots=True)
class RowLook:
    """A row.

    Attributes:
        chips: drawn before the detail.
        mark: an icon at the right; empty for none.
        badge: a third line of its own; empty for none.
        is_heading: it is only a title over the rows below it.
    """

    title: str
    detail: str = ""
    chips: tuple[str, ...] = ()
    mark: str = ""
    badge: str = ""
    is_heading: bool = False


class RowDelegate(ThemedDelegate):
    """Gets a `RowLook` from the item model by the role LOOK."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look: RowLook = index.data(LOOK)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area: QRect = option.rect
        if look.is_heading:
            font = self.font("overline", strong=True)
            font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 0.5)
            line = area.adjusted(4, self._theme.px(10), -4, 0)
            self.draw_text(painter, line, _flat(look.title).upper(), font, "text3")
        else:
            self.draw_ground(painter, option)
            self._draw_row(painter, area.adjusted(_SIDE, 7, -_SIDE, -7), option, look)
        painter.restore()

    def _draw_row(
        self, painter: QPainter, area: QRect, option: QStyleOptionViewItem, look: RowLook
    ) -> None:
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if look.badge:
            below = QRect(area)
            below.setTop(area.bottom() + 1 - self._theme.px(_BADGE_HEIGHT))
            self._draw_chip(painter, below, look.badge, below.width() - 2 * _GAP, "info")
            area = area.adjusted(0, 0, 0, -below.height())
        upper = QRect(area.left(), area.top(), area.width(), area.height() // 2)
        lower = QRect(area.left(), upper.bottom() + 1, area.width(), area.height() - upper.height())
        if look.mark:
            side = self._theme.px(14)
            place = QRectF(upper.right() - side, upper.center().y() - side / 2 + 1, side, side)
            self._icons.paint(painter, place, look.mark, self._theme.color("accent_text"))
            upper.setRight(upper.right() - side - _GAP)
        font = self.font("ui", strong=chosen)
        self.draw_text(painter, upper, _flat(look.title), font, "accent_text" if chosen else "text")
        for chip in look.chips:
            lower.setLeft(self._draw_chip(painter, lower, chip, lower.width() * 2 // 3, "ok"))
        if lower.width() >= self._theme.px(_LEAST):
            self.draw_text(painter, lower, _flat(look.detail), self.font("caption"), "text2")

    def _draw_chip(self, painter: QPainter, line: QRect, text: str, room: int, sev: str) -> int:
        """Draw a label whose words have so much room; returns where the line goes on."""
        font = self.font("overline", strong=True)
        metrics = QFontMetrics(font)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
        width = metrics.horizontalAdvance(shown) + 2 * _GAP
        if width > line.width():
            return line.left()
        height = metrics.height() + 2
        place = QRectF(line.left(), line.center().y() - height / 2 + 0.5, width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(f"{sev}_bg"))
        painter.drawRoundedRect(place, 4, 4)
        painter.setFont(font)
        painter.setPen(self._theme.color(sev))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, shown)
        return line.left() + width + _GAP

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        look: RowLook = index.data(LOOK)
        height = _HEADING_HEIGHT if look.is_heading else _ROW_HEIGHT
        height += _BADGE_HEIGHT if look.badge else 0
        return QSize(super().sizeHint(option, index).width(), self._theme.px(height))


def _flat(text: str) -> str:
    return " ".join(text.split())
