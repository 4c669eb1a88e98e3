"""Asks what a new agent is to begin with: a template, or nothing."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.agents.drafts import AgentDraft
from app.agents.templates import AgentTemplate, templates
from app.base.errors import AppError
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.sheet import Sheet

_EMPTY = AgentTemplate(
    AgentDraft("New agent"), "Nothing set up: you write what it does and choose its tools.", ""
)
_ICONS = ("ph.books", "ph.table", "ph.folder-open", "ph.robot")


class NewAgentSheet(Sheet):
    """Stays open with the reason when an agent cannot be made. Used once.

    Signals:
        chosen: the `AgentTemplate`. Whoever listens calls `dismiss` or `refuse`.
    """

    chosen = Signal(object)

    def __init__(self, window: QWidget, icons: Icons) -> None:
        super().__init__(window, icons, "New agent", width=520)
        self.body.setSpacing(0)
        words = "Begin with one of these. Everything about it can be changed later."
        self.body.addWidget(Label(words, "body2", wrap=True))
        self.body.addSpacing(8)
        self.choices: list[Button] = []
        for template, icon in zip((*templates(), _EMPTY), _ICONS, strict=True):
            title = template.draft.name if template is not _EMPTY else "Empty agent"
            button = Button(title, "choice", icons.icon(icon, "accent_text"))
            button.setAccessibleName(f"{title}. {template.description}")
            button.clicked.connect(partial(self._on_chosen, template))
            self.choices.append(button)
            self.body.addWidget(button)
            note = Label(template.description, "caption", wrap=True)
            note.setContentsMargins(36, 0, 0, 10)
            self.body.addWidget(note)
        self.problem = Label("", "danger", wrap=True)
        self.problem.hide()
        self.body.addWidget(self.problem)
        self.closed.connect(self.deleteLater)

    def refuse(self, error: AppError) -> None:
        """Say why it cannot be made."""
        self.problem.setText(str(error))
        self.problem.show()
        self.place()

    def first_focus(self) -> QWidget | None:
        return self.choices[0]

    def _on_chosen(self, template: AgentTemplate) -> None:
        self.chosen.emit(template)
