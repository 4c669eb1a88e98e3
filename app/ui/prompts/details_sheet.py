"""The sheet that asks what a prompt is called, what it is for, and where it belongs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCompleter, QLineEdit, QWidget

from app.base.errors import AppError
from app.prompts.entities import Prompt, PromptId
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import column, row
from app.ui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from app.prompts.service import PromptService

_WIDTH = 480


@dataclass(frozen=True, slots=True)
class Details:
    """What lists show of a prompt."""

    name: str = ""
    description: str = ""
    folder: str = ""
    tags: tuple[str, ...] = ()

    @classmethod
    def of(cls, prompt: Prompt) -> Details:
        """Those of a prompt."""
        return cls(prompt.name, prompt.description, prompt.folder, prompt.tags)


def create(prompts: PromptService, details: Details) -> Prompt:
    """Begin a prompt with these details."""
    return prompts.create(
        details.name,
        description=details.description,
        folder=details.folder,
        tags=details.tags,
    )


def change_details(prompts: PromptService, prompt_id: PromptId, wanted: Details) -> Prompt:
    """Give a prompt these details; what cannot be taken leaves the rest as it was."""
    prompt = prompts.get(prompt_id)
    if wanted.name != prompt.name:
        prompt = prompts.rename(prompt_id, wanted.name)
    if wanted.description != prompt.description:
        prompt = prompts.describe(prompt_id, wanted.description)
    if wanted.folder != prompt.folder:
        prompt = prompts.move(prompt_id, wanted.folder)
    if wanted.tags != prompt.tags:
        prompt = prompts.set_tags(prompt_id, wanted.tags)
    return prompt


class DetailsSheet(Sheet):
    """Stays open with the reason when something cannot be taken. Used once.

    Signals:
        given: the `Details`. Whoever listens calls `dismiss` or `refuse`.
    """

    given = Signal(object)

    def __init__(
        self,
        window: QWidget,
        icons: Icons,
        title: str,
        *,
        confirm: str,
        details: Details | None = None,
        folders: Sequence[str] = (),
    ) -> None:
        super().__init__(window, icons, title, width=_WIDTH)
        begun = details or Details()
        self.name = _field("Name", begun.name, "In chat, it is called by this after a slash")
        self.description = _field("What it is for", begun.description, "One sentence")
        self.folder = _field("Folder", begun.folder, "None; or a path such as Work/Letters")
        self.tags = _field("Tags", ", ".join(begun.tags), "None; or words with commas between")
        self.folder.setCompleter(_completer(folders, self.folder))
        self.problem = Label("", "danger", wrap=True)
        self.problem.hide()
        self.confirm_button = Button(confirm, "primary")
        back = Button("Cancel")
        self.body.setSpacing(12)
        for field in (self.name, self.description, self.folder, self.tags):
            label = Label(field.accessibleName(), "h3")
            label.setBuddy(field)
            self.body.addWidget(column(label, field, spacing=4))
            field.textChanged.connect(self._on_text_changed)
            field.returnPressed.connect(self.confirm_button.click)
        self.body.addWidget(self.problem)
        self.body.addWidget(row(None, back, self.confirm_button))
        self.name.selectAll()
        back.clicked.connect(self.dismiss)
        self.confirm_button.clicked.connect(self._on_confirm_clicked)
        self.closed.connect(self.deleteLater)
        self._on_text_changed()

    def refuse(self, error: AppError) -> None:
        """Say why it cannot be taken, and let it be changed."""
        self.problem.setText(str(error))
        self.problem.show()
        self.confirm_button.setEnabled(True)
        self.place()

    def first_focus(self) -> QWidget | None:
        return self.name

    def _on_confirm_clicked(self) -> None:
        self.confirm_button.setEnabled(False)  # until there is an answer
        tags = (each.strip() for each in self.tags.text().split(","))
        self.given.emit(
            Details(
                self.name.text().strip(),
                self.description.text().strip(),
                self.folder.text().strip(),
                tuple(filter(None, tags)),
            )
        )

    def _on_text_changed(self) -> None:
        self.problem.hide()
        self.confirm_button.setEnabled(bool(self.name.text().strip()))


def _field(name: str, text: str, placeholder: str) -> QLineEdit:
    field = QLineEdit(text)
    field.setAccessibleName(name)
    field.setPlaceholderText(placeholder)
    return field


def _completer(words: Sequence[str], parent: QWidget) -> QCompleter:
    completer = QCompleter(list(words), parent)
    completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
    completer.setFilterMode(Qt.MatchFlag.MatchContains)
    if (popup := completer.popup()) is not None:
        popup.setObjectName("completion")
    return completer
