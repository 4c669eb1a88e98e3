"""The answer of a trial, letter by letter as it came; words that differ can be marked."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCharFormat, QTextCursor, QWheelEvent
from PySide6.QtWidgets import QFrame

from app.prompts.diff import Change, Run
from app.ui.theme import ThemeKeeper
from app.ui.widgets.grown_text import GrownText


class AnswerText(GrownText):
    """As high as its text, so that the page scrolls and not it."""

    def __init__(self, theme: ThemeKeeper, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._runs: tuple[Run, ...] = ()
        self.setObjectName("trialanswer")
        self.setAccessibleName(name)
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)
        theme.changed.connect(self._show_runs)
        self._grow()

    def append(self, text: str) -> None:
        """Add text at the end."""
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(text, QTextCharFormat())

    def show_text(self, text: str) -> None:
        """Show another text, nothing in it marked."""
        if self._runs or self.toPlainText() != text:
            self._runs = ()
            self.clear()
            self.append(text)

    def show_runs(self, runs: Sequence[Run]) -> None:
        """Show a text with what the other one does not have marked."""
        self._runs = tuple(runs)
        self._show_runs()

    def _show_runs(self) -> None:
        if not self._runs:
            return
        self.clear()
        cursor = QTextCursor(self.document())
        for run in self._runs:
            cursor.insertText(run.text, self._format(run.change))

    def _format(self, change: Change) -> QTextCharFormat:
        made = QTextCharFormat()
        made.setForeground(self._theme.color("text"))
        if change is Change.EQUAL:
            return made
        role = "danger" if change is Change.DELETED else "ok"
        made.setForeground(self._theme.color(role))
        made.setBackground(self._theme.color(f"{role}_bg"))
        # Not by colour alone.
        made.setFontUnderline(change is Change.INSERTED)
        made.setFontStrikeOut(change is Change.DELETED)
        return made

    def _grow(self) -> None:
        lines = max(1, round(self.document().size().height()))
        margins = self.contentsMargins()
        self._fit(lines * self.fontMetrics().lineSpacing() + margins.top() + margins.bottom())

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()
