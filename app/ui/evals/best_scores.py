"""The best score of each run for the list, summed up one run at a time and remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.base.errors import AppError, NotFound
from app.evals.runs.entities import Run, RunId
from app.ui.evals.words import best_of
from app.ui.jobs import JobRunner

if TYPE_CHECKING:
    from app.evals.service import EvalService


class BestScores(QObject):
    """Knows the best scores, as far as they were read.

    Signals:
        changed: one more is known.
        failed: the `AppError` of a reading.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self, jobs: JobRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._known: dict[RunId, tuple[object, str]] = {}
        self._runs: Sequence[Run] = ()
        self._is_reading = False

    @property
    def words(self) -> Mapping[RunId, str]:
        """The scores that are known."""
        return {run_id: words for run_id, (_state, words) in self._known.items()}

    @property
    def is_busy(self) -> bool:
        """Whether one is being read."""
        return self._is_reading

    def look(self, evals: EvalService, runs: Sequence[Run]) -> None:
        """Read what is not known of these runs, as they are now."""
        self._runs = runs
        self._next(evals)

    def _next(self, evals: EvalService) -> None:
        run = next((each for each in self._runs if self._lacks(each)), None)
        if run is None or self._is_reading:
            return
        self._is_reading = True

        def done(words: str) -> None:
            self._is_reading = False
            self._known[run.id] = (_state_of(run), words)
            self.changed.emit()
            self._next(evals)

        self._jobs.submit(_read, evals, run.id, owner=self, done=done, failed=self._on_failed)

    def _lacks(self, run: Run) -> bool:
        known = self._known.get(run.id)
        return not run.state.is_active and (known is None or known[0] != _state_of(run))

    def _on_failed(self, error: AppError) -> None:
        self._is_reading = False
        self.failed.emit(error)


def _read(evals: EvalService, run_id: RunId) -> str:
    try:
        return best_of(evals.results(run_id))
    except NotFound:  # it was deleted meanwhile
        return ""


def _state_of(run: Run) -> object:
    """What changes when the score of a run does."""
    return run.samples, run.baseline, [(each.id, each.unscored) for each in run.metrics]
