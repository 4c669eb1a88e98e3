"""Saves the drafts of prompts as they are typed."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.base.errors import AppError
from app.prompts.codec import normal
from app.prompts.entities import Content, PromptId
from app.ui.forms.typed_keeper import TypedKeeper
from app.ui.jobs import JobRunner
from app.ui.prompts.reading import Opened

if TYPE_CHECKING:
    from app.prompts.service import PromptService

SAVE_AFTER_MS = 400


def save(prompts: PromptService, prompt_id: PromptId, content: Content) -> Opened:
    """Save a draft. Returns the prompt, and the content as it comes back from storage."""
    kept = normal(content)
    prompts.save_draft(prompt_id, kept)
    return Opened(prompts.get(prompt_id), kept)


class DraftKeeper(TypedKeeper[PromptId, Content]):
    """Holds drafts until they are stored. What waits for that fails if a draft cannot be.

    Signals:
        saved: the prompt and its content as they are stored now, as `Opened`.
        failed: the `PromptId` and the `AppError`.
    """

    saved = Signal(object)
    failed = Signal(object, object)

    def __init__(self, jobs: JobRunner, parent: QObject) -> None:
        super().__init__(jobs, parent, SAVE_AFTER_MS)
        self._prompts: PromptService | None = None

    def attach(self, prompts: PromptService) -> None:
        """The service is there."""
        self._prompts = prompts

    def touch(self, prompt_id: PromptId, content: Content) -> None:
        """This was typed; it is saved after a rest."""
        self._hold(prompt_id, content)

    def is_unsaved(self, prompt_id: PromptId) -> bool:
        """Whether something of it is not stored yet."""
        return prompt_id in self._unsaved

    @property
    def has_problems(self) -> bool:
        """Whether anything could not be saved when that was last tried."""
        return bool(self._stuck)

    def _save(self, key: PromptId, typed: Content) -> Opened:
        assert self._prompts is not None  # nothing is typed before it is there
        return save(self._prompts, key, typed)

    def _tell_saved(self, _key: PromptId, _typed: Content, kept: Opened) -> None:
        self.saved.emit(kept)

    def _tell_failed(self, key: PromptId, _typed: Content, error: AppError) -> None:
        if key in self._unsaved:
            self._stuck[key] = error
            self.failed.emit(key, error)
        steps, self._steps = tuple(self._steps), deque()
        for step in steps:
            step.failed(error)
