"""Texts that others wrote, as lines in a box: plain, complete, and with nothing that looks like
another line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import (
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from app.ui.theme import ThemeKeeper
from app.ui.widgets.labels import ElidedLabel

_AROUND: Final = 18  # the padding and border of the box, above and below
_HANG: Final = 16  # how far what is wrapped stands in


class PlainElided(ElidedLabel):
    """An elided label that a short word fits."""

    def minimumSizeHint(self) -> QSize:
        return super().minimumSizeHint().boundedTo(self.sizeHint())


class LinesBox(QTextEdit):
    """Read-only lines of code, as high as they need up to `most` lines; then they scroll.

    A line that is wrapped goes on further in: its rest cannot pass for a line of its own. The wheel
    scrolls the page around it unless it has the focus.
    """

    def __init__(
        self, theme: ThemeKeeper, name: str, parent: QWidget | None = None, *, most: int = 8
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._most = most
        self._shown: tuple[tuple[str, str], ...] = ()
        self.setObjectName("serverlines")
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setAcceptDrops(False)
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(2)
        theme.changed.connect(self._write)

    @property
    def lines(self) -> tuple[str, ...]:
        """What is shown."""
        return tuple(line for line, _tone in self._shown)

    def show_lines(self, lines: Sequence[str], tones: Sequence[str] = ()) -> None:
        """Show other lines; who reads the end goes on reading the end.

        Args:
            lines: plain text, one line each.
            tones: a colour token for each line, "" for the usual one; empty for none.
        """
        shown = tuple(zip(lines, tones or [""] * len(lines), strict=True))
        if shown != self._shown:
            self._shown = shown
            self._write()

    def _write(self) -> None:
        bar = self.verticalScrollBar()
        place, is_at_end = bar.value(), bar.value() == bar.maximum()
        self.clear()
        cursor = self.textCursor()
        look = QTextBlockFormat()
        look.setLeftMargin(_HANG)
        look.setTextIndent(-_HANG)
        for at, (line, tone) in enumerate(self._shown):
            if at:
                cursor.insertBlock()
            cursor.setBlockFormat(look)
            cursor.insertText(line, self._letters(tone))
        self.moveCursor(QTextCursor.MoveOperation.Start)
        self._fit()
        bar.setValue(bar.maximum() if is_at_end and place else place)

    def _letters(self, tone: str) -> QTextCharFormat:
        look = QTextCharFormat()
        look.setFont(self._theme.code_font())
        look.setForeground(self._theme.color(tone or "text"))
        if f"{tone}_bg" in self._theme.tokens:
            look.setBackground(self._theme.color(f"{tone}_bg"))
        return look

    def _fit(self) -> None:
        line = self._theme.px(20)
        wanted, most = round(self.document().size().height()) + _AROUND, self._most * line + _AROUND
        # As needed, a bar would come for a moment, wrap the lines anew, and stay.
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAlwaysOff if wanted <= most else policy.ScrollBarAsNeeded
        )
        self.setFixedHeight(max(line + _AROUND, min(wanted, most)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()
