"""Cancelling and progress, shared by everything that takes longer than a frame."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.base.errors import Cancelled


class CancelToken:
    """A request to stop, asked for on one thread and noticed on another."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    @property
    def is_cancelled(self) -> bool:
        """Whether stopping was asked for."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Ask the work to stop at its next check."""
        with self._lock:
            self._event.set()
            listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener()

    def on_cancel(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` once, when stopping is asked for or at once if it was already.

        It runs on the thread that cancels and must return at once. The returned function forgets
        it. For work that waits in a place where it cannot check.
        """
        with self._lock:
            is_late = self._event.is_set()
            if not is_late:
                self._listeners.append(listener)
        if is_late:
            listener()

        def forget() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return forget

    def check(self) -> None:
        """Raise `Cancelled` if stopping was asked for."""
        if self._event.is_set():
            raise Cancelled


@dataclass(frozen=True, slots=True)
class Activity:
    """One running job as the status line shows it.

    Attributes:
        id: stable while the job runs.
        title: what is being done, in words.
        done, total: in `unit`s; `total` 0 means the amount is not known yet.
        seconds_left: None until there is a pace to judge by.
        finished: True on the last notice of this job.
        problem: why it ended early, in words; empty if it did not.
    """

    id: str
    title: str
    done: int = 0
    total: int = 0
    unit: str = ""
    seconds_left: float | None = None
    can_cancel: bool = False
    finished: bool = False
    problem: str = ""


class Pace:
    """Time left, from an exponential average of the recent speed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, smoothing: float = 0.3) -> None:
        self._clock = clock
        self._smoothing = smoothing
        self._last: tuple[float, float] | None = None
        self._rate: float | None = None

    def seconds_left(self, done: float, total: float) -> float | None:
        """Note how much is done now and estimate the time for the rest; None when unknown."""
        now = self._clock()
        if self._last is None:
            self._last = (now, done)
            return None
        then, before = self._last
        if done > before and now > then:
            rate = (done - before) / (now - then)
            old = self._rate
            self._rate = rate if old is None else old + self._smoothing * (rate - old)
            self._last = (now, done)
        if not self._rate or total <= 0:
            return None
        return max(0.0, (total - done) / self._rate)
