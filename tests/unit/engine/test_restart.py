"""Conversations that go on after the engine was ended: their state comes back from disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.engine.host import EngineHost
from app.engine.messages import Role, Turn
from app.engine.options import Adapter, KvType, LoadOptions
from app.engine.protocol import Generate
from app.engine.sampling import Sampling
from tests.doubles.random_gguf import Shape, tiny_lora, tiny_random, tiny_recurrent
from tests.unit.engine.agreement import agree

Run = Callable[..., EngineHost]
_OPTIONS = LoadOptions(context_length=1024, threads=1, prefill_threads=1)
_SHAPE = Shape(tied=False, layers=3)
_FIRST = (Turn(Role.SYSTEM, "You answer briefly. " * 20), Turn(Role.USER, "One?"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("restart")
    tiny_random(folder / "plain.gguf", _SHAPE)
    tiny_recurrent(folder / "recurrent.gguf")
    tiny_lora(folder / "adapter.gguf", shape=_SHAPE)
    return folder


@pytest.fixture
def start(tmp_path: Path, files: Path) -> Iterator[Run]:
    hosts: list[EngineHost] = []

    def run(
        name: str = "plain", options: LoadOptions = _OPTIONS, identity: str = "a" * 64
    ) -> EngineHost:
        for host in hosts:
            host.close()
        hosts.append(EngineHost(tmp_path, states=tmp_path / "states"))
        hosts[-1].load(files / f"{name}.gguf", options, identity=identity)
        return hosts[-1]

    yield run
    for host in hosts:
        host.close()


def _ask(*turns: Turn, exact: bool = False) -> Generate:
    return Generate(turns, Sampling(temperature=0.0), max_tokens=16, exact=exact, logprobs=5)


def _longer(host: EngineHost) -> tuple[tuple[Turn, ...], int]:
    """The next turn of a first conversation, and how many tokens the first prompt had."""
    first = host.generate(_ask(*_FIRST))
    turns = (*_FIRST, Turn(Role.ASSISTANT, first.raw), Turn(Role.USER, "And then?"))
    return turns, first.timings.prompt_tokens


def _states(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "states").glob("*.state"))


@pytest.mark.parametrize("name", ["plain", "recurrent"])
def test_conversation_goes_on_after_a_restart_where_it_was(start: Run, name: str) -> None:
    turns, known = _longer(start(name))
    host = start(name)
    again = host.generate(_ask(*turns))
    assert again.timings.reused_tokens >= known - 8
    assert agree(host.generate(_ask(*turns, exact=True)), again)


@pytest.mark.parametrize(
    ("options", "identity"),
    [
        (_OPTIONS, "b" * 64),
        (_OPTIONS, ""),
        (LoadOptions(1024, threads=1, kv_type_k=KvType.Q8_0), "a" * 64),
    ],
    ids=["another file", "unknown file", "another cache type"],
)
def test_state_of_something_else_is_not_used(
    start: Run, options: LoadOptions, identity: str
) -> None:
    turns, _known = _longer(start())
    assert start("plain", options, identity).generate(_ask(*turns)).timings.reused_tokens == 0


def test_state_computed_with_an_adapter_is_not_used_without_it(start: Run, files: Path) -> None:
    adapted = LoadOptions(1024, threads=1, adapters=(Adapter(str(files / "adapter.gguf"), 2.0),))
    turns, known = _longer(start("plain", adapted))
    assert start().generate(_ask(*turns)).timings.reused_tokens == 0
    assert start("plain", adapted).generate(_ask(*turns)).timings.reused_tokens >= known - 8


def test_damaged_state_is_computed_again(start: Run, tmp_path: Path) -> None:
    turns, _known = _longer(start())
    start(identity="b" * 64)  # the first one is closed by now, and its files are written
    files = _states(tmp_path)
    assert files
    for file in files:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 0xFF
        file.write_bytes(content)
    host = start()
    again = host.generate(_ask(*turns))
    assert again.timings.reused_tokens == 0
    assert agree(host.generate(_ask(*turns, exact=True)), again)


def test_forgetting_leaves_no_state_in_memory_or_on_disk(start: Run, tmp_path: Path) -> None:
    turns, _known = _longer(start())
    host = start()
    assert _states(tmp_path)
    host.forget_parked()
    assert not _states(tmp_path)
    assert host.generate(_ask(*turns)).timings.reused_tokens == 0


def test_nothing_is_kept_when_that_is_not_wanted(start: Run, tmp_path: Path) -> None:
    options = LoadOptions(1024, threads=1, keep_on_disk=False)
    _longer(start("plain", options))
    start("plain", options)
    assert not _states(tmp_path)


def test_change_of_adapters_leaves_what_is_kept_for_others(
    start: Run, files: Path, tmp_path: Path
) -> None:
    turns, known = _longer(start())
    start().set_adapters((Adapter(str(files / "adapter.gguf"), 4.0),))
    assert _states(tmp_path)
    assert start().generate(_ask(*turns)).timings.reused_tokens >= known - 8


def test_adapters_change_without_loading_again(start: Run, files: Path) -> None:
    host = start()
    pid = host.pid
    plain = host.generate(_ask(*_FIRST)).raw
    facts = host.set_adapters((Adapter(str(files / "adapter.gguf"), 4.0),))
    assert facts.adapters
    adapted = host.generate(_ask(*_FIRST))
    assert adapted.timings.reused_tokens == 0
    assert adapted.raw != plain
    host.set_adapters(())
    assert host.generate(_ask(*_FIRST)).raw == plain
    assert host.pid == pid
