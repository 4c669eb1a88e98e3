"""Text as it is, nothing of it hidden: arguments, results and changes."""

from __future__ import annotations

import math
import re
from typing import Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import (
    QFontMetricsF,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QVBoxLayout, QWidget

from app.agents.mcp.definitions import shown as visible
from app.ui.amounts import size_text
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row

PAGE = 200_000  # characters that are laid out at once
_LONGEST_LINE = 1_000
_GOES_ON = "⋯ "  # begins what is still the same line
_DIFF_COLORS: Final = {"+": "ok", "-": "danger", "@": "text2", "\\": "text3"}
_HUNK: Final = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@.*")

Look = tuple[QTextCharFormat, QTextBlockFormat]


class PlainText(QPlainTextEdit):
    """Read-only text in the code font, as high as its lines up to some.

    The wheel scrolls the page around it unless it has the focus.
    """

    def __init__(self, theme: ThemeKeeper, name: str, *, most_lines: int = 16) -> None:
        super().__init__()
        self._theme = theme
        self._most_lines = most_lines
        self._look: Look | None = None  # of the last line
        self.setObjectName("agenttext")
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)

    def add(self, text: str) -> None:
        """Add text at the end; what cannot be seen in it is spelled."""
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        for at, line in enumerate(self._lines(visible(text))):
            if at:
                cursor.insertBlock()
            if at or not self._look:  # else it goes on with the line that is there
                self._look = self._look_of(line)
            self._add_line(cursor, self._words_of(line), *self._look)
        cursor.endEditBlock()

    def _lines(self, text: str) -> list[str]:
        return text.split("\n")

    def _words_of(self, line: str) -> str:
        return line

    def _look_of(self, _line: str) -> Look:
        return QTextCharFormat(), QTextBlockFormat()

    def _add_line(
        self, cursor: QTextCursor, line: str, look: QTextCharFormat, block: QTextBlockFormat
    ) -> None:
        # Laying out one line takes the square of its length.
        for start in range(0, max(len(line), 1), _LONGEST_LINE):
            if start:
                cursor.insertBlock()
            cursor.setBlockFormat(block)
            cursor.insertText(_GOES_ON if start else "", look)
            cursor.insertText(line[start : start + _LONGEST_LINE], look)

    def _fit(self) -> None:
        wanted = max(1, math.ceil(self.document().size().height()))
        lines = min(wanted, self._most_lines)
        policy = Qt.ScrollBarPolicy
        scrolls = policy.ScrollBarAsNeeded if wanted > lines else policy.ScrollBarAlwaysOff
        if scrolls != self.verticalScrollBarPolicy():
            self.setVerticalScrollBarPolicy(scrolls)
        line = math.ceil(QFontMetricsF(self.font()).lineSpacing())  # as a line is laid out
        margins = self.contentsMargins()
        around = 2 * self.document().documentMargin() + margins.top() + margins.bottom()
        height = math.ceil(lines * line + around)
        if height != self.height():
            self.setFixedHeight(height)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class DiffText(PlainText):
    """A unified diff, with its lines coloured and the places in words.

    The names of the files are left out: whoever shows it says which file it is about.
    """

    def __init__(self, theme: ThemeKeeper, name: str, *, most_lines: int = 16) -> None:
        super().__init__(theme, name, most_lines=most_lines)
        self._diff = ""
        theme.changed.connect(self._recolor)

    def add(self, text: str) -> None:
        super().add(text)
        self._diff += text

    def _lines(self, text: str) -> list[str]:
        lines = super()._lines(text)
        # Only at the beginning: further down, such lines were taken out and put in.
        starts = tuple(each[:4] for each in lines[:2])
        return lines[2:] if starts == ("--- ", "+++ ") and not self._diff else lines

    def _words_of(self, line: str) -> str:
        return _place_words(line)

    def _look_of(self, line: str) -> Look:
        look, block = QTextCharFormat(), QTextBlockFormat()
        color = _DIFF_COLORS.get(line[:1], "text")
        look.setForeground(self._theme.color(color))
        if color in ("ok", "danger"):
            block.setBackground(self._theme.color(f"{color}_bg"))
        return look, block

    def _recolor(self) -> None:
        diff, self._diff, self._look = self._diff, "", None
        self.clear()
        self.add(diff)


def _place_words(line: str) -> str:
    """What the head of a hunk says of the new text; every other line as it is."""
    found = _HUNK.fullmatch(line)
    if found is None:
        return line
    first, count = int(found[1]), int(found[2] or 1)
    if count == 0:
        return f"After line {first:,}" if first else "Everything"
    if count == 1:
        return f"Line {first:,}"
    return f"Lines {first:,} to {first + count - 1:,}"


class PagedText(QWidget):
    """A text of any length: its beginning, and a button for each further piece."""

    def __init__(self, view: PlainText, text: str) -> None:
        """Show a text.

        Args:
            view: shows nothing yet.
        """
        super().__init__()
        self.view = view
        self._rest = text
        self._size = len(text)
        self._shown = Label("", "caption")
        self.more = Button("Show more", "small")
        self.more.clicked.connect(self._add)
        self._bar = row(self._shown, None, self.more)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.view)
        layout.addWidget(self._bar)
        self._add()

    @property
    def is_whole(self) -> bool:
        """Whether all of it is shown."""
        return not self._rest

    def _add(self) -> None:
        end = self._rest.rfind("\n", PAGE // 2, PAGE) + 1 or PAGE  # at the end of a line
        end = len(self._rest) if len(self._rest) <= PAGE else end
        piece, self._rest = self._rest[:end], self._rest[end:]
        self.view.add(piece)
        self._bar.setVisible(bool(self._rest))
        here = size_text(self._size - len(self._rest))
        self._shown.setText(f"The first {here} of {size_text(self._size)}")
