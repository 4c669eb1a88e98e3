"""Works on runs in a thread of its own, one after the other; they can be stopped at any time."""

from __future__ import annotations

import threading
from collections import deque

from app.base.changes import Notices, Topic
from app.evals.runs.entities import RunId, RunState
from app.evals.runs.job import ACTIVITY, Job
from app.evals.runs.measuring import Metrics
from app.evals.store import runs as run_store
from app.modelhub.borrowing import ModelLending
from app.storage.db import Database

_CLOSE_S = 30.0


class Runner:
    """One thread, which lives while there is something to do."""

    def __init__(
        self, database: Database, notices: Notices, lending: ModelLending, metrics: Metrics
    ) -> None:
        self._database = database
        self._notices = notices
        self._lending = lending
        self._metrics = metrics
        self._changed = threading.Condition()  # guards the fields below
        self._waiting: deque[Job] = deque()
        self._current: Job | None = None
        self._thread: threading.Thread | None = None
        self._is_closing = False

    def add(self, run_id: RunId, *, generates: bool, after: RunState = RunState.PAUSED) -> None:
        """Work on a run when its turn comes.

        Args:
            run_id: which; it is WAITING.
            generates: whether samples are made that are missing, before all are scored.
            after: what it is again after it was scored only.
        """
        with self._changed:
            if self._is_closing:
                return
            self._waiting.append(Job(run_id, generates, after))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name=ACTIVITY, daemon=True)
                self._thread.start()

    def stop(self, run_id: RunId, after: RunState) -> bool:
        """Break a run off, or take it out of the queue; whether it was there. Returns at once."""
        with self._changed:
            if self._current is not None and self._current.run_id == run_id:
                self._current.after = after if self._current.generates else self._current.after
                self._current.cancel.cancel()
                return True
            queued = [each for each in self._waiting if each.run_id == run_id]
            for each in queued:
                self._waiting.remove(each)
            self._changed.notify_all()
        if queued:
            self._set(run_id, after if queued[0].generates else queued[0].after)
        return bool(queued)

    @property
    def current(self) -> RunId | None:
        """The run that is worked on now."""
        with self._changed:
            return None if self._current is None else self._current.run_id

    def is_busy(self, run_id: RunId) -> bool:
        """Whether a run is worked on or waits for it."""
        with self._changed:
            return self._has(run_id)

    def wait(self, run_id: RunId, timeout_s: float | None = None) -> bool:
        """Wait until a run is not worked on any more; whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._has(run_id), timeout_s)

    def close(self) -> None:
        """Pause everything and wait until it is stored."""
        with self._changed:
            self._is_closing = True
            queued = list(self._waiting)
            self._waiting.clear()
            if self._current is not None:
                self._current.cancel.cancel()
            thread = self._thread
        for each in queued:
            self._set(each.run_id, each.after)
        if thread is not None:
            thread.join(_CLOSE_S)

    def _has(self, run_id: RunId) -> bool:
        jobs = (*self._waiting, *filter(None, (self._current,)))
        return any(each.run_id == run_id for each in jobs)

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._thread = None
                    self._changed.notify_all()
                    return
                self._current = self._waiting.popleft()
                job = self._current
            try:
                # Late: starting Cairn imports this module, and works on no run.
                from app.evals.runs.work import RunWork

                RunWork(job, self._database, self._notices, self._lending, self._metrics).do()
            finally:
                with self._changed:
                    self._current = None
                    self._changed.notify_all()

    def _set(self, run_id: RunId, state: RunState) -> None:
        self._database.write(lambda s: run_store.change(s, run_id, state=state))
        self._notices.changed(Topic.EVALS)
