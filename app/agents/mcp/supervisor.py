"""One thread with one loop, in which every server has a task of its own.

This side of it is for all other threads; `client.life` is what runs in the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import threading
from collections.abc import Mapping
from concurrent.futures import CancelledError
from typing import Any, Final

from app.agents.mcp.entities import Limits, Outcome, ServerState
from app.agents.mcp.errors import ServerFailed
from app.agents.mcp.server_run import ServerRun
from app.base.jobs import CancelToken

log = logging.getLogger(__name__)

_QUIET: Final = ("mcp", "httpx2", "httpcore2")  # they would log addresses and messages of servers
_ENDING_STEPS: Final = 4  # each takes at most `Limits.end_s`


class Supervisor:
    """Starts servers, calls their tools and ends them. The thread begins with the first server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closing = asyncio.Event()
        self._is_closed = False
        self._tasks: dict[asyncio.Task[None], ServerRun] = {}

    def start(self, run: ServerRun) -> None:
        """Begin a life; it goes on in the loop.

        Raises:
            ServerFailed: Cairn is closing.
        """
        with self._lock:
            if self._is_closed:
                raise ServerFailed(f"{run.server} is not started: Cairn is closing.")
            loop = self._running_loop()
            loop.call_soon_threadsafe(self._begin, run)

    def stop(self, run: ServerRun) -> None:
        """End a server and wait until it, and all that it started, is gone."""
        with self._lock:
            if self._loop is None or self._is_closed:
                return
            self._loop.call_soon_threadsafe(run.ask_to_stop)
        ended = (ServerState.STOPPED, ServerState.FAILED)
        run.wait(ended, CancelToken(), _ENDING_STEPS * run.limits.end_s)

    def call(
        self, run: ServerRun, tool: str, arguments: Mapping[str, Any], cancel: CancelToken
    ) -> Outcome:
        """Call a tool and wait for what it gives back; a cancelled call returns at once.

        Raises:
            ToolFault: it takes too long, sends too much, or the server ends.
            ServerFailed: the server does not run.
            Cancelled: the caller lost patience; the server is told.
        """
        with self._lock:
            if self._loop is None or self._is_closed:
                raise ServerFailed(f"The server {run.server} does not run.")
            future = asyncio.run_coroutine_threadsafe(_call(run, tool, arguments), self._loop)
        forget = cancel.on_cancel(lambda: _cancel(future))
        try:
            return future.result()
        except CancelledError:
            cancel.check()
            raise ServerFailed(f"The server {run.server} was stopped during the call.") from None
        finally:
            forget()

    def close(self) -> None:
        """End all servers and the thread. What does not end in time is killed."""
        with self._lock:
            self._is_closed = True
            thread, loop = self._thread, self._loop
        if thread is None or loop is None:
            return
        with contextlib.suppress(RuntimeError):  # closed before
            loop.call_soon_threadsafe(self._closing.set)
        runs = tuple(self._tasks.copy().values())
        thread.join(max((_most_ending(run.limits) for run in runs), default=0.0) + 10.0)
        if thread.is_alive():
            log.error("the thread of the MCP servers does not end")
            for run in runs:
                _kill(run)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            ready = threading.Event()
            self._thread = threading.Thread(
                target=self._serve, args=(ready,), name="mcp-servers", daemon=True
            )
            self._thread.start()
            ready.wait()
        assert self._loop is not None
        return self._loop

    def _serve(self, ready: threading.Event) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            ready.set()
            runner.run(self._until_closing())

    async def _until_closing(self) -> None:
        for name in _QUIET:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        await self._closing.wait()
        for run in self._tasks.values():
            run.ask_to_stop()
        if self._tasks:
            most_s = max(_most_ending(run.limits) for run in self._tasks.values())
            await asyncio.wait(tuple(self._tasks), timeout=most_s)

    def _begin(self, run: ServerRun) -> None:
        task = asyncio.get_running_loop().create_task(_live(run), name=f"mcp {run.server}")
        self._tasks[task] = run
        task.add_done_callback(lambda done: self._tasks.pop(done, None))


async def _live(run: ServerRun) -> None:
    # Imported here: it takes more than a second, and nobody else in this loop waits for it.
    from app.agents.mcp.client.life import Life

    run.life = life = Life(run)
    try:
        await life.live()
    finally:
        if run.is_alive:  # only after a bug, or when the loop was closed over it
            run.become(ServerState.FAILED, "It ended in a way that Cairn does not know.")
        run.life = None


async def _call(run: ServerRun, tool: str, arguments: Mapping[str, Any]) -> Outcome:
    if run.life is None:
        raise ServerFailed(f"The server {run.server} does not run.", run.problem)
    return await run.life.call(tool, arguments)


def _cancel(future: Any) -> None:
    with contextlib.suppress(RuntimeError):  # the loop ended in this moment, and the call with it
        future.cancel()


def _most_ending(limits: Limits) -> float:
    return _ENDING_STEPS * limits.end_s + 2.0


def _kill(run: ServerRun) -> None:
    if run.process_id is not None and os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(run.process_id, signal.SIGKILL)
