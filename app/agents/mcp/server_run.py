"""One life of a server, as all threads see it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from app.agents.mcp.definitions import Definition
from app.agents.mcp.entities import Limits, Outcome, ServerState
from app.agents.mcp.launch import FilledLaunch
from app.agents.mcp.printed import Printed
from app.agents.mcp.secret import secrets_in
from app.base.jobs import CancelToken


class LoopSide(Protocol):
    """What runs in the loop for a server: see `client.life`."""

    def stop(self) -> None:
        """Begin to end it."""

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Outcome:
        """Call a tool."""


class ServerRun:
    """One life of a server, from its start to its end. Any thread may look at it.

    Attributes:
        printed: what the server printed.
        life: what runs in the loop; only the loop may touch it.
        process_id: of its program, once that runs.
    """

    def __init__(
        self, filled: FilledLaunch, limits: Limits, told: Callable[[ServerRun], None]
    ) -> None:
        launch = filled.launch
        secrets = secrets_in((*launch.environment, *launch.headers))
        self.filled = filled
        self.limits = limits
        self.printed = Printed((*filled.secrets, *secrets))
        self.life: LoopSide | None = None
        self.process_id: int | None = None
        self.is_stopping = False
        self._told = told
        self._settled = threading.Condition()
        self._state = ServerState.STARTING
        self._problem = ""
        self._definitions: tuple[Definition, ...] = ()

    @property
    def server(self) -> str:
        """Its name."""
        return self.filled.launch.server

    @property
    def state(self) -> ServerState:
        """Where it is."""
        with self._settled:
            return self._state

    @property
    def problem(self) -> str:
        """Why it failed, in words."""
        with self._settled:
            return self._problem

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self.state in (ServerState.STARTING, ServerState.RUNNING)

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """Its tools as listed last."""
        with self._settled:
            return self._definitions

    def listed(self, definitions: Sequence[Definition]) -> None:
        """Note its tools. Called in the loop."""
        with self._settled:
            self._definitions = tuple(definitions)
        self._told(self)

    def become(self, state: ServerState, problem: str = "") -> None:
        """Note where it is. Called in the loop."""
        with self._settled:
            self._state, self._problem = state, self.printed.hidden_in(problem)
            self._settled.notify_all()
        self._told(self)

    def ask_to_stop(self) -> None:
        """Begin to end it. Called in the loop."""
        self.is_stopping = True
        if self.life is not None:
            self.life.stop()

    def wait(self, states: Sequence[ServerState], cancel: CancelToken, most_s: float) -> None:
        """Wait until it is in one of the states, or the time is up.

        Raises:
            Cancelled: somebody lost patience.
        """

        def wake() -> None:
            with self._settled:
                self._settled.notify_all()

        forget = cancel.on_cancel(wake)
        try:
            with self._settled:
                self._settled.wait_for(
                    lambda: self._state in states or cancel.is_cancelled, timeout=most_s
                )
        finally:
            forget()
        cancel.check()
