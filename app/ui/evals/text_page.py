"""A read-only page of texts under headings, with what differs between two of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtGui import QFont, QTextBlockFormat, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from app.prompts.diff import Change, Run
from app.ui.theme import TYPE_SIZES, ThemeKeeper

_LOWEST = 40  # pixels; Qt's own least would not fit into a small window
_MOST = 50_000  # characters of a text; more is in the exports
_COLORS = {Change.DELETED: "danger", Change.INSERTED: "ok", Change.EQUAL: "text"}
_LINE_END = "↵\n"  # else nobody would see that a line break came or went


class TextPage(QTextEdit):
    """Written from top to bottom."""

    def __init__(self, theme: ThemeKeeper, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._written: object = None
        self.setObjectName("evalText")
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumHeight(theme.px(_LOWEST))
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setAcceptDrops(False)
        self.setTabChangesFocus(True)

    def write(self, what: object, write: Callable[[], None]) -> None:
        """Write the page anew from the top, unless `what` is on it in these looks already."""
        wanted = (what, self._theme.is_dark, self._theme.px(100))
        if wanted != self._written:
            self._written = wanted
            self.clear()
            write()
            self.moveCursor(QTextCursor.MoveOperation.Start)

    def heading(self, words: str) -> None:
        """Begin a part."""
        look = self._look("overline", "text2")
        look.setFontWeight(QFont.Weight.DemiBold)
        look.setFontLetterSpacingType(QFont.SpacingType.AbsoluteSpacing)
        look.setFontLetterSpacing(0.5)
        self._block(top=14).insertText(words.upper(), look)

    def line(self, words: str, role: str = "text", size: str = "ui") -> None:
        """A paragraph in a colour."""
        text = words[:_MOST]
        self._block(top=3).insertText(text, self._look(size, role))
        if len(words) > _MOST:
            more = f"{len(words) - _MOST:,} more characters are in the exports."
            self._block(top=3).insertText(more, self._look("caption", "text2"))

    def runs(self, runs: Iterable[Run]) -> None:
        """What became of a text: removed words struck through, added ones underlined."""
        cursor = self._block(top=3)
        for run in runs:
            color = _COLORS[run.change]
            look = self._look("ui", color)
            is_changed = run.change is not Change.EQUAL
            if is_changed:
                look.setBackground(self._theme.color(f"{color}_bg"))
            look.setFontStrikeOut(run.change is Change.DELETED)
            look.setFontUnderline(run.change is Change.INSERTED)
            is_blank = is_changed and not run.text.strip()
            cursor.insertText(run.text.replace("\n", _LINE_END) if is_blank else run.text, look)

    def _block(self, *, top: int) -> QTextCursor:
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        shape = QTextBlockFormat()
        if self.document().isEmpty():
            cursor.setBlockFormat(shape)
        else:
            shape.setTopMargin(top)
            cursor.insertBlock(shape)
        return cursor

    def _look(self, size: str, role: str) -> QTextCharFormat:
        look = QTextCharFormat()
        look.setProperty(QTextCharFormat.Property.FontPixelSize, self._theme.px(TYPE_SIZES[size]))
        look.setForeground(self._theme.color(role))
        return look
