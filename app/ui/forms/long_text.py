"""A text of several lines, as high as what is in it."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QMimeData
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

_FEWEST_LINES, _MOST_LINES = 3, 12


class LongText(QPlainTextEdit):
    """Grows from a few lines to a dozen; Tab leaves it, and dropped files go to the window."""

    def __init__(self, parent: QWidget | None = None, *, fewest: int = _FEWEST_LINES) -> None:
        super().__init__(parent)
        self._fewest = fewest
        self.setObjectName("formtext")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.document().documentLayout().documentSizeChanged.connect(self._on_size_changed)
        self._grow()

    def _grow(self) -> None:
        lines = min(max(self._fewest, round(self.document().size().height())), _MOST_LINES)
        margins = self.contentsMargins()
        around = 2 * self.document().documentMargin() + margins.top() + margins.bottom() + 2
        height = math.ceil(lines * QFontMetricsF(self.font()).lineSpacing() + around)
        if height != self.height():
            self.setFixedHeight(height)

    def _on_size_changed(self, _size: object) -> None:
        self._grow()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._grow()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._grow()

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return source.hasText() and not source.hasUrls()

    def insertFromMimeData(self, source: QMimeData) -> None:
        if source.hasText():
            self.insertPlainText(source.text())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        event.ignore() if event.mimeData().hasUrls() else super().dragEnterEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.ignore() if event.mimeData().hasUrls() else super().dragMoveEvent(event)
