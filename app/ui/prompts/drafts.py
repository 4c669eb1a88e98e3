"""Saves what is being written: soon after it was typed, in order, and at the latest at the end."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from app.base.errors import AppError
from app.prompts.codec import normal
from app.prompts.entities import Content, PromptId
from app.ui.jobs import Job, JobRunner
from app.ui.prompts.reading import Opened

if TYPE_CHECKING:
    from app.prompts.service import PromptService

log = logging.getLogger(__name__)

T = TypeVar("T")
SAVE_AFTER_MS = 400
_PATIENCE_S = 10.0  # for a save that is under way when the window closes


def save(prompts: PromptService, prompt_id: PromptId, content: Content) -> Opened:
    """Save a draft. Returns the prompt, and the content as it comes back from storage."""
    kept = normal(content)
    prompts.save_draft(prompt_id, kept)
    return Opened(prompts.get(prompt_id), kept)


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """Something that has to wait for the drafts before it."""

    work: Callable[[], Any]
    done: Callable[[Any], object]
    failed: Callable[[AppError], object]


class DraftKeeper(QObject):
    """Has one save under way at a time, so that the last words typed are the ones that are kept.

    A draft that cannot be saved is held until it can be: at the next change, or `flush`.

    Signals:
        changed: whether something is unsaved, or fails to be saved, may be other than before.
        saved: the prompt and its content as they are stored now, as `Opened`.
        failed: the `PromptId` and the `AppError`.
    """

    changed = Signal()
    saved = Signal(object)
    failed = Signal(object, object)

    def __init__(self, jobs: JobRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._prompts: PromptService | None = None
        self._unsaved: dict[PromptId, Content] = {}
        self._stuck: dict[PromptId, AppError] = {}
        self._steps: deque[_Step] = deque()
        self._job: Job | None = None
        self._timer = QTimer(self, singleShot=True, interval=SAVE_AFTER_MS)
        self._timer.timeout.connect(self.flush)

    def attach(self, prompts: PromptService) -> None:
        """The service is there."""
        self._prompts = prompts

    def touch(self, prompt_id: PromptId, content: Content) -> None:
        """This was typed; it is saved after a rest."""
        self._unsaved[prompt_id] = content
        self._timer.start()
        self.changed.emit()

    def is_unsaved(self, prompt_id: PromptId) -> bool:
        """Whether something of it is not stored yet."""
        return prompt_id in self._unsaved

    def unsaved(self, prompt_id: PromptId) -> Content | None:
        """What of it is not stored yet; None if all is."""
        return self._unsaved.get(prompt_id)

    def problem(self, prompt_id: PromptId) -> AppError | None:
        """Why it could not be saved when that was last tried."""
        return self._stuck.get(prompt_id)

    @property
    def has_problems(self) -> bool:
        """Whether anything could not be saved when that was last tried."""
        return bool(self._stuck)

    def forget(self, prompt_id: PromptId) -> None:
        """Let go of what is unsaved of it."""
        self._unsaved.pop(prompt_id, None)
        self._stuck.pop(prompt_id, None)
        self.changed.emit()

    def flush(self) -> None:
        """Save what is unsaved now, and what failed to be saved again."""
        self._timer.stop()
        self._stuck.clear()
        self._go_on()

    def then(
        self,
        work: Callable[[], T],
        done: Callable[[T], object],
        failed: Callable[[AppError], object],
    ) -> None:
        """Do something once all that was typed is saved; it fails when that does."""
        self._steps.append(_Step(work, done, failed))
        self.flush()

    def save_now(self) -> None:
        """Save everything before this returns; blocks.

        Raises:
            AppError: something cannot be saved; it is still held.
        """
        self._timer.stop()
        if self._job is not None and not self._job.ended.wait(_PATIENCE_S):
            log.warning("a draft is still being saved")
        for prompt_id, content in tuple(self._unsaved.items()):
            assert self._prompts is not None  # nothing is typed before it is there
            save(self._prompts, prompt_id, content)
            self.forget(prompt_id)

    def _go_on(self) -> None:
        if self._job is not None or self._prompts is None:
            return
        waiting = next((each for each in self._unsaved if each not in self._stuck), None)
        if waiting is not None:
            content = self._unsaved[waiting]
            self._job = self._jobs.submit(
                save,
                self._prompts,
                waiting,
                content,
                owner=self,
                done=partial(self._on_saved, waiting, content),
                failed=partial(self._on_failed, waiting),
            )
        elif self._steps:
            step = self._steps.popleft()
            self._job = self._jobs.submit(
                step.work,
                owner=self,
                done=partial(self._on_step_ended, step.done),
                failed=partial(self._on_step_ended, step.failed),
            )

    def _on_saved(self, prompt_id: PromptId, content: Content, kept: Opened) -> None:
        self._job = None
        if self._unsaved.get(prompt_id) is content:
            del self._unsaved[prompt_id]
        self.saved.emit(kept)
        self.changed.emit()
        self._go_on()

    def _on_failed(self, prompt_id: PromptId, error: AppError) -> None:
        self._job = None
        if prompt_id in self._unsaved:
            self._stuck[prompt_id] = error
            self.failed.emit(prompt_id, error)
        steps, self._steps = tuple(self._steps), deque()
        for step in steps:
            step.failed(error)
        self.changed.emit()
        self._go_on()

    def _on_step_ended(self, tell: Callable[[Any], object], outcome: object) -> None:
        self._job = None
        tell(outcome)
        self._go_on()
