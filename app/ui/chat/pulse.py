"""A small dot that breathes while something is awaited, unless motion is to be reduced."""

from __future__ import annotations

import math

from PySide6.QtCore import QTimer
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.ui.theme import ThemeKeeper

_SIZE = 8
# Twelve steps a breath: smooth enough for a dot, and next to nothing for the processor.
_STEP_MS, _STEPS = 100, 12


class Pulse(QWidget):
    """The dot."""

    def __init__(self, theme: ThemeKeeper, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._step = 0
        self.setFixedSize(_SIZE + 4, _SIZE + 4)
        self._timer = QTimer(self)
        self._timer.setInterval(_STEP_MS)
        self._timer.timeout.connect(self._on_timeout)

    def start(self) -> None:
        """Begin to breathe."""
        if not self._theme.reduce_motion:
            self._timer.start()

    def stop(self) -> None:
        """Stand still."""
        self._timer.stop()

    def _on_timeout(self) -> None:
        self._step = (self._step + 1) % _STEPS
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = self._theme.color("accent_text")
        color.setAlphaF(0.65 + 0.35 * math.cos(2 * math.pi * self._step / _STEPS))
        painter.setBrush(color)
        painter.setPen(color)
        painter.drawEllipse(self.rect().center(), _SIZE // 2, _SIZE // 2)
        painter.end()
