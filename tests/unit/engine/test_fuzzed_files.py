"""Model files broken in every part: the engine refuses them in words, or answers.

CAIRN_FUZZ=400 breaks so many files instead of the few that the suite has time for.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from threading import Timer
from typing import TypeVar

import pytest

from app.base.errors import AppError, Cancelled
from app.base.jobs import CancelToken
from app.engine.errors import EngineStopped
from app.engine.host import EngineHost
from app.engine.local import LocalEngine
from app.engine.messages import Role, Turn
from app.engine.options import LoadOptions
from app.engine.protocol import Generate
from app.modelhub.errors import GgufError
from app.modelhub.gguf import read_gguf_facts
from tests.doubles import random_gguf
from tests.doubles.damaged_gguf import Damage, Part, cut_off, damages, stretches
from tests.doubles.scripted_gguf import CITED, scripted_gguf
from tests.unit.engine.conftest import MakeHost

T = TypeVar("T")

log = logging.getLogger(__name__)

_FILES = int(os.environ.get("CAIRN_FUZZ", "36"))
_ESTIMATES = max(4, _FILES // 5)
_SEED = int(os.environ.get("CAIRN_FUZZ_SEED", "11"))
_LONGEST_S = 90.0  # from the start of a child to its answer, on a machine that is busy
_SMALL = LoadOptions(context_length=256, batch=256, streams=1, threads=1, prefill_threads=1)
_QUESTION = Generate((Turn(Role.USER, "When?"),), max_tokens=4)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Files of several kinds, as they should be."""
    folder = tmp_path_factory.mktemp("whole")
    scripted_gguf(folder / "llama.gguf")
    random_gguf.tiny_random(folder / "qwen3.gguf")
    random_gguf.tiny_moe(folder / "qwen3moe.gguf")
    random_gguf.tiny_recurrent(folder / "mamba.gguf")
    random_gguf.tiny_hybrid(folder / "lfm2.gguf")
    random_gguf.tiny_embedder(folder / "bert.gguf")
    return {file.name: file.read_bytes() for file in sorted(folder.glob("*.gguf"))}


def _broken(whole: dict[str, bytes], seed: int) -> Iterator[tuple[str, Damage]]:
    """Damage to one file after the other, and now and then one that was cut off."""
    ways = {name: damages(content, seed) for name, content in whole.items()}
    cuts = {name: _every(cut_off(content), 37) for name, content in whole.items()}
    while True:
        for name in whole:
            yield from ((name, each) for each in islice(ways[name], 5))
            yield from ((name, each) for each in islice(cuts[name], 1))


def _every(all_of_them: Iterator[Damage], step: int) -> Iterator[Damage]:
    """Begins anew at the end, so that other borders come up."""
    known = list(all_of_them)
    return (known[at * step % len(known)] for at in range(1, 1 << 30))


@dataclass(frozen=True, slots=True)
class _Outcome:
    how: str
    error: AppError | None = None


def _opened(host: EngineHost, path: Path, damage: Damage) -> _Outcome:
    """Load a file and use it."""
    cancel = CancelToken()
    timer = Timer(_LONGEST_S, cancel.cancel)
    timer.start()
    engine: LocalEngine | None = None
    try:
        engine = host.open(path, _SMALL, cancel)
        _use(engine, cancel)
        outcome = _Outcome("answered")
    except EngineStopped as error:
        outcome = _Outcome("died while it answered", error)
    except AppError as error:
        outcome = _Outcome("refused" if engine is None else "loaded, but does not answer", error)
    except Cancelled:
        outcome = _Outcome("took too long")
    finally:
        timer.cancel()
        if engine is not None:
            host.release(engine)
        path.unlink()
    said = f": {outcome.error}" if outcome.error else ""
    log.info("%s, %s: %s%s", path.name, damage.what, outcome.how, said)
    return outcome


def _use(engine: LocalEngine, cancel: CancelToken) -> None:
    facts = engine.loaded
    assert facts is not None
    if facts.embeds:
        engine.embed(("some words",), cancel)
    else:
        engine.generate(_QUESTION, cancel=cancel)
        cancel.check()


