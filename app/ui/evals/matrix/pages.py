"""Reads the pages that the matrix wants, one after the other, off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from app.base.errors import AppError
from app.evals.runs.results import MatrixPage
from app.ui.evals.matrix.items import MatrixModel, Wanted
from app.ui.jobs import JobRunner

Fetch = Callable[[int], MatrixPage]  # offset -> page


class MatrixPages(QObject):
    """Keeps a model supplied.

    Signals:
        failed: a page could not be read.
    """

    failed = Signal(object)

    def __init__(
        self, jobs: JobRunner, model: MatrixModel, prepare: Callable[[], Fetch | None]
    ) -> None:
        """Read nothing yet.

        Args:
            jobs: runs the reading.
            model: what is supplied.
            prepare: called on the GUI thread; how a page is read by the filter of now.
        """
        super().__init__(model)
        self._jobs, self._model, self._prepare = jobs, model, prepare
        self._is_running = False
        # Rows are asked for while the view paints; what is read starts after that.
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._next)
        model.page_wanted.connect(self._soon.start)

    @property
    def is_busy(self) -> bool:
        """Whether a page is read or about to be."""
        return self._is_running or self._soon.isActive()

    def _next(self) -> None:
        if self._is_running:
            return
        fetch = self._prepare()
        wanted = self._model.next_wanted() if fetch is not None else None
        if wanted is None or fetch is None:
            return
        self._is_running = True
        self._jobs.submit(
            fetch,
            wanted.offset,
            owner=self,
            done=lambda found: self._on_done(wanted, found),
            failed=self._on_failed,
        )

    def _on_done(self, wanted: Wanted, found: MatrixPage) -> None:
        self._is_running = False
        self._model.put(wanted, found)
        self._soon.start()

    def _on_failed(self, error: AppError) -> None:
        self._is_running = False
        self.failed.emit(error)
