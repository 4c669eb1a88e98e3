"""What the card of each model on a server says: the state machine behind the cards. No Qt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from app.base.errors import AppError
from app.modelhub.entities import Endpoint, EndpointId

if TYPE_CHECKING:
    from app.modelhub.in_use import ServedModel


class ServerStatus(StrEnum):
    """What can be said of a model on a server, and so what can be done with it."""

    IDLE = "idle"
    CONNECTING = "connecting"
    TESTING = "testing"
    CANCELLING = "cancelling"
    IN_USE = "in use"
    DISCONNECTING = "disconnecting"

    @property
    def can_be_cancelled(self) -> bool:
        """Whether a server is being asked."""
        return self in (ServerStatus.CONNECTING, ServerStatus.TESTING)


@dataclass(frozen=True, slots=True)
class EndpointCardState:
    """All that a card shows.

    Attributes:
        served: the model in use, if it is this one.
        problem: why the server could not be used, or what a test found.
        was_test: a test found the problem, so a test may find it gone.
        may_use: False while another model is being put in use.
    """

    endpoint: Endpoint
    status: ServerStatus
    served: ServedModel | None = None
    problem: AppError | None = None
    was_test: bool = False
    may_use: bool = True


class EndpointBoard:
    """Keeps what happened to each connection and says what its card shows."""

    def __init__(self) -> None:
        self._endpoints: tuple[Endpoint, ...] = ()
        self._served: ServedModel | None = None
        self._busy: dict[EndpointId, ServerStatus] = {}
        self._problems: dict[EndpointId, AppError] = {}
        self._tested: set[EndpointId] = set()
        self._is_held = False

    @property
    def in_use(self) -> ServedModel | None:
        """The model on a server that answers now."""
        return self._served

    @property
    def is_busy(self) -> bool:
        """Whether a server is being put in use or left; a test is no such thing."""
        return any(not self._is_test(each) for each in self._busy)

    def endpoint(self, endpoint_id: int) -> Endpoint | None:
        """One of the endpoints that are shown."""
        return next((each for each in self._endpoints if each.id == endpoint_id), None)

    def take(self, endpoints: Iterable[Endpoint], served: ServedModel | None) -> None:
        """Note what the services say now."""
        before = {each.id: each for each in self._endpoints}
        self._endpoints, self._served = tuple(endpoints), served
        same = {each.id for each in self._endpoints if before.get(each.id, each) == each}
        for changed in [each for each in self._problems if each not in same]:
            self.forget_problem(changed)  # it was about another address or model

    def hold(self, is_held: bool) -> None:
        """Note whether a model file is being loaded or unloaded."""
        self._is_held = is_held

    def may_begin(self, endpoint_id: EndpointId, *, test: bool = False) -> bool:
        """Whether a connection can be put in use, left or tested now."""
        return endpoint_id not in self._busy and (test or not (self._is_held or self.is_busy))

    def began(self, endpoint_id: EndpointId, status: ServerStatus) -> None:
        """Something is done with a connection; what went wrong with it before is history."""
        self.forget_problem(endpoint_id)
        self._busy[endpoint_id] = status
        if status is ServerStatus.TESTING:
            self._tested.add(endpoint_id)

    def cancel_began(self, endpoint_id: EndpointId) -> None:
        """It was asked to stop."""
        if endpoint_id in self._busy:
            self._busy[endpoint_id] = ServerStatus.CANCELLING

    def ended(self, endpoint_id: EndpointId, problem: AppError | None = None) -> None:
        """It ended, well or not."""
        self._busy.pop(endpoint_id, None)
        if problem is not None:
            self._problems[endpoint_id] = problem
        else:
            self.forget_problem(endpoint_id)

    def forget_problem(self, endpoint_id: EndpointId) -> None:
        """A person has read it."""
        self._problems.pop(endpoint_id, None)
        self._tested.discard(endpoint_id)

    def cards(self) -> tuple[EndpointCardState, ...]:
        """What every card shows now."""
        return tuple(self._card(endpoint) for endpoint in self._endpoints)

    def _card(self, endpoint: Endpoint) -> EndpointCardState:
        served = self._served
        used = served if served is not None and served.endpoint.id == endpoint.id else None
        resting = ServerStatus.IDLE if used is None else ServerStatus.IN_USE
        return EndpointCardState(
            endpoint,
            self._busy.get(endpoint.id, resting),
            used,
            self._problems.get(endpoint.id),
            was_test=endpoint.id in self._tested,
            may_use=not (self._is_held or self.is_busy),
        )

    def _is_test(self, endpoint_id: EndpointId) -> bool:
        return endpoint_id in self._tested
