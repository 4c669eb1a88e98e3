"""MCP servers as real processes, and a guard that none of them is left."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.agents.mcp.entities import Limits, ServerState, ServerView
from app.agents.mcp.service import McpServers
from app.agents.tools.tool import ToolResult, checked
from app.base.jobs import CancelToken
from app.base.paths import DataPaths
from app.engine.remote.keys import Keys
from tests.doubles.keyring import KeyringDouble
from tests.doubles.mcp_servers import RAW

QUICK = Limits(start_s=20.0, call_s=20.0, end_s=0.3, relist_s=0.01)
SETTLED = (ServerState.RUNNING, ServerState.FAILED, ServerState.STOPPED)


class Bench:
    """The service, and what tests do with it again and again."""

    def __init__(self, paths: DataPaths, limits: Limits = QUICK) -> None:
        self.paths = paths
        self.servers = McpServers(paths, Keys(KeyringDouble()), limits=limits)
        self._changed = threading.Condition()
        self.servers.on_change(self._notify)

    def add_raw(self, name: str = "raw", start: str = "", **entry: Any) -> None:
        self.servers.add(name, {"command": sys.executable, "args": [str(RAW), start], **entry})

    def agree(self, name: str = "raw") -> None:
        self.servers.agree(name, self.servers.to_agree(name).seal)

    def run(self, name: str = "raw") -> ServerView:
        """Agree, start, and wait until it runs or does not."""
        self.agree(name)
        self.servers.start(name)
        return self.until(lambda view: view.state in SETTLED, name)

    def view(self, name: str = "raw") -> ServerView:
        return next(each for each in self.servers.servers() if each.name == name)

    def until(self, is_so: Callable[[ServerView], bool], name: str = "raw") -> ServerView:
        with self._changed:
            assert self._changed.wait_for(lambda: is_so(self.view(name)), timeout=20), self.view(
                name
            )
        return self.view(name)

    def call(self, tool: str, server: str = "raw", **arguments: Any) -> ToolResult:
        """Call a tool as an agent would."""
        found = {each.spec.name: each for each in self.servers.tools_for([server])}
        called = found[f"{server}__{tool}"]
        return called.run(checked(called.spec, arguments), CancelToken())

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()


def is_running(pid: int) -> bool:
    """Whether there is such a process; one that nobody waited for is none."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def has_ended(pid: int) -> bool:
    """Whether a process is gone, within the moment that a kill takes."""
    pause = threading.Event()
    for _ in range(250):
        if not is_running(pid):
            return True
        pause.wait(0.02)
    return False


@pytest.fixture
def make_bench(data_paths: DataPaths) -> Iterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def make(**limits: Any) -> Bench:
        benches.append(Bench(data_paths, Limits(**{**_as_dict(QUICK), **limits})))
        return benches[-1]

    before = _descendants()
    yield make
    for each in benches:
        each.servers.close()
    left = [pid for pid in _descendants() - before if not has_ended(pid)]
    for pid in left:
        psutil.Process(pid).kill()
    assert not left, "servers were left running"
    assert not [each for each in threading.enumerate() if each.name == "mcp-servers"]


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench()


def _as_dict(limits: Limits) -> dict[str, Any]:
    return {name: getattr(limits, name) for name in Limits.__slots__}


def _descendants() -> set[int]:
    return {each.pid for each in psutil.Process(os.getpid()).children(recursive=True)}


@pytest.fixture
def write(data_paths: DataPaths) -> Callable[[str], Path]:
    """Writes mcp.json as another program would."""

    def put(text: str) -> Path:
        data_paths.mcp.write_text(text, "utf-8")
        return data_paths.mcp

    return put
