"""Prompts of the library in the composer: found after a slash, filled in, and put there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.chat.prompt_use import Filled, fill
from app.prompts.entities import Prompt, PromptId
from app.ui.chat.composer import Composer
from app.ui.chat.loading import Loading
from app.ui.chat.prompts.filling import PromptFilling, Purpose
from app.ui.chat.prompts.picker import PromptPicker
from app.ui.pane import PaneContext

if TYPE_CHECKING:
    from app.bootstrap import Services

_QUESTION = Purpose(
    "Its text goes into the question, where you can still change it. Its instructions, examples"
    " and settings go with this one question. Your documents are not searched for it, unless you"
    " say so above the question.",
    "Put into the question",
    lambda content: content,
    fill,
)


class PromptControl(QObject):
    """Between the slash and the question.

    Signals:
        read: the prompts are known, or others now.
        failed: an `AppError`.
    """

    read = Signal()
    failed = Signal(object)

    def __init__(
        self,
        composer: Composer,
        context: PaneContext,
        parent: QWidget,
        searches: Callable[[], bool],
    ) -> None:
        """Make it.

        Args:
            composer: that is filled.
            context: of the pane.
            parent: the pane.
            searches: whether a person has chosen documents, which are then to be searched.
        """
        super().__init__(parent)
        self._composer, self._jobs, self._searches = composer, context.jobs, searches
        self._loading: Loading[tuple[Prompt, ...]] | None = None
        self._prompts: tuple[Prompt, ...] = ()
        self._filling = PromptFilling(_QUESTION, context, parent)
        self._filling.made.connect(self._on_made)
        self._filling.failed.connect(self.failed)
        self._picker = PromptPicker(composer.edit, composer, context.theme)
        self._picker.picked.connect(self._filling.begin)

    def attach(self, services: Services) -> None:
        """The services are there: read what prompts there are."""
        self._filling.attach(services)
        read = services.prompts.prompts
        self._loading = Loading(self._jobs, self, read, self._on_read, self.failed.emit)
        self._loading.reload()

    def reload(self) -> None:
        """The prompts are others now."""
        if self._loading is not None:
            self._loading.reload()

    def find(self, prompt_id: PromptId) -> Prompt | None:
        """A prompt, if it is still there."""
        return next((each for each in self._prompts if each.id == prompt_id), None)

    def _on_read(self, prompts: tuple[Prompt, ...]) -> None:
        self._prompts = prompts
        self._picker.show_prompts([each for each in prompts if each.latest])
        self.read.emit()

    def _on_made(self, filled: Filled) -> None:
        self._composer.set_text(filled.question)
        self._composer.prompt.show_use(replace(filled.use, searches=self._searches()))
        self._composer.setFocus()
