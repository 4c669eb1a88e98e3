"""The life of one server in the loop: one task enters the connection, stays in it and leaves it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import anyio

from app.agents.mcp.client.causes import EXPECTED, words
from app.agents.mcp.client.session import Connection, connect
from app.agents.mcp.client.stdio import Watch
from app.agents.mcp.entities import Outcome, ServerState
from app.agents.mcp.errors import ServerFailed
from app.agents.mcp.server_run import ServerRun


class Life:
    """Runs a server until it is stopped, fails, or ends by itself."""

    def __init__(self, run: ServerRun) -> None:
        self._run = run
        self._limits = run.limits
        self._scope = anyio.CancelScope()
        self._over = anyio.Event()
        self._reason = ""
        self._connection: Connection | None = None

    async def live(self) -> None:
        """All of it; the state of the run says how far it is and how it ended."""
        run, error = self._run, None
        try:
            if not run.is_stopping:
                await self._connected()
        except EXPECTED as caught:
            error = caught
        self._connection = None
        if run.is_stopping:
            run.become(ServerState.STOPPED)
        else:
            run.become(ServerState.FAILED, self._why(error))

    def stop(self) -> None:
        """Begin to end it: in order if it runs, at once if it is only starting."""
        if self._connection is None:
            self._scope.cancel()
        else:
            self._over.set()
            self._scope.deadline = anyio.current_time() + self._limits.end_s

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Outcome:
        """Call a tool."""
        if self._connection is None:
            raise ServerFailed(f"The server {self._run.server} does not run.", self._run.problem)
        return await self._connection.call(tool, arguments)

    async def _connected(self) -> None:
        run = self._run
        watch = Watch(run.printed, self._limits, self._began, self._lost, self._ended)
        with self._scope:
            self._scope.deadline = anyio.current_time() + self._limits.start_s
            async with connect(run.filled.launch, watch) as connection:
                run.listed(await connection.definitions())
                self._scope.deadline = math.inf
                self._connection = connection
                run.become(ServerState.RUNNING)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(connection.follow, run.listed)
                    await self._over.wait()
                    tasks.cancel_scope.cancel()

    def _why(self, error: BaseException | None) -> str:
        if self._reason:
            words_of_it = self._reason
        elif error is not None:
            words_of_it = words(error, self._run.printed)
        elif self._over.is_set():
            words_of_it = "It ended by itself."
        else:
            words_of_it = f"It did not answer within {self._limits.start_s:g} seconds."
        last = "\n".join(self._run.printed.tail(5))
        return f"{words_of_it} The last it printed:\n{last}" if last else words_of_it

    def _began(self, process_id: int) -> None:
        self._run.process_id = process_id

    def _lost(self, reason: str) -> None:
        if self._connection is not None:
            self._connection.drop_calls(reason)
        else:  # it was the answer to our greeting, or its list of tools
            self._ended(reason)
            self._scope.cancel()

    def _ended(self, reason: str) -> None:
        self._reason = self._reason or reason
        self._over.set()
