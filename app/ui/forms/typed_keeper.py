"""Saves what is typed: after a rest, in order, one at a time, and at the latest at the end."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from app.base.errors import AppError
from app.ui.jobs import Job, JobRunner

log = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
T = TypeVar("T")
_PATIENCE_S = 10.0  # for a save that is under way when the window closes


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """Something that has to wait for what was typed before it."""

    work: Callable[[], Any]
    done: Callable[[Any], object]
    failed: Callable[[AppError], object]


class TypedKeeper(QObject, Generic[K, V]):
    """Has one save under way at a time, so that what was typed last is what is kept.

    What cannot be saved is held until it can be. Subclasses say how to save, and tell of it.

    Signals:
        changed: whether something is unsaved, or cannot be saved, may be other than before.
    """

    changed = Signal()

    def __init__(self, jobs: JobRunner, parent: QObject, after_ms: int) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._unsaved: dict[K, V] = {}
        self._stuck: dict[K, AppError] = {}
        self._steps: deque[_Step] = deque()
        self._job: Job | None = None
        self._timer = QTimer(self, singleShot=True, interval=after_ms)
        self._timer.timeout.connect(self.flush)

    def unsaved(self, key: K) -> V | None:
        """What of it is not stored yet; None if all is."""
        return self._unsaved.get(key)

    def problem(self, key: K) -> AppError | None:
        """Why it could not be saved when that was last tried."""
        return self._stuck.get(key)

    @property
    def stuck(self) -> dict[K, AppError]:
        """What could not be saved when that was last tried, and why."""
        return dict(self._stuck)

    @property
    def is_busy(self) -> bool:
        """Whether something is being saved, or waits for that."""
        return self._job is not None or self._timer.isActive() or bool(self._steps)

    def forget(self, key: K) -> None:
        """Let go of what is unsaved of it."""
        self._unsaved.pop(key, None)
        self._stuck.pop(key, None)
        self.changed.emit()

    def flush(self) -> None:
        """Save what is unsaved now, and what could not be saved again."""
        self._timer.stop()
        self._stuck.clear()
        self._go_on()

    def then(
        self,
        work: Callable[[], T],
        done: Callable[[T], object],
        failed: Callable[[AppError], object],
    ) -> None:
        """Do something once all that was typed is saved, as far as it can be."""
        self._steps.append(_Step(work, done, failed))
        self.flush()

    def save_now(self) -> None:
        """Save everything before this returns; blocks.

        Raises:
            AppError: something cannot be saved; it is still held.
        """
        self._timer.stop()
        if self._job is not None and not self._job.ended.wait(_PATIENCE_S):
            log.warning("what was typed is still being saved")
        for key, typed in tuple(self._unsaved.items()):
            self._save(key, typed)
            self.forget(key)

    # For subclasses

    def _hold(self, key: K, typed: V) -> None:
        self._unsaved[key] = typed
        self._timer.start()
        self.changed.emit()

    def _save(self, key: K, typed: V) -> Any:
        """Store it; blocks. What it returns goes to `_tell_saved`."""
        raise NotImplementedError

    def _tell_saved(self, key: K, typed: V, kept: Any) -> None:
        """It is stored."""
        raise NotImplementedError

    def _tell_failed(self, key: K, typed: V, error: AppError) -> None:
        """It cannot be stored: put it with `_stuck`, or it is tried again at once."""
        raise NotImplementedError

    # Saving

    def _go_on(self) -> None:
        if self._job is not None:
            return  # its end calls this again
        waiting = next((each for each in self._unsaved if each not in self._stuck), None)
        if waiting is not None:
            typed = self._unsaved[waiting]
            self._job = self._jobs.submit(
                self._save,
                waiting,
                typed,
                owner=self,
                done=partial(self._on_saved, waiting, typed),
                failed=partial(self._end, partial(self._tell_failed, waiting, typed)),
            )
        elif self._steps:
            step = self._steps.popleft()
            self._job = self._jobs.submit(
                step.work,
                owner=self,
                done=partial(self._end, step.done),
                failed=partial(self._end, step.failed),
            )
        self.changed.emit()

    def _on_saved(self, key: K, typed: V, kept: object) -> None:
        if self._unsaved.get(key) is typed:
            del self._unsaved[key]
        self._end(partial(self._tell_saved, key, typed), kept)

    def _end(self, tell: Callable[[Any], object], result: object) -> None:
        self._job = None
        tell(result)
        self._go_on()
