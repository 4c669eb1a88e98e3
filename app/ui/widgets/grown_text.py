"""What texts share that are as high as what is in them."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QMimeData
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit, QWidget


class GrownText(QPlainTextEdit):
    """Subclasses say how high. Only words go in; dropped files are left to the window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document().documentLayout().documentSizeChanged.connect(self._on_size_changed)

    def _grow(self) -> None:
        """Be as high as it should be now, by `_fit`."""
        raise NotImplementedError

    def _fit(self, height: float) -> None:
        wanted = math.ceil(height)
        if wanted != self.height():
            self.setFixedHeight(wanted)

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

    def dropEvent(self, event: QDropEvent) -> None:
        event.ignore() if event.mimeData().hasUrls() else super().dropEvent(event)
