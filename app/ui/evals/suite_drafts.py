"""Saves items as they are typed: in order, one at a time, and at the latest at the end."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from app.base.errors import AppError, NotFound
from app.evals.entities import Item
from app.evals.runs.entities import SuiteId
from app.ui.jobs import Job, JobRunner

if TYPE_CHECKING:
    from app.evals.suites.service import SuiteService

log = logging.getLogger(__name__)

T = TypeVar("T")
SAVE_AFTER_MS = 900  # each save is a version of the suite, so not at every letter
_PATIENCE_S = 10.0  # for a save that is under way when the window closes


@dataclass(frozen=True, slots=True)
class Place:
    """An item, by its suite and its key."""

    suite: SuiteId
    key: str


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    work: Callable[[], Any]
    done: Callable[[Any], object]
    failed: Callable[[AppError], object]


class ItemKeeper(QObject):
    """Holds what was typed until it is stored. What cannot be stored is held until it can be.

    Signals:
        changed: whether something is unsaved, or cannot be saved, may be other than before.
        saved: the `Place` and the `Item` as stored.
    """

    changed = Signal()
    saved = Signal(object, object)

    def __init__(self, jobs: JobRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._suites: SuiteService | None = None
        self._unsaved: dict[Place, Item] = {}
        self._stuck: dict[Place, AppError] = {}
        self._steps: deque[_Step] = deque()
        self._job: Job | None = None
        self._timer = QTimer(self, singleShot=True, interval=SAVE_AFTER_MS)
        self._timer.timeout.connect(self.flush)

    def attach(self, suites: SuiteService) -> None:
        """The service is there."""
        self._suites = suites

    def touch(self, suite_id: SuiteId, item: Item) -> None:
        """This was typed; it is saved after a rest."""
        self._unsaved[Place(suite_id, item.key)] = item
        self._stuck.pop(Place(suite_id, item.key), None)
        self._timer.start()
        self.changed.emit()

    def unsaved(self, place: Place) -> Item | None:
        """What of it is not stored yet; None if all is."""
        return self._unsaved.get(place)

    def problem(self, place: Place) -> AppError | None:
        """Why it could not be saved when that was last tried."""
        return self._stuck.get(place)

    @property
    def stuck(self) -> dict[Place, AppError]:
        """What cannot be saved, and why."""
        return dict(self._stuck)

    @property
    def is_busy(self) -> bool:
        """Whether something is being saved, or waits for that."""
        return self._job is not None or self._timer.isActive() or bool(self._steps)

    def forget(self, place: Place) -> None:
        """Let go of what is unsaved of it."""
        self._unsaved.pop(place, None)
        self._stuck.pop(place, None)
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
            log.warning("an item is still being saved")
        for place, item in tuple(self._unsaved.items()):
            self._save(place, item)
            self.forget(place)

    def _save(self, place: Place, item: Item) -> None:
        assert self._suites is not None  # nothing is typed before it is there
        try:
            self._suites.change_item(place.suite, item)
        except NotFound:  # it is new
            self._suites.add_item(place.suite, item)

    def _go_on(self) -> None:
        if self._job is not None:
            return  # its end calls this again
        waiting = [place for place in self._unsaved if place not in self._stuck]
        if waiting:
            self._start(waiting[0])
        elif self._steps:
            step = self._steps.popleft()
            self._job = self._jobs.submit(
                step.work,
                owner=self,
                done=lambda result: self._end(step.done, result),
                failed=lambda error: self._end(step.failed, error),
            )
        self.changed.emit()

    def _start(self, place: Place) -> None:
        item = self._unsaved[place]

        def saved(_nothing: object) -> None:
            if self._unsaved.get(place) == item:
                del self._unsaved[place]
            self._end(lambda it: self.saved.emit(place, it), item)

        def failed(error: AppError) -> None:
            if self._unsaved.get(place) == item:
                self._stuck[place] = error
            self._end(lambda _error: None, error)

        self._job = self._jobs.submit(
            self._save, place, item, owner=self, done=saved, failed=failed
        )

    def _end(self, tell: Callable[[Any], object], result: object) -> None:
        self._job = None
        tell(result)
        self._go_on()
