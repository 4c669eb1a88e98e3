"""Which files were not taken into the library, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.ui.amounts import count_text
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Severity
from app.ui.widgets.info_bar import Bar, announce
from app.ui.widgets.labels import Label

if TYPE_CHECKING:
    from app.library.intake import Refused

MOST_LINES = 4
_LIST_HEIGHT = 180


class RefusedBar(Bar):
    """A line for each reason, with the files it is about; every file on request."""

    def __init__(
        self, icons: Icons, refused: Sequence[Refused], parent: QWidget | None = None
    ) -> None:
        super().__init__(icons, Severity.WARN, parent=parent)
        self._refused = tuple(refused)
        self.lines = summary(refused)
        self._fill()

    def _fill(self) -> None:
        count = len(self._refused)
        title = f"{count_text(count, 'file')} {'was' if count == 1 else 'were'} not added"
        self.words.addWidget(Label(title, "h3", wrap=True))
        for words in self.lines[:MOST_LINES]:
            self.words.addWidget(Label(words, wrap=True))
        if count > 1:
            self._show_all_button = Button("Show every file", "bar")
            self._show_all_button.clicked.connect(self._show_all)
            self.words.addWidget(self._show_all_button, 0, Qt.AlignmentFlag.AlignLeft)
        announce(self, title)

    def _show_all(self) -> None:
        self._show_all_button.hide()
        everything = QPlainTextEdit()
        everything.setObjectName("refused")
        everything.setAccessibleName("Files that were not added")
        everything.setReadOnly(True)
        everything.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        everything.setPlainText(
            "\n".join(f"{each.path}: {each.reason} {each.hint}".strip() for each in self._refused)
        )
        everything.setFixedHeight(_LIST_HEIGHT)
        self.words.addWidget(everything)
        everything.setFocus()


def summary(refused: Sequence[Refused]) -> tuple[str, ...]:
    """A line for each reason, the one about the most files last."""
    files: dict[str, list[str]] = {}
    for each in refused:
        reason = f"{each.reason} {each.hint}".strip()
        files.setdefault(reason, []).append(each.path.name or str(each.path))
    # What concerns one file is news; what concerns a hundred is a kind of file nobody meant.
    ordered = sorted(files.items(), key=lambda item: len(item[1]))
    return tuple(f"{_named(names)} — {reason}" for reason, names in ordered)


def _named(names: Sequence[str]) -> str:
    if len(names) <= 2:
        return " and ".join(names)
    return f"{names[0]} and {len(names) - 1:,} more"
