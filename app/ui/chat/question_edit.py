"""The text of a question, as high as its lines."""

from __future__ import annotations

import math
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from app.chat.pictures import is_picture

MOST_LINES = 8


class QuestionEdit(QPlainTextEdit):
    """A text of 1 to 8 lines that leaves dropped files to the window; pictures can be pasted."""

    sent = Signal()
    recalled = Signal()
    focused = Signal(bool)
    files_pasted = Signal(list)
    image_pasted = Signal(QImage)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.enter_sends = True
        self.setObjectName("question")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(2)
        self.document().documentLayout().documentSizeChanged.connect(self._on_size_changed)
        self._grow()

    def _grow(self) -> None:
        lines = max(1, round(self.document().size().height()))
        line = self.fontMetrics().lineSpacing()
        margins = self.contentsMargins()
        around = 2 * self.document().documentMargin() + margins.top() + margins.bottom() + 6
        height = math.ceil(min(lines, MOST_LINES) * line + around)
        if height != self.height():
            self.setFixedHeight(height)
        policy = Qt.ScrollBarPolicy
        wanted = policy.ScrollBarAsNeeded if lines > MOST_LINES else policy.ScrollBarAlwaysOff
        if wanted != self.verticalScrollBarPolicy():
            self.setVerticalScrollBarPolicy(wanted)

    def _on_size_changed(self, _size: object) -> None:
        self._grow()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            is_plain = modifiers == Qt.KeyboardModifier.NoModifier
            has_control = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
            if has_control or (is_plain and self.enter_sends):
                self.sent.emit()
                return
        if event.key() == Qt.Key.Key_Up and not self.toPlainText():
            self.recalled.emit()
            return
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focused.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focused.emit(False)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._grow()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._grow()

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        if source.hasUrls():
            return bool(_pictures_in(source))
        return source.hasImage() or super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        files = _pictures_in(source)
        if files:
            self.files_pasted.emit(files)
        elif source.hasImage() and not source.hasText():
            # Office programs add a picture of the text they copy; the text is what is meant.
            image = source.imageData()
            if isinstance(image, QImage) and not image.isNull():
                self.image_pasted.emit(image)
        elif source.hasText():
            self.insertPlainText(source.text())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.ignore()
        else:
            super().dragEnterEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if event.mimeData().hasUrls():
            event.ignore()
        else:
            super().dragMoveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        if event.mimeData().hasUrls():
            event.ignore()
        else:
            super().dropEvent(event)


def _pictures_in(source: QMimeData) -> list[Path]:
    """The picture files among the files of a clipboard."""
    urls = source.urls() if source.hasUrls() else []
    paths = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
    return [path for path in paths if is_picture(path)]
