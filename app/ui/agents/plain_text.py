"""Text as it is, nothing of it hidden: arguments, results and diffs."""

from __future__ import annotations

import math

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
_DIFF_COLORS = {"+": "ok", "-": "danger", "@": "info", "\\": "text3"}


class PlainText(QPlainTextEdit):
    """Read-only text in the code font, as high as its lines up to some, with diff lines coloured.

    The wheel scrolls the page around it unless it has the focus.
    """

    def __init__(
        self, theme: ThemeKeeper, name: str, *, most_lines: int = 16, is_diff: bool = False
    ) -> None:
        super().__init__()
        self._theme = theme
        self._most_lines = most_lines
        self._is_diff = is_diff
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
        if is_diff:
            theme.changed.connect(self._recolor)

    def add(self, text: str) -> None:
        """Add text at the end; what cannot be seen in it is spelled."""
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        for at, line in enumerate(visible(text).split("\n")):
            if at:
                cursor.insertBlock()
            self._add_line(cursor, line)
        cursor.endEditBlock()

    def show_text(self, text: str) -> None:
        """Show another text."""
        self.clear()
        self.add(text)

    def _add_line(self, cursor: QTextCursor, line: str) -> None:
        look, block = self._looks(line)
        # Laying out one line takes the square of its length.
        for start in range(0, max(len(line), 1), _LONGEST_LINE):
            if start:
                cursor.insertBlock()
            cursor.setBlockFormat(block)
            cursor.insertText(_GOES_ON if start else "", look)
            cursor.insertText(line[start : start + _LONGEST_LINE], look)

    def _looks(self, line: str) -> tuple[QTextCharFormat, QTextBlockFormat]:
        look, block = QTextCharFormat(), QTextBlockFormat()
        if self._is_diff:
            is_head = line.startswith(("+++", "---"))
            color = "text2" if is_head else _DIFF_COLORS.get(line[:1], "text")
            look.setForeground(self._theme.color(color))
            if color in ("ok", "danger"):
                block.setBackground(self._theme.color(f"{color}_bg"))
        return look, block

    def _recolor(self) -> None:
        self.show_text(self.toPlainText().replace(f"\n{_GOES_ON}", ""))

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


class PagedText(QWidget):
    """A text of any length: its beginning, and a button for each further piece."""

    def __init__(
        self, theme: ThemeKeeper, name: str, text: str, *, is_diff: bool = False, lines: int = 16
    ) -> None:
        super().__init__()
        self.view = PlainText(theme, name, most_lines=lines, is_diff=is_diff)
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
        piece, self._rest = self._rest[:PAGE], self._rest[PAGE:]
        self.view.add(piece)
        self._bar.setVisible(bool(self._rest))
        here = size_text(self._size - len(self._rest))
        self._shown.setText(f"The first {here} of {size_text(self._size)}")
