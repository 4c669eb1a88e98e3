"""A switch for on and off; a check box in every way but its looks."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QWidget

from app.ui.theme import ThemeKeeper

SIZE = QSize(40, 24)


class Switch(QCheckBox):
    """On or off. `name` is what it switches, for screen readers."""

    def __init__(self, theme: ThemeKeeper, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(name)
        self.setFixedSize(SIZE.width() + 8, SIZE.height() + 8)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def hitButton(self, _pos: object) -> bool:
        return True

    def sizeHint(self) -> QSize:
        return QSize(SIZE.width() + 8, SIZE.height() + 8)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(4, 4, SIZE.width(), SIZE.height())
        if self.property("kbd") == "true" and self.hasFocus():
            painter.setPen(QPen(self._theme.color("focus"), 2))
            painter.drawRoundedRect(track.adjusted(-3, -3, 3, 3), 15, 15)
        is_on = self.isChecked()
        edge = self._theme.color("accent" if is_on else "border_strong")
        painter.setPen(QPen(edge, 1))
        painter.setBrush(self._theme.color("accent" if is_on else "surface"))
        painter.drawRoundedRect(track.adjusted(0.5, 0.5, -0.5, -0.5), 11.5, 11.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("on_accent" if is_on else "border_strong"))
        x = track.right() - 12 if is_on else track.left() + 12
        painter.drawEllipse(QPointF(x, track.center().y()), 8, 8)
        painter.end()
