"""A small dot that breathes while something is awaited, unless motion is to be reduced."""

from __future__ import annotations

from PySide6.QtCore import QEasingCurve, QVariantAnimation
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.ui.theme import ThemeKeeper

_SIZE = 8
_PERIOD_MS = 1200


class Pulse(QWidget):
    """The dot."""

    def __init__(self, theme: ThemeKeeper, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFixedSize(_SIZE + 4, _SIZE + 4)
        self._animation = QVariantAnimation(self)
        self._animation.setDuration(_PERIOD_MS)
        self._animation.setKeyValues([(0.0, 1.0), (0.5, 0.3), (1.0, 1.0)])
        self._animation.setEasingCurve(QEasingCurve.Type.InOutSine)
        self._animation.setLoopCount(-1)
        self._animation.valueChanged.connect(self._on_value_changed)

    def start(self) -> None:
        """Begin to breathe."""
        if not self._theme.reduce_motion:
            self._animation.start()

    def stop(self) -> None:
        """Stand still."""
        self._animation.stop()

    def _on_value_changed(self, _value: float) -> None:
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = self._theme.color("accent_text")
        color.setAlphaF(float(self._animation.currentValue() or 1.0))
        painter.setBrush(color)
        painter.setPen(color)
        painter.drawEllipse(self.rect().center(), _SIZE // 2, _SIZE // 2)
        painter.end()
