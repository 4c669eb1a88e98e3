"""Loading and unloading from the models pane: what is under way, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.engine.options import LoadOptions
from app.modelhub.entities import LocalModel, ModelId
from app.modelhub.fit import Fit
from app.ui.jobs import Job, JobRunner
from app.ui.models.board import ModelBoard
from app.ui.models.card_estimates import CardEstimates

if TYPE_CHECKING:
    from app.modelhub.service import LoadedModel, ModelService


def load_model(
    models: ModelService, model_id: ModelId, options: LoadOptions | None, cancel: CancelToken
) -> LoadedModel:
    """Load a model, with its own options if none are given; runs off the GUI thread.

    Raises:
        AppError, Cancelled: as `ModelService.load`; then its own options stay what they were.
    """
    loaded = models.load(model_id, cancel, options)
    if options is not None:
        models.set_options(model_id, options)
    return loaded


class ModelLoading(QObject):
    """Runs one load or unload at a time and notes on the board how it goes.

    Signals:
        moved: the board says something else now.
        ended: a load or unload ended; the service has news.
    """

    moved = Signal()
    ended = Signal()

    def __init__(
        self, jobs: JobRunner, models: ModelService, board: ModelBoard, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._models = models
        self._board = board
        self._job: Job | None = None
        self._estimates = CardEstimates(jobs, models, self)
        self._estimates.estimated.connect(self._on_estimated)
        self._estimates.failed.connect(self._on_estimate_failed)

    def load(self, model_id: ModelId, options: LoadOptions | None = None) -> None:
        """Load a model in place of the one in use.

        Args:
            model_id: of the list.
            options: instead of its own; if they work, they become its own.
        """
        if self._board.is_busy:
            return
        self._board.load_began(model_id)
        self._estimates.hold()
        self.moved.emit()
        token = CancelToken()
        self._job = self._jobs.submit(
            load_model,
            self._models,
            model_id,
            options,
            token,
            owner=self,
            done=self._on_ended,
            failed=partial(self._on_load_failed, model_id, options),
            stopped=self._on_ended,
            cancel=token,
        )

    def cancel(self) -> None:
        """Stop loading."""
        if self._job is not None:
            self._board.cancel_began()
            self.moved.emit()
            self._job.cancel()

    def unload(self) -> None:
        """Give the memory of the model in use back."""
        loaded = self._board.in_use
        if loaded is None or self._board.is_busy:
            return
        self._board.unload_began(loaded.model.id)
        self.moved.emit()
        self._jobs.submit(
            self._models.unload, owner=self, done=self._on_ended, failed=self._on_failed
        )

    def estimate(self, models: Iterable[LocalModel]) -> None:
        """Find out what these need, unless the machine is busy with a load."""
        if not self._board.is_busy:
            self._estimates.want(models)

    def _on_ended(self, _result: object = None) -> None:
        self._job = None
        self._board.ended()
        self.ended.emit()

    def _on_failed(self, error: AppError) -> None:
        self._job = None
        self._board.ended(error)
        self.moved.emit()
        self.ended.emit()

    def _on_load_failed(
        self, model_id: ModelId, options: LoadOptions | None, error: AppError
    ) -> None:
        self._on_failed(error)
        self._jobs.submit(
            self._models.proposal,
            model_id,
            error,
            options,
            owner=self,
            done=partial(self._on_proposed, model_id),
            failed=lambda _error: None,  # the load has failed, and its card says why
        )

    def _on_proposed(self, model_id: ModelId, smaller: LoadOptions | None) -> None:
        if smaller is not None:
            self._board.offer(model_id, smaller)
            self.moved.emit()

    def _on_estimated(self, model_id: int, fit: Fit) -> None:
        self._board.take_fit(ModelId(model_id), fit)
        self.moved.emit()

    def _on_estimate_failed(self, model_id: int, error: AppError) -> None:
        self._board.take_no_fit(ModelId(model_id), error.message)
        self.moved.emit()
