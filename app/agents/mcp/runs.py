"""The servers that run, and the calls of their tools: only as agreed, only as accepted."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from app.agents.mcp import listing
from app.agents.mcp.consent import Consents, ToolConsent
from app.agents.mcp.definitions import Definition
from app.agents.mcp.entities import Limits, Outcome, ServerState
from app.agents.mcp.errors import NotAgreed, ServerFailed
from app.agents.mcp.launch import Launch, filled
from app.agents.mcp.server_run import ServerRun
from app.agents.mcp.supervisor import Supervisor
from app.agents.tools.tool import ToolFault
from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.engine.remote.keys import Keys

log = logging.getLogger(__name__)

_SETTLED: Final = (ServerState.RUNNING, ServerState.STOPPED, ServerState.FAILED)


class Runs:
    """One run a server at most. `lock` guards the consents, which the service changes as well."""

    def __init__(
        self,
        consents: Consents,
        keys: Keys,
        limits: Limits,
        lock: threading.RLock,
        told: Callable[[], None],
    ) -> None:
        self._consents = consents
        self._keys = keys
        self._limits = limits
        self._lock = lock
        self._told = told
        self._supervisor = Supervisor()
        self._runs: dict[str, ServerRun] = {}

    def of(self, server: str) -> ServerRun | None:
        """The run of a server, ended or not."""
        with self._lock:
            return self._runs.get(server)

    def listed(self, server: str) -> tuple[Definition, ...] | None:
        """The tools as listed now; None while the server does not run."""
        run = self.of(server)
        return run.definitions if run and run.state is ServerState.RUNNING else None

    def begin(self, launch: Launch) -> ServerRun:
        """The run of this launch, begun if there is none.

        Raises:
            NotAgreed: exactly this was not agreed to.
            CannotLaunch: a key is missing.
        """
        with self._lock:
            self._check_agreed(launch)
            run = self._runs.get(launch.server)
            if run is not None and _goes_on(run) and run.filled.seal == launch.seal:
                return run
        # Outside the lock: the keyring may ask the person, and an old run may be slow to end.
        ready = filled(launch, lambda name: self._keys.read(key_name(launch.server, name)))
        if run is not None:
            self._supervisor.stop(run)
        with self._lock:
            other = self._runs.get(launch.server)
            if other is not None and other is not run and _goes_on(other):
                return other  # another thread was quicker
            self._check_agreed(launch)
            fresh = ServerRun(ready, self._limits, self._heard)
            self._supervisor.start(fresh)
            self._runs[launch.server] = fresh
        self._told()
        return fresh

    def call(
        self, launch: Launch, tool: ToolConsent, arguments: Mapping[str, Any], cancel: CancelToken
    ) -> Outcome:
        """Call a tool, which must still be what was accepted; the server is started if need be.

        Raises:
            McpProblem: the server cannot be used.
            ToolFault: the tool was changed or switched off, or the call failed.
            Cancelled: the caller lost patience.
        """
        run = self.begin(launch)
        run.wait(_SETTLED, cancel, self._limits.start_s + 5.0)
        if run.state is not ServerState.RUNNING:
            raise ServerFailed(f"The server {run.server} cannot be started.", run.problem)
        with self._lock:
            consent = self._consents.of(run.server)
        if not listing.is_usable(consent, run.definitions, tool.definition):
            raise ToolFault(
                f"The server {run.server} changed this tool, or the person switched it off.",
                "Do without it; the person can look at the change.",
            )
        return self._supervisor.call(run, tool.definition.name, arguments, cancel)

    def stop(self, server: str) -> None:
        """End a server and all that it started."""
        run = self.of(server)
        if run is not None:
            self._supervisor.stop(run)

    def forget(self, server: str) -> None:
        """Stop a server and forget that it ever ran."""
        self.stop(server)
        with self._lock:
            self._runs.pop(server, None)

    def close(self) -> None:
        """End all servers and the thread."""
        self._supervisor.close()

    def _check_agreed(self, launch: Launch) -> None:
        if self._consents.of(launch.server).launch != launch.seal:
            raise NotAgreed(
                f"Nobody agreed to start {launch.server} like this.",
                "Read what would be started, and agree to it.",
            )

    def _heard(self, run: ServerRun) -> None:
        """Something changed in the loop: keep what is listed for the first time."""
        with self._lock:
            consent = self._consents.of(run.server)
            if run.definitions and not consent.is_listed and self._runs.get(run.server) is run:
                try:
                    self._consents.put(run.server, listing.first_listed(consent, run.definitions))
                except (OSError, AppError) as error:
                    log.warning("the tools of a server cannot be kept: %s", error)
        self._told()


def key_name(server: str, reference: str) -> str:
    """Where a key is kept. The server's name is in it: none can ask for the key of another."""
    return f"mcp/{server}/{reference}"


def _goes_on(run: ServerRun) -> bool:
    return run.is_alive and not run.is_stopping
