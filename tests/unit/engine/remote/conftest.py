from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.base.jobs import CancelToken
from app.engine.messages import Role, Turn
from app.engine.protocol import Generate
from app.engine.remote.engine import RemoteEngine
from app.engine.remote.exchange import Timeouts
from app.engine.remote.retries import Retries
from app.engine.remote.server import RemoteModel, ServerKind
from tests.doubles.openai_server import OpenAiServer

KEY = "sk-very-secret-0123456789"
QUICK = Timeouts(connect_s=2.0, first_byte_s=0.4, idle_s=0.3, short_s=2.0)
Connect = Callable[..., RemoteEngine]


def ask(text: str = "Hello", **more: Any) -> Generate:
    return Generate((Turn(Role.USER, text),), **more)


@pytest.fixture
def server() -> Iterator[OpenAiServer]:
    with OpenAiServer() as running:
        yield running


@pytest.fixture
def waits() -> list[float]:
    """What was waited between tries; nothing really is."""
    return []


@pytest.fixture
def retries(waits: list[float]) -> Retries:
    def wait(seconds: float, cancel: CancelToken) -> None:
        waits.append(seconds)
        cancel.check()

    return Retries(wait=wait, jitter=lambda: 0.0)


@pytest.fixture
def connect(server: OpenAiServer, retries: Retries) -> Connect:
    """An engine on the scripted server, of any kind, with a key."""

    def make(
        kind: ServerKind = ServerKind.OTHER, timeouts: Timeouts | None = None, **more: Any
    ) -> RemoteEngine:
        remote = RemoteModel(server.base_url, "the-model", kind)
        return RemoteEngine(
            replace(remote, **more), KEY, timeouts=timeouts or Timeouts(), retries=retries
        )

    return make
