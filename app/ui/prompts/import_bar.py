"""What became of imported files: which were taken in, and what could not be carried."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.base.errors import AppError
from app.ui.amounts import count_text
from app.ui.icons import Icons
from app.ui.prompts.importing import Imported
from app.ui.widgets.choice import Severity
from app.ui.widgets.info_bar import Bar, announce
from app.ui.widgets.labels import Label

MOST_LINES = 5
_LIST_HEIGHT = 160


class ImportBar(Bar):
    """A heading, and a line for everything that is to be known."""

    def __init__(
        self, icons: Icons, outcome: Sequence[Imported], parent: QWidget | None = None
    ) -> None:
        severity = Severity.WARN if any(each.problem for each in outcome) else Severity.INFO
        super().__init__(icons, severity, parent=parent)
        self.title, self.lines = import_title(outcome), import_lines(outcome)
        self.words.addWidget(Label(self.title, "h3", wrap=True))
        if len(self.lines) <= MOST_LINES:
            for line in self.lines:
                self.words.addWidget(Label(line, wrap=True))
        else:
            self.words.addWidget(self._everything())
        announce(self, self.title)

    def _everything(self) -> QPlainTextEdit:
        everything = QPlainTextEdit("\n".join(self.lines))
        everything.setObjectName("report")
        everything.setAccessibleName("What is to be known about the imported files")
        everything.setReadOnly(True)
        everything.setTabChangesFocus(True)
        everything.setFixedHeight(_LIST_HEIGHT)
        return everything


def import_title(outcome: Sequence[Imported]) -> str:
    """How many were taken in, in one line."""
    taken = [each for each in outcome if each.problem is None]
    if len(taken) == 1:
        words = f"“{taken[0].name}” was imported"
        words += f" as version {taken[0].version}" if taken[0].version > 1 else ""
    else:
        words = f"{count_text(len(taken), 'prompt')} were imported"
    failed = len(outcome) - len(taken)
    if not failed:
        return words
    if not taken:
        return f"{count_text(failed, 'file')} {'was' if failed == 1 else 'were'} not imported"
    return f"{words}, {count_text(failed, 'file')} {'was' if failed == 1 else 'were'} not"


def import_lines(outcome: Sequence[Imported]) -> tuple[str, ...]:
    """A line for each file that was refused, and for each thing that could not be carried."""
    refused = (_named(each.path.name, each.problem) for each in outcome if each.problem)
    left = (f"{each.path.name}, left out: {words}" for each in outcome for words in each.left_out)
    return (*refused, *left)


def _named(name: str, problem: AppError) -> str:
    return str(problem) if name in problem.message else f"{name}: {problem}"
