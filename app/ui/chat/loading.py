"""Reads what the chat shows, off the GUI thread, and never the same thing twice at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject

from app.base.errors import AppError
from app.ui.jobs import JobRunner

T = TypeVar("T")


class Loading(Generic[T]):
    """One thing that is read again and again; while it is being read, more wishes become one."""

    def __init__(
        self,
        jobs: JobRunner,
        owner: QObject,
        read: Callable[[], T],
        done: Callable[[T], object],
        failed: Callable[[AppError], object],
    ) -> None:
        self._jobs, self._owner = jobs, owner
        self._read, self._done, self._failed = read, done, failed
        self._is_reading = False
        self._is_stale = False

    @property
    def is_stale(self) -> bool:
        """Whether what was just read is not the last word."""
        return self._is_stale

    def reload(self) -> None:
        """Read it (again)."""
        if self._is_reading:
            self._is_stale = True
            return
        self._is_reading = True
        self._jobs.submit(self._read, owner=self._owner, done=self._on_done, failed=self._on_failed)

    def _on_done(self, result: T) -> None:
        self._done(result)
        self._go_on()

    def _on_failed(self, error: AppError) -> None:
        self._failed(error)
        self._go_on()

    def _go_on(self) -> None:
        self._is_reading = False
        if self._is_stale:
            self._is_stale = False
            self.reload()
