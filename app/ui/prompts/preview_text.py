"""The prompt as the model reads it: what the template adds is in another colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QTextCharFormat, QTextCursor

from app.engine.messages import Turn
from app.prompts.preview import PromptRun, RunKind
from app.ui.prompts.fields import GrowingText
from app.ui.theme import ThemeKeeper

_MOST_SHOWN = 20_000  # characters; drawn in some 10 ms
_LINES = 60


class PreviewText(GrowingText):
    """Shows runs of text; nothing in it can be edited."""

    def __init__(self, theme: ThemeKeeper) -> None:
        name = "The prompt as the model reads it"
        super().__init__(name, fewest=3, most=_LINES, is_code=True)
        self.setObjectName("previewtext")
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._theme = theme
        self._runs: tuple[PromptRun, ...] = ()
        theme.changed.connect(self._draw)

    def show_runs(self, runs: Sequence[PromptRun]) -> None:
        """Show what the model gets."""
        if tuple(runs) != self._runs:
            self._runs = tuple(runs)
            self._draw()

    def show_turns(self, turns: Sequence[Turn]) -> None:
        """Show the turns below their roles, where no template is known."""
        self.show_runs(tuple(_titled(turns)))

    def _draw(self) -> None:
        scrolled = self.verticalScrollBar().value()
        self.show_text("")
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        left = _MOST_SHOWN
        for run in self._runs:
            cursor.insertText(run.text[: max(left, 0)], self._format(run.kind))
            left -= len(run.text)
        if left < 0:
            words = f"\n… and {-left:,} more characters"
            cursor.insertText(words, self._format(RunKind.TEMPLATE))
        cursor.endEditBlock()
        self._grow()
        self.verticalScrollBar().setValue(scrolled)

    def _format(self, kind: RunKind) -> QTextCharFormat:
        made = QTextCharFormat()
        if kind is RunKind.CONTENT:
            made.setForeground(self._theme.color("text"))
            return made
        made.setForeground(self._theme.color("accent_text"))
        if kind is RunKind.CONTROL:
            made.setBackground(self._theme.color("selected"))
            made.setFontWeight(QFont.Weight.DemiBold)
        return made


def _titled(turns: Sequence[Turn]) -> Iterator[PromptRun]:
    for index, turn in enumerate(turns):
        gap = "\n\n" if index < len(turns) - 1 else ""
        yield PromptRun(RunKind.CONTROL, turn.role.capitalize())
        yield PromptRun(RunKind.CONTENT, f"\n{turn.content.strip()}{gap}")
