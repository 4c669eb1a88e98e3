"""From a prompt that was chosen to what comes of it: its version, its form, its values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.prompts.entities import Content, Prompt, PromptId, PromptVersion
from app.ui.chat.prompts.sheet import PromptSheet
from app.ui.pane import PaneContext

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.prompts.service import PromptService

PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Purpose:
    """What prompts are filled in for.

    Attributes:
        words: what will come of it, for a person.
        done: what the button says.
        needed: what of a content is needed.
        make: what comes of the name of a prompt, its version, and the values.
    """

    words: str
    done: str
    needed: Callable[[Content], Content]
    make: Callable[[str, PromptVersion, Mapping[str, object]], object]


class PromptFilling(QObject):
    """Asks for values only where a prompt has variables, and remembers them while Cairn is open.

    Signals:
        made: what came of a prompt.
        failed: an `AppError`.
    """

    made = Signal(object)
    failed = Signal(object)

    def __init__(self, purpose: Purpose, context: PaneContext, window: QWidget) -> None:
        super().__init__(window)
        self._purpose, self._context, self._window = purpose, context, window
        self._services: Services | None = None
        self._values: dict[PromptId, Mapping[str, object]] = {}

    def attach(self, services: Services) -> None:
        """The services are there."""
        self._services = services

    def begin(self, prompt: Prompt) -> None:
        """Take a prompt."""
        if self._services is not None:
            self._context.jobs.submit(
                _read,
                self._services.prompts,
                prompt,
                self._purpose.needed,
                owner=self,
                done=partial(self._on_read, prompt),
                failed=self.failed.emit,
            )

    def _on_read(self, prompt: Prompt, read: tuple[PromptVersion, Content]) -> None:
        version, needed = read
        if not needed.variables or self._services is None:
            self._make(prompt, version, None, {})
            return
        purpose, window = self._purpose, self._window.window()
        sheet = PromptSheet(window, self._context, prompt, needed, purpose.words, done=purpose.done)
        sheet.attach(self._services.library)
        sheet.remember(self._values.get(prompt.id, {}))
        sheet.filled.connect(partial(self._make, prompt, version, sheet))
        sheet.open()

    def _make(
        self,
        prompt: Prompt,
        version: PromptVersion,
        sheet: PromptSheet | None,
        values: Mapping[str, object],
    ) -> None:
        self._values[prompt.id] = values
        self._context.jobs.submit(
            self._purpose.make,
            prompt.name,
            version,
            values,
            owner=sheet or self,
            done=partial(self._on_made, sheet),
            failed=sheet.show_problem if sheet is not None else self.failed.emit,
        )

    def _on_made(self, sheet: PromptSheet | None, made: object) -> None:
        if sheet is not None:
            sheet.dismiss()
        self.made.emit(made)


def chat_version(prompt: Prompt) -> int:
    """The version that a chat takes: the one labelled “production”, or else the newest."""
    return prompt.labels.get(PRODUCTION, prompt.latest)


def _read(
    prompts: PromptService, prompt: Prompt, needed: Callable[[Content], Content]
) -> tuple[PromptVersion, Content]:
    version = prompts.version(prompt.id, chat_version(prompt))
    return version, needed(version.content)
