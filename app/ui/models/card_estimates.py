"""Asks, one model after the other, what each card's model needs. Nothing is drawn here."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.modelhub.entities import LocalModel, ModelId
from app.modelhub.fit import Fit
from app.ui.jobs import JobRunner

if TYPE_CHECKING:
    from app.modelhub.service import ModelService


class CardEstimates(QObject):
    """One estimate at a time, because each may start a process.

    Signals:
        estimated: the model's id and its Fit.
        failed: the model's id and why it cannot be told (an AppError).
    """

    estimated = Signal(int, object)
    failed = Signal(int, object)

    def __init__(self, jobs: JobRunner, models: ModelService, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._models = models
        self._waiting: list[ModelId] = []
        self._running: CancelToken | None = None

    def want(self, models: Iterable[LocalModel]) -> None:
        """Estimate these, instead of what still waits."""
        self._waiting = [each.id for each in models if each.is_present]
        self._next()

    def hold(self) -> None:
        """Leave the machine to a load; `want` goes on."""
        self._waiting = []
        if self._running is not None:
            self._running.cancel()

    def _next(self) -> None:
        if self._running is not None or not self._waiting:
            return
        model_id = self._waiting.pop(0)
        token = self._running = CancelToken()
        self._jobs.submit(
            self._models.estimate,
            model_id,
            None,
            token,
            owner=self,
            done=partial(self._on_done, model_id),
            failed=partial(self._on_failed, model_id),
            stopped=self._on_stopped,
            cancel=token,
        )

    def _on_stopped(self) -> None:
        self._running = None
        self._next()

    def _on_done(self, model_id: ModelId, fit: Fit) -> None:
        self._running = None
        self.estimated.emit(int(model_id), fit)
        self._next()

    def _on_failed(self, model_id: ModelId, error: AppError) -> None:
        self._running = None
        self.failed.emit(int(model_id), error)
        self._next()
