"""Using, leaving and testing models on servers from the pane: and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.modelhub.entities import EndpointId
from app.ui.jobs import Job, JobRunner
from app.ui.models.endpoint_board import EndpointBoard, ServerStatus

if TYPE_CHECKING:
    from app.bootstrap import Services


class ServerConnecting(QObject):
    """Runs what was asked for and notes on the board how it goes.

    Signals:
        moved: the board says something else now.
        ended: something ended; the services have news.
        answered: the id of an endpoint that was tested, and what its server said (a RemoteModel).
    """

    moved = Signal()
    ended = Signal()
    answered = Signal(int, object)

    def __init__(
        self, jobs: JobRunner, services: Services, board: EndpointBoard, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._services = services
        self._board = board
        self._running: dict[EndpointId, Job] = {}

    def use(self, endpoint_id: EndpointId) -> None:
        """Use a model on a server in place of the one in use."""
        if self._board.may_begin(endpoint_id):
            self._start(endpoint_id, ServerStatus.CONNECTING, self._services.served.connect)

    def test(self, endpoint_id: EndpointId) -> None:
        """Ask whether the server answers and still has the model."""
        if self._board.may_begin(endpoint_id, test=True):
            done = partial(self._on_tested, endpoint_id)
            self._start(endpoint_id, ServerStatus.TESTING, self._services.endpoints.test, done)

    def cancel(self, endpoint_id: EndpointId) -> None:
        """Wait for the server no longer."""
        job = self._running.get(endpoint_id)
        if job is not None:
            self._board.cancel_began(endpoint_id)
            self.moved.emit()
            job.cancel()

    def disconnect_server(self) -> None:
        """Ask the server in use no more."""
        served = self._board.in_use
        if served is None or not self._board.may_begin(served.endpoint.id):
            return
        endpoint_id = served.endpoint.id
        self._board.began(endpoint_id, ServerStatus.DISCONNECTING)
        self.moved.emit()
        self._jobs.submit(
            self._services.served.disconnect,
            owner=self,
            done=partial(self._on_ended, endpoint_id),
            failed=partial(self._on_failed, endpoint_id),
        )

    def remove(self, endpoint_id: EndpointId) -> None:
        """Take a connection off the list, disconnecting first."""
        self._jobs.submit(
            self._services.served.remove,
            endpoint_id,
            owner=self,
            done=partial(self._on_ended, endpoint_id),
            failed=partial(self._on_failed, endpoint_id),
        )

    def _start(
        self,
        endpoint_id: EndpointId,
        status: ServerStatus,
        ask: Callable[[EndpointId, CancelToken], object],
        done: Callable[[object], object] | None = None,
    ) -> None:
        self._board.began(endpoint_id, status)
        self.moved.emit()
        token = CancelToken()
        self._running[endpoint_id] = self._jobs.submit(
            ask,
            endpoint_id,
            token,
            owner=self,
            done=done or partial(self._on_ended, endpoint_id),
            failed=partial(self._on_failed, endpoint_id),
            stopped=partial(self._on_ended, endpoint_id),
            cancel=token,
        )

    def _on_tested(self, endpoint_id: EndpointId, remote: object) -> None:
        self._on_ended(endpoint_id)
        self.answered.emit(int(endpoint_id), remote)

    def _on_ended(self, endpoint_id: EndpointId, _result: object = None) -> None:
        self._running.pop(endpoint_id, None)
        self._board.ended(endpoint_id)
        self.ended.emit()

    def _on_failed(self, endpoint_id: EndpointId, error: AppError) -> None:
        self._running.pop(endpoint_id, None)
        self._board.ended(endpoint_id, error)
        self.moved.emit()
        self.ended.emit()
