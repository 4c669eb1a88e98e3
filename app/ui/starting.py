"""Builds the services on a thread of their own after the first paint: their libraries are slow to
import. Closes them again, also when the window was faster closed than they were built."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot

from app.base.errors import AppError
from app.base.paths import DataPaths

if TYPE_CHECKING:
    from app.bootstrap import Services

log = logging.getLogger(__name__)

CLOSE_WAIT_S = 10.0


class ServiceStarter(QObject):
    """Starts and ends the services of one window.

    Signals:
        started: the services are there.
        failed: an `AppError` says why they are not.
        bug_found: they are not, and it is our mistake.
    """

    started = Signal(object)
    failed = Signal(object)
    bug_found = Signal(object)
    _ended = Signal(object)

    def __init__(
        self,
        paths: DataPaths,
        build: Callable[[DataPaths], Services],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._paths = paths
        self._build = build
        self._lock = threading.Lock()
        self._services: Services | None = None
        self._thread: threading.Thread | None = None
        self._closing = False
        self._ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Start building, unless that is under way or done."""
        if self._closing or self._services is not None:
            return
        if self._thread is not None and self._thread.is_alive():
            return
        self._thread = threading.Thread(target=self._run, name="start", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the services, waiting for a build under way."""
        with self._lock:
            self._closing = True
        if self._thread is not None:
            self._thread.join(CLOSE_WAIT_S)
        with self._lock:
            services, self._services = self._services, None
        if services is not None:
            services.close()

    def _run(self) -> None:
        outcome: Services | Exception
        try:
            outcome = self._build(self._paths)
        except Exception as error:  # noqa: BLE001 - sorted into failures and bugs on the GUI thread
            outcome = error
        with self._lock:
            if self._closing and not isinstance(outcome, Exception):
                self._services = outcome  # `close` waits for this thread, then ends them
                return
            if self._closing:
                return
            if not isinstance(outcome, Exception):
                self._services = outcome
        self._ended.emit(outcome)

    @Slot(object)
    def _on_ended(self, outcome: object) -> None:
        if self._closing:
            return
        if isinstance(outcome, AppError):
            self.failed.emit(outcome)
        elif isinstance(outcome, Exception):
            self.bug_found.emit(outcome)
        else:
            self.started.emit(outcome)
