"""A job that follows typing: run a moment after the last change, never twice at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.base.errors import AppError
from app.ui.jobs import JobRunner

DELAY_MS = 250


class LatestJob(QObject):
    """Runs the newest request; what comes of older ones is dropped.

    Signals:
        done: the result of the newest request.
        failed: the `AppError` of the newest request.
    """

    done = Signal(object)
    failed = Signal(object)

    def __init__(
        self, jobs: JobRunner, prepare: Callable[[], Callable[[], Any]], parent: QObject
    ) -> None:
        """Request nothing yet.

        Args:
            jobs: runs it.
            prepare: called on the GUI thread just before each run; gives the work.
            parent: owner of this object.
        """
        super().__init__(parent)
        self._jobs, self._prepare = jobs, prepare
        self._is_running = False
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self._start)
        self._is_wanted = False

    @property
    def is_busy(self) -> bool:
        """Whether the newest request has no result yet."""
        return self._is_wanted or self._is_running

    def request(self) -> None:
        """Something changed."""
        self._is_wanted = True
        self._timer.start()

    def _start(self) -> None:
        if self._is_running or not self._is_wanted:
            return  # `_on_ended` starts it
        self._is_wanted, self._is_running = False, True
        self._jobs.submit(
            self._prepare(),
            owner=self,
            done=lambda result: self._on_ended(self.done, result),
            failed=lambda error: self._on_ended(self.failed, error),
        )

    def _on_ended(self, signal: Any, result: object | AppError) -> None:
        self._is_running = False
        if not self._is_wanted:
            signal.emit(result)
        elif not self._timer.isActive():
            self._start()
