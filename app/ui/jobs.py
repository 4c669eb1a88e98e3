"""Work off the GUI thread, and its answers back on it.

A job is a plain function that blocks. It runs on a pool thread; `done` or `failed` is called on the
GUI thread, unless the owner is gone by then. The threads are daemons: a read that hangs on a lost
network drive must not keep a closed window's process alive.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot
from shiboken6 import isValid

from app.base.errors import AppError, Cancelled
from app.base.jobs import CancelToken

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
MAX_THREADS = 8


class UnexpectedFailure(AppError):
    """A bug, told to the pane that waits for an answer; the crash report holds the details."""


@dataclass(eq=False)
class Job:
    """A submitted job. `cancel` asks it to stop; `drop` also stops listening to it."""

    owner: QObject
    token: CancelToken
    done: Callable[[Any], object] | None
    failed: Callable[[AppError], object] | None
    stopped: Callable[[], object] | None
    work: Callable[[], Any]
    is_finished: bool = False
    is_dropped: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """Ask the work to stop. What it still returns is delivered."""
        self.token.cancel()

    def drop(self) -> None:
        """Ask the work to stop and ignore what comes of it."""
        self.is_dropped = True
        self.token.cancel()


class JobRunner(QObject):
    """Lives in the GUI thread. One for the whole window.

    Signals:
        bug_found: a job raised something that is no `AppError`; crash.py listens.
    """

    bug_found = Signal(object)
    _posted = Signal(object)

    def __init__(self, parent: QObject | None = None, *, threads: int = MAX_THREADS) -> None:
        super().__init__(parent)
        self._limit = threads
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._idle = 0  # threads that wait, less the jobs that wait for one
        self._jobs: set[Job] = set()
        self._closed = False
        self._posted.connect(self._run_posted, Qt.ConnectionType.QueuedConnection)

    def submit(
        self,
        fn: Callable[..., T],
        *args: Any,
        owner: QObject,
        done: Callable[[T], object] | None = None,
        failed: Callable[[AppError], object] | None = None,
        stopped: Callable[[], object] | None = None,
        cancel: CancelToken | None = None,
    ) -> Job:
        """Run `fn(*args)` on a pool thread.

        Args:
            owner: once it is deleted, nothing is delivered any more.
            done: called with the result on the GUI thread.
            failed: called with the `AppError`; a bug arrives as `UnexpectedFailure`.
            stopped: called when `fn` raised `Cancelled`.
            cancel: the token that `fn` got among its arguments, so that `Job.cancel` reaches it.
        """
        token = cancel or CancelToken()
        job = Job(owner, token, done, failed, stopped, lambda: fn(*args))
        with self._lock:
            if self._closed:
                job.is_dropped = True
                job.ended.set()
                return job
            self._jobs.add(job)
            self._queue.put(job)
            # Claimed here and not by the thread: it may have taken its job and not yet said so.
            self._idle -= 1
            if self._idle < 0 and len(self._threads) < self._limit:
                self._start_thread()
        return job

    def post(self, owner: QObject, fn: Callable[P, object], *args: P.args, **kw: P.kwargs) -> None:
        """Call `fn` on the GUI thread soon; may be called on any thread. For events of a job."""
        if not self._closed:
            self._posted.emit(_Delivery(owner, lambda: fn(*args, **kw)))

    @property
    def running(self) -> int:
        """Jobs whose work has not ended."""
        with self._lock:
            return len(self._jobs)

    def close(self, deadline_s: float = 2.0) -> int:
        """Take no more jobs, cancel those there are, and wait a little.

        Returns:
            how many did not end in time; their threads are left behind.
        """
        with self._lock:
            if self._closed:
                return 0
            self._closed = True
            jobs = tuple(self._jobs)
            for _thread in self._threads:
                self._queue.put(None)
        for job in jobs:
            job.drop()
        ends = time.monotonic() + deadline_s
        return sum(not job.ended.wait(max(0.0, ends - time.monotonic())) for job in jobs)

    def _start_thread(self) -> None:
        thread = threading.Thread(
            target=self._work, name=f"job-{len(self._threads) + 1}", daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            job = self._queue.get()
            if job is None:
                return
            self._run(job)

    def _run(self, job: Job) -> None:
        deliver: Callable[[], object] | None
        try:
            if job.is_dropped:
                raise Cancelled
            deliver = self._success(job, job.work())
        except Cancelled:
            deliver = job.stopped
        except AppError as error:
            deliver = self._failure(job, error)
        except Exception as bug:  # noqa: BLE001 - whatever it is, the window must hear of it
            deliver = self._bug(job, bug)
        # `close` waits for the jobs it knows: the runner stays until this one has spoken.
        if not self._closed:
            self._posted.emit(_Delivery(job.owner, deliver, job))
        with self._lock:
            self._jobs.discard(job)
        job.ended.set()

    def _success(self, job: Job, result: object) -> Callable[[], object] | None:
        handler = job.done
        return None if handler is None else lambda: handler(result)

    def _failure(self, job: Job, error: AppError) -> Callable[[], object]:
        if job.failed is not None:
            handler = job.failed
            return lambda: handler(error)
        return lambda: log.warning("a job nobody watches failed: %s", error)

    def _bug(self, job: Job, bug: Exception) -> Callable[[], object]:
        error = UnexpectedFailure(
            "Something went wrong inside Cairn.", "The report says what it was."
        )

        def deliver() -> None:
            self.bug_found.emit(bug)
            if job.failed is not None:
                job.failed(error)

        return deliver

    @Slot(object)
    def _run_posted(self, delivery: _Delivery) -> None:
        job = delivery.job
        if job is not None:
            job.is_finished = True
        if delivery.call is None or self._closed or (job is not None and job.is_dropped):
            return
        if isValid(delivery.owner):
            delivery.call()


@dataclass(frozen=True, slots=True)
class _Delivery:
    owner: QObject
    call: Callable[[], object] | None
    job: Job | None = None