def _outcome(work: Callable[[], T]) -> T | AppError:
    try:
        return work()
    except AppError as error:
        return error


def _is_in_words(error: AppError) -> bool:
    return (
        len(error.message) > 20
        and error.message.isprintable()
        and error.message.rstrip().endswith((".", "…"))
        and error.hint.endswith(".")
    )


def test_damage_is_seeded_and_changes_the_file(whole: dict[str, bytes]) -> None:
    content = whole["qwen3.gguf"]
    one, again, other = (list(islice(damages(content, seed), 40)) for seed in (1, 1, 2))
    assert one == again != other
    assert sum(each.content != content for each in one) > 30
    assert {each.part for each in stretches(content)} == set(Part)
    assert all(len(each.content) < len(content) for each in cut_off(content))


def test_header_reader_refuses_every_broken_file_in_words(
    whole: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "model.gguf"
    counts: Counter[str] = Counter()
    cuts = ((name, each) for name in whole for each in cut_off(whole[name]))
    for _name, damage in chain(islice(_broken(whole, _SEED), 1500), islice(cuts, 0, None, 7)):
        path.write_bytes(damage.content)
        facts = _outcome(lambda: read_gguf_facts(path))
        if isinstance(facts, AppError):
            assert isinstance(facts, GgufError)
            assert _is_in_words(facts), (damage.what, facts)
            assert "model.gguf" in facts.message, (damage.what, facts)
            counts["refused"] += 1
        else:
            assert facts.architecture.isprintable()
            assert all(each.isprintable() for pair in facts.metadata for each in pair)
            counts["read"] += 1
    assert counts["refused"] > counts["read"] > 100


@pytest.mark.timeout(_FILES * 10 + 180)
def test_engine_survives_every_broken_file(
    make_host: MakeHost,
    whole: dict[str, bytes],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    host = make_host()
    counts: Counter[str] = Counter()

    def run(number: int, name: str, damage: Damage) -> tuple[str, Damage, _Outcome]:
        path = tmp_path / f"{number}-{name}"
        path.write_bytes(damage.content)
        return name, damage, _opened(host, path, damage)

    with ThreadPoolExecutor(2) as pool:
        broken = islice(_broken(whole, _SEED), _FILES)
        jobs = [pool.submit(run, number, *each) for number, each in enumerate(broken)]
        for job in jobs:
            name, damage, outcome = job.result()
            counts[outcome.how] += 1
            assert outcome.how != "took too long", (name, damage.what)
            if outcome.error is not None:
                assert _is_in_words(outcome.error), (name, damage.what, outcome.error)
    log.info("%s; children that died: %d", dict(counts), _deaths(caplog))
    assert counts["refused"] > 5
    assert counts["answered"] > 0
    _still_answers(host, whole, tmp_path)


@pytest.mark.timeout(_ESTIMATES * 10 + 120)
def test_estimate_of_every_broken_file_is_a_number_or_words(
    make_host: MakeHost, whole: dict[str, bytes], tmp_path: Path
) -> None:
    host, path = make_host(), tmp_path / "model.gguf"
    for name, damage in islice(_broken(whole, _SEED + 1), 0, _ESTIMATES * 3, 3):
        path.write_bytes(damage.content)
        need = _outcome(lambda: host.estimate(path, _SMALL))
        if isinstance(need, AppError):
            assert _is_in_words(need), (name, damage.what, need)
        else:
            assert need.main_memory > 0
            assert min(each.total for each in need.devices) >= 0
    _still_answers(host, whole, tmp_path)


def _deaths(caplog: pytest.LogCaptureFixture) -> int:
    return sum("calls open" in each.getMessage() for each in caplog.records)


def _still_answers(host: EngineHost, whole: dict[str, bytes], folder: Path) -> None:
    (folder / "whole.gguf").write_bytes(whole["llama.gguf"])
    host.load(folder / "whole.gguf", _SMALL)
    assert host.generate(Generate((Turn(Role.USER, "When?"),))).text == CITED
