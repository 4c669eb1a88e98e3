"""The text of a document's part with a passage marked in it."""

from __future__ import annotations

import re

from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QTextEdit, QWidget

from app.library.entities import Place


def passage_span(text: str, place: Place, quote: str) -> tuple[int, int] | None:
    """Where a passage is: at its place if the words are there, else where they are found."""
    wanted = " ".join(quote.split())
    if not wanted:
        return None
    if " ".join(text[place.start : place.end].split()) == wanted:
        return place.start, place.end
    words = r"\s+".join(re.escape(word) for word in wanted.split(" "))
    found = [match.span() for match in re.finditer(words, text)]
    return min(found, key=lambda span: abs(span[0] - place.start)) if found else None


class SourceText(QPlainTextEdit):
    """The text, to read and copy."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sourcetext")
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.document().setDocumentMargin(16)
        self.setAccessibleName("Text of the document")

    def show_text(self, text: str, span: tuple[int, int] | None, color: QColor) -> None:
        """Show a text, scrolled to its marked passage."""
        self.setPlainText(text)
        self.setExtraSelections([])
        cursor = QTextCursor(self.document())
        if span is None:
            self.setTextCursor(cursor)
            return
        # Qt counts UTF-16 units; an emoji before the passage would shift the mark.
        start, end = (_units(text[:at]) for at in span)
        cursor.setPosition(start)
        self.setTextCursor(cursor)
        self.centerCursor()
        # Once more when it has its size, if it is only being shown.
        QTimer.singleShot(0, self, self.centerCursor)
        mark = QTextEdit.ExtraSelection()
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        mark.cursor = cursor
        shown = QTextCharFormat()
        shown.setBackground(color)
        mark.format = shown
        self.setExtraSelections([mark])


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
