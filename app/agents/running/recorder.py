"""Writes the trace of a run as it happens, each step in a transaction of its own.

A step is stored when it is over; one that may change something is stored before it begins, too, so
that a crash in the middle leaves its mark.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from app.agents import store
from app.agents.running.conversation import Conversation
from app.agents.trace import (
    Note,
    OnRunEvent,
    ReplyGrew,
    Run,
    RunChanged,
    Spent,
    Step,
    StepChanged,
    StepDetail,
    StepId,
)
from app.storage.base import now
from app.storage.db import Database

MOST_WHOLE: Final = 4_000_000  # characters of a result that are kept beside what the model gets


class StepIds:
    """Gives out the ids of steps, for all runs of a process; no other one has the data folder."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._last: int | None = None

    def next(self) -> StepId:
        """An id that is greater than all before."""
        with self._lock:
            self._last = self._greatest() + 1
            return StepId(self._last)

    def settle(self) -> None:
        """Note the greatest id, before steps are deleted: theirs are not given out again."""
        with self._lock:
            self._last = self._greatest()

    def _greatest(self) -> int:
        if self._last is not None:
            return self._last
        with self._database.read() as session:
            return store.last_step(session)


class Recorder:
    """Stores steps, keeps the conversation up to date, and tells whoever watches."""

    def __init__(
        self,
        database: Database,
        ids: StepIds,
        run: Run,
        steps: Iterable[Step],
        on_event: OnRunEvent,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.run = run
        self.conversation = Conversation(run, steps)
        self._database = database
        self._ids = ids
        self._on_event = on_event
        self._clock = clock
        self._begun: dict[StepId, float] = {}

    def begin(
        self, detail: StepDetail, parent: StepId | None = None, *, is_stored: bool = False
    ) -> Step:
        """A step begins; it is stored now, or only when it goes on or ends."""
        step = Step(self._ids.next(), self.run.id, parent, now(), detail)
        self._begun[step.id] = self._clock()
        return self._save(step, None) if is_stored else self._told(step)

    def change(self, step: Step, detail: StepDetail) -> Step:
        """A step goes on."""
        return self._save(replace(step, detail=detail), None)

    def end(self, step: Step, detail: StepDetail, whole: str | None = None) -> Step:
        """A step is over.

        Args:
            step: as it was.
            detail: as it is now.
            whole: the whole result of a tool, if the detail has only a part.
        """
        seconds = self._clock() - self._begun.pop(step.id, self._clock())
        return self._save(replace(step, detail=detail, seconds=seconds), _kept(whole))

    def note(self, text: str, *, to_model: bool = False) -> None:
        """Something happened besides."""
        self.end(step := self.begin(Note(text, to_model)), step.detail)

    def newest(self, step: Step) -> Step:
        """The newest form of a step."""
        return self.conversation.step(step.id)

    def drop(self, step_ids: Iterable[StepId]) -> None:
        """Forget steps that will be made again."""
        gone = list(step_ids)
        self._ids.settle()
        self._database.write(lambda s: store.delete_steps(s, gone))
        self.conversation.drop(gone)

    def save_run(self, run: Run) -> Run:
        """The run has come this far."""
        self._database.write(lambda s: store.save_run(s, run))
        self.run = run
        self._on_event(RunChanged(run))
        return run

    def spend(self, spent: Spent) -> None:
        """Tell what the run has taken; it is stored at the end, and the steps say it until then."""
        self.run = replace(self.run, spent=spent)
        self._on_event(RunChanged(self.run))

    def tell(self, event: ReplyGrew) -> None:
        """Tell of a reply that comes; it is stored when it is over."""
        self._on_event(event)

    def _save(self, step: Step, whole: str | None) -> Step:
        self._database.write(lambda s: store.save_step(s, step, whole))
        return self._told(step)

    def _told(self, step: Step) -> Step:
        self.conversation.put(step)
        self._on_event(StepChanged(step))
        return step


def _kept(whole: str | None) -> str | None:
    if whole is None:
        return None
    text = whole.encode("utf-8", "replace").decode()  # halves of characters cannot be stored
    if len(text) <= MOST_WHOLE:
        return text
    return f"{text[:MOST_WHOLE]}\n[… {len(text) - MOST_WHOLE:,} more characters were not kept …]"
