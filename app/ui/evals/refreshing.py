"""Reads again after changes, at most four times a second and never twice at a time."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.base.errors import AppError
from app.ui.jobs import JobRunner

APART_MS = 250


class Refresher(QObject):
    """Runs one reading for any number of requests that come while it runs or rests.

    Signals:
        done: what was read.
        failed: the `AppError` of a reading.
    """

    done = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        jobs: JobRunner,
        prepare: Callable[[], Callable[[], Any] | None],
        parent: QObject,
        *,
        apart_ms: int = APART_MS,
    ) -> None:
        """Read nothing yet.

        Args:
            jobs: runs the reading.
            prepare: called on the GUI thread just before each; gives the work, or None for none.
            parent: owner of this object.
            apart_ms: least time between the begins of two readings.
        """
        super().__init__(parent)
        self._jobs, self._prepare, self._apart_ms = jobs, prepare, apart_ms
        self._began = -1.0
        self._is_running = self._is_wanted = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._start)

    @property
    def is_busy(self) -> bool:
        """Whether a reading runs or waits for its time."""
        return self._is_running or self._is_wanted

    def request(self) -> None:
        """Something changed: read soon."""
        self._is_wanted = True
        self._wait()

    def request_now(self) -> None:
        """Something else is looked at: read at once, or right after what is being read."""
        self._began = -1.0
        self._timer.stop()
        self.request()

    def _wait(self) -> None:
        if self._is_running or self._timer.isActive():
            return
        rest = self._apart_ms - round((monotonic() - self._began) * 1000)
        if self._began < 0 or rest <= 0:
            self._start()
        else:
            self._timer.start(rest)

    def _start(self) -> None:
        work = self._prepare()
        self._is_wanted = False
        if work is None:
            return
        self._began = monotonic()
        self._is_running = True
        self._jobs.submit(work, owner=self, done=self._on_done, failed=self._on_failed)

    def _on_done(self, result: object) -> None:
        self._is_running = False
        self.done.emit(result)
        self._go_on()

    def _on_failed(self, error: AppError) -> None:
        self._is_running = False
        self.failed.emit(error)
        self._go_on()

    def _go_on(self) -> None:
        if self._is_wanted:
            self._wait()
