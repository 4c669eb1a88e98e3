"""The persona of the chat that is shown: chosen among the prompts, shown in the header."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.base.errors import NotFound
from app.chat.entities import Conversation
from app.chat.prompt_use import PromptUse, as_persona, can_be_persona, persona_content
from app.prompts.entities import Prompt
from app.ui.chat.header import ChatHeader
from app.ui.chat.personas.picker import PersonaPicker
from app.ui.chat.prompts.control import PromptControl
from app.ui.chat.prompts.filling import PromptFilling, Purpose, chat_version
from app.ui.pane import PaneContext

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.prompts.service import PromptService

_PERSONA = Purpose(
    "Every answer in this chat follows its instructions, from the next question on. Its examples"
    " and sampling settings go with them; a form that it gives for answers does not.",
    "Use as persona",
    persona_content,
    as_persona,
)


class PersonaControl(QObject):
    """Changes the persona.

    Attributes:
        persona: of the chat that is shown; a new chat is stored with it.

    Signals:
        failed: an `AppError`.
    """

    failed = Signal(object)

    def __init__(
        self, header: ChatHeader, prompts: PromptControl, context: PaneContext, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._header, self._prompts = header, prompts
        self._context, self._window = context, parent
        self._services: Services | None = None
        self._conversation: Conversation | None = None
        self.persona: PromptUse | None = None
        self._filling = PromptFilling(_PERSONA, context, parent)
        self._filling.made.connect(self._set)
        self._filling.failed.connect(self.failed)
        prompts.read.connect(self._show)
        header.persona_requested.connect(self.choose)
        header.persona_update_requested.connect(self._update)
        header.persona_removed.connect(partial(self._set, None))

    def attach(self, services: Services) -> None:
        """The services are there."""
        self._services = services
        self._filling.attach(services)

    def show_conversation(self, conversation: Conversation | None) -> None:
        """Another chat is shown, or something of it is another. None: one not stored yet."""
        self._conversation = conversation
        if conversation is not None:
            self.persona = conversation.persona
        self._show()

    def start_new(self) -> None:
        """A new chat begins, without a persona."""
        self._conversation = self.persona = None
        self._show()

    def choose(self) -> None:
        """Let a person choose a persona."""
        if self._services is None:
            return
        picker = PersonaPicker(self._window.window(), self._context.icons, self._context.theme)
        picker.picked.connect(self._filling.begin)
        picker.prompts_requested.connect(partial(self._context.actions.pane_wanted.emit, "prompts"))
        picker.open()
        self._context.jobs.submit(
            read_personas,
            self._services.prompts,
            owner=picker,
            done=picker.show_prompts,
            failed=picker.show_problem,
        )

    def _update(self) -> None:
        prompt = self._prompts.find(self.persona.ref.prompt_id) if self.persona else None
        if prompt is not None:
            self._filling.begin(prompt)

    def _set(self, persona: PromptUse | None) -> None:
        self.persona = persona
        self._show()
        if self._services is not None and self._conversation is not None:
            self._context.jobs.submit(
                self._services.chat.set_persona,
                self._conversation.id,
                persona,
                owner=self,
                failed=self.failed.emit,
            )

    def _show(self) -> None:
        ref = self.persona.ref if self.persona is not None else None
        prompt = self._prompts.find(ref.prompt_id) if ref is not None else None
        newest = chat_version(prompt) if prompt is not None else 0
        self._header.show_persona(ref, newest if ref is not None and newest > ref.number else 0)


def read_personas(prompts: PromptService) -> tuple[Prompt, ...]:
    """The prompts that can be personas: those that say how to answer. Reads the database."""
    found = []
    for prompt in prompts.prompts():
        try:
            version = prompts.version(prompt.id, chat_version(prompt)) if prompt.latest else None
        except NotFound:  # deleted just now
            continue
        if version is not None and can_be_persona(version.content):
            found.append(prompt)
    return tuple(found)
