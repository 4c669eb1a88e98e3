"""Shows what differs between two contents, word by word: by colour, and by lines for the eye
that cannot tell the colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtGui import (
    QFont,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFrameFormat,
    QTextLength,
    QTextTableFormat,
)
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from app.engine.messages import Role
from app.prompts.diff import Change, ContentDiff, PartDiff, Run
from app.ui.theme import TYPE_SIZES, ThemeKeeper

ROLE_TITLES = {Role.SYSTEM: "System", Role.USER: "User", Role.ASSISTANT: "Assistant"}
_LINE_END = "↵\n"  # else nobody would see that a line break came or went
_SAME = "Nothing differs between these two."
_EMPTY = "There is nothing in this version."


class DiffView(QTextEdit):
    """A read-only page. Removed words are struck through, added ones underlined."""

    def __init__(self, theme: ThemeKeeper, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._diff: ContentDiff | None = None
        self._is_whole = self._is_split = False
        self.setObjectName("diff")
        self.setAccessibleName("What differs")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setAcceptDrops(False)
        self.setTabChangesFocus(True)
        theme.changed.connect(self._write)

    def show_diff(self, diff: ContentDiff | None, *, is_whole: bool, is_split: bool) -> None:
        """Show a difference.

        Args:
            diff: what to show; None for an empty page.
            is_whole: it was compared with nothing, so that all of it is simply shown.
            is_split: before and after beside each other.
        """
        self._diff, self._is_whole = diff, is_whole
        self._is_split = is_split and not is_whole
        self._write()

    def _write(self) -> None:
        place = self.verticalScrollBar().value()
        self.clear()
        if self._diff is not None:
            _Writer(self._theme, self.textCursor(), is_plain=self._is_whole).write(
                self._diff, is_split=self._is_split
            )
        self.verticalScrollBar().setValue(place)


class _Writer:
    def __init__(self, theme: ThemeKeeper, cursor: QTextCursor, *, is_plain: bool) -> None:
        self._theme = theme
        self._cursor = cursor
        self._is_plain = is_plain
        self._is_first = True

    def write(self, diff: ContentDiff, *, is_split: bool) -> None:
        if not diff.is_changed:
            self._line(_EMPTY if self._is_plain else _SAME, self._words("ui", "text2"))
        for part in diff.parts:
            title = ROLE_TITLES.get(part.role, part.role.value)
            self._section(title if self._is_plain else f"{title}{_fate(part)}", part.runs, is_split)
        if diff.changes and not self._is_plain:
            self._heading("Also changed")
            for sentence in diff.changes:
                self._line(f"•  {sentence}", self._words("ui", "text"))
        if any(run.change is not Change.EQUAL for run in diff.schema):
            self._section("Output schema", diff.schema, is_split)

    def _section(self, title: str, runs: Sequence[Run], is_split: bool) -> None:
        self._heading(title)
        if not is_split:
            self._block(top=2)
            self._runs(runs)
            return
        table = self._cursor.insertTable(1, 2, self._table_look())
        for column, hidden in enumerate((Change.INSERTED, Change.DELETED)):
            self._cursor = table.cellAt(0, column).firstCursorPosition()
            self._runs(run for run in runs if run.change is not hidden)
        self._cursor = table.lastCursorPosition()
        self._cursor.movePosition(QTextCursor.MoveOperation.NextBlock)

    def _heading(self, words: str) -> None:
        look = self._words("overline", "text2")
        look.setFontWeight(QFont.Weight.DemiBold)
        look.setFontLetterSpacingType(QFont.SpacingType.AbsoluteSpacing)
        look.setFontLetterSpacing(0.5)
        self._block(top=0 if self._is_first else 18)
        self._is_first = False
        self._cursor.insertText(words.upper(), look)

    def _line(self, words: str, look: QTextCharFormat) -> None:
        self._block(top=4)
        self._cursor.insertText(words, look)

    def _block(self, *, top: int) -> None:
        look = QTextBlockFormat()
        look.setTopMargin(top)
        if self._cursor.atStart():
            self._cursor.setBlockFormat(look)
        else:
            self._cursor.insertBlock(look)

    def _runs(self, runs: Iterable[Run]) -> None:
        for run in runs:
            change = Change.EQUAL if self._is_plain else run.change
            is_hidden = change is not Change.EQUAL and not run.text.strip()
            text = run.text.replace("\n", _LINE_END) if is_hidden else run.text
            self._cursor.insertText(text, self._look(change))

    def _look(self, change: Change) -> QTextCharFormat:
        look = QTextCharFormat()
        look.setFont(self._theme.code_font())
        color = {Change.DELETED: "danger", Change.INSERTED: "ok"}.get(change, "text")
        look.setForeground(self._theme.color(color))
        if change is not Change.EQUAL:
            look.setBackground(self._theme.color(f"{color}_bg"))
        look.setFontStrikeOut(change is Change.DELETED)
        look.setFontUnderline(change is Change.INSERTED)
        return look

    def _words(self, size: str, color: str) -> QTextCharFormat:
        look = QTextCharFormat()
        look.setProperty(QTextCharFormat.Property.FontPixelSize, self._theme.px(TYPE_SIZES[size]))
        look.setForeground(self._theme.color(color))
        return look

    def _table_look(self) -> QTextTableFormat:
        look = QTextTableFormat()
        look.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
        half = QTextLength(QTextLength.Type.PercentageLength, 50)
        look.setColumnWidthConstraints([half, half])
        look.setCellPadding(8)
        look.setCellSpacing(0)
        look.setTopMargin(6)
        look.setBorder(1)
        look.setBorderCollapse(True)
        look.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        look.setBorderBrush(self._theme.color("border"))
        return look


def _fate(part: PartDiff) -> str:
    if part.old is None:
        return " — new"
    if part.new is None:
        return " — gone"
    return "" if part.is_changed else " — unchanged"
