from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.base.child_side import Entry
from app.engine.child import engine_child
from app.engine.host import EngineHost, EngineState
from app.engine.messages import Delta, TextDelta
from tests.doubles import scripted_gguf

MakeHost = Callable[..., EngineHost]


def collect(pieces: list[str]) -> Callable[[Delta], None]:
    """A listener that keeps the text of a reply."""

    def take(delta: Delta) -> None:
        if isinstance(delta, TextDelta):
            pieces.append(delta.text)

    return take


@pytest.fixture(scope="session")
def model_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of scripted models, written once."""
    folder = tmp_path_factory.mktemp("models")
    scripted_gguf.scripted_gguf(
        folder / "plain.gguf",
        {"price": "Der Preis beträgt 5 € — 日本語 😀 fertig.", "story": scripted_gguf.LONG_REPLY},
    )
    scripted_gguf.scripted_gguf(folder / "other.gguf", {"": "I am the other one."})
    scripted_gguf.slow(folder / "slow.gguf")
    scripted_gguf.aborting(folder / "aborting.gguf")
    scripted_gguf.hostile_template(folder / "hostile.gguf")
    scripted_gguf.truncated(folder / "truncated.gguf", folder / "plain.gguf")
    scripted_gguf.bad_magic(folder / "bad_magic.gguf", folder / "plain.gguf")
    return folder


@pytest.fixture
def states() -> list[EngineState]:
    return []


@pytest.fixture
def make_host(tmp_path: Path, states: list[EngineState]) -> Iterator[MakeHost]:
    hosts: list[EngineHost] = []

    def make(entry: Entry = engine_child, *args: object) -> EngineHost:
        host = EngineHost(tmp_path, entry, *args, on_change=states.append)
        hosts.append(host)
        return host

    yield make
    for host in hosts:
        host.close()
