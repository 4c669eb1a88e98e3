"""What painted rows share: their ground, and text in the fonts and colours of the theme."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRect, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.ui.icons import Icons
from app.ui.theme import TYPE_SIZES, ThemeKeeper

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class ThemedDelegate(QStyledItemDelegate):
    """For subclasses, which paint. Its parent is the view."""

    def __init__(self, theme: ThemeKeeper, icons: Icons, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = icons

    def font(self, size: str, *, strong: bool = False) -> QFont:
        """A font of a type size such as "caption"."""
        view = self.parent()
        font = QFont(view.font()) if isinstance(view, QWidget) else QFont()
        font.setPixelSize(self._theme.px(TYPE_SIZES[size]))
        font.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
        return font

    def draw_ground(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        """Draw whether the row is chosen or pointed at, and the focus of the keyboard."""
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

    def draw_text(
        self,
        painter: QPainter,
        area: QRect,
        text: str,
        font: QFont,
        role: str,
        *,
        align: Qt.AlignmentFlag = _LEFT,
    ) -> None:
        """Draw one line, elided to fit."""
        painter.setFont(font)
        painter.setPen(self._theme.color(role))
        flat = text.replace("\n", " ")
        shown = QFontMetrics(font).elidedText(flat, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, int(align) | Qt.TextFlag.TextSingleLine, shown)
