"""The trials that run: their job, and its events brought to the columns."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.evals.trials import Trial, TrialEvent, try_out
from app.ui.jobs import JobRunner
from app.ui.prompts.trial_column import TrialColumn

if TYPE_CHECKING:
    from app.bootstrap import Services

FRAME_MS = 40

_Events = deque[tuple[TrialColumn, TrialEvent]]


class TrialRun(QObject):
    """One run at a time.

    Signals:
        changed: a run began or ended.
    """

    changed = Signal()

    def __init__(self, jobs: JobRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._cancel: CancelToken | None = None
        self._columns: tuple[TrialColumn, ...] = ()
        self._events: _Events = deque()
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._on_timeout)

    @property
    def is_running(self) -> bool:
        """Whether an answer is on its way."""
        return self._cancel is not None

    def start(
        self, services: Services, columns: Sequence[TrialColumn], trials: Sequence[Trial]
    ) -> None:
        """Run these, each in its column."""
        self._columns = tuple(columns)
        self._cancel = CancelToken()
        for column in columns:
            column.begin()
        self._timer.start()
        self._jobs.submit(
            try_out,
            services.lending,
            services.settings.current,
            tuple(trials),
            partial(_note, self._events, self._columns),
            self._cancel,
            owner=self,
            done=self._on_done,
            failed=self._on_failed,
            cancel=self._cancel,
        )
        self.changed.emit()

    def stop(self) -> None:
        """Stop; what was said so far stays."""
        if self._cancel is not None:
            self._cancel.cancel()
            for column in self._columns:
                column.show_stopping()

    def _on_timeout(self) -> None:
        self._drain()
        for column in self._columns:
            column.advance()

    def _drain(self) -> None:
        while self._events:
            column, event = self._events.popleft()
            column.receive(event)

    def _on_done(self, _nothing: None) -> None:
        self._drain()
        self._timer.stop()
        self._cancel = None
        self.changed.emit()

    def _on_failed(self, error: AppError) -> None:
        self._drain()
        for column in self._columns:
            column.fail(error)
        self._on_done(None)


def _note(events: _Events, columns: tuple[TrialColumn, ...], at: int, event: TrialEvent) -> None:
    events.append((columns[at], event))
