"""Thousands of requests in a row, of every kind, leave nothing behind in either process.

CAIRN_SOAK=10000 runs so many instead of the few that the suite has time for.
"""

from __future__ import annotations

import gc
import logging
import os
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from app.base.jobs import CancelToken
from app.engine.errors import EngineError
from app.engine.host import EngineHost
from app.engine.llama.computing.task import Task
from app.engine.llama.kv.sequences import SequencePool
from app.engine.llama.model import LlamaModel
from app.engine.llama.sampling.chain import SamplerChain
from app.engine.llama.vocabulary import Vocabulary
from app.engine.messages import Delta, Role, Tool, Turn
from app.engine.options import LoadOptions
from app.engine.protocol import (
    FinishReason,
    Generate,
    Generated,
    Grammar,
    JsonObject,
    Load,
    Priority,
    ScoreChoices,
    ScoreText,
)
from app.engine.sampling import Sampling
from tests.doubles.random_gguf import tiny_random
from tests.doubles.scripted_gguf import CITED, LONG_REPLY, scripted_gguf
from tests.unit.engine.conftest import MakeHost

log = logging.getLogger(__name__)

_REQUESTS = int(os.environ.get("CAIRN_SOAK", "1500"))
_WARM = min(1000, _REQUESTS // 3)
_GROWTH = 5_000_000  # bytes of main memory, in each of the two processes
_OPTIONS = LoadOptions(
    context_length=2048, streams=4, threads=1, prefill_threads=1, parked_mb=1, keep_on_disk=False
)
_LONG = "story of some length " * 12  # enough for its state to be parked


@dataclass(frozen=True, slots=True)
class _Held:
    """What this process and the child hold."""

    memory: tuple[int, ...]
    handles: tuple[int, ...]
    threads: tuple[int, ...]


def _held(host: EngineHost) -> _Held:
    gc.collect()
    processes = [psutil.Process(), psutil.Process(host.pid)]
    return _Held(
        tuple(each.memory_info().rss for each in processes),
        tuple(_handles(each) for each in processes),
        tuple(each.num_threads() for each in processes),
    )


def _handles(process: psutil.Process) -> int:
    return int(process.num_handles() if os.name == "nt" else process.num_fds())


class _Soak:
    """Asks one kind of request after the other; `counts` says how each ended."""

    def __init__(self, host: EngineHost) -> None:
        self.counts: Counter[str] = Counter()
        self._host = host
        self._number = 0
        self._pool = ThreadPoolExecutor(6)
        self._kinds = (
            self._answer, self._answer, self._together, self._answer, self._stop_while_writing,
            self._answer, self._fail, self._answer, self._score, self._answer, self._stop_at_once,
            self._structured, self._long,
        )  # fmt: skip

    def run(self, requests: int) -> None:
        until = sum(self.counts.values()) + requests
        while sum(self.counts.values()) < until:
            self._number += 1
            self._kinds[self._number % len(self._kinds)]()

    def close(self) -> None:
        self._pool.shutdown()

    def _ask(self, text: str = "When", **more: object) -> Generate:
        turns = (Turn(Role.USER, f"{text} {self._number}?"),)
        return Generate(turns, **({"max_tokens": 12} | more))  # type: ignore[arg-type]  # shorthand

    def _answer(self) -> None:
        answer = self._host.generate(self._ask(), cancel=CancelToken())
        assert answer.text == CITED
        self.counts["answered"] += 1

    def _long(self) -> None:
        answer = self._host.generate(self._ask(_LONG, max_tokens=20))
        assert LONG_REPLY.startswith(answer.text)
        self.counts["long"] += 1

    def _together(self) -> None:
        requests = [self._ask(f"{at} When", logprobs=at % 2 or None) for at in range(6)]
        answers = list(self._pool.map(self._host.generate, requests))
        assert {each.text for each in answers} == {CITED}
        self.counts["together"] += len(requests)

    def _stop_while_writing(self) -> None:
        cancel = CancelToken()
        request = self._ask("story", max_tokens=500)
        answer = self._host.generate(request, lambda _delta: cancel.cancel(), cancel)
        assert LONG_REPLY.startswith(answer.text)
        self.counts["stopped"] += 1

    def _stop_at_once(self) -> None:
        cancel = CancelToken()
        answers = [
            self._pool.submit(self._host.generate, self._ask("story"), lambda _delta: None, cancel)
            for _ in range(3)
        ]
        cancel.cancel()
        ends = {each.result().finish for each in answers}
        assert ends <= {FinishReason.STOPPED, FinishReason.LENGTH}
        self.counts["stopped at once"] += len(answers)

    def _fail(self) -> None:
        bad = (
            self._ask(output=Grammar("root ::= (((")),
            self._ask("x" * 9000),
            self._ask(sampling=Sampling(temperature=float("nan"))),
        )
        with pytest.raises(EngineError):
            self._host.generate(bad[self._number % len(bad)])
        self.counts["refused"] += 1

    def _score(self) -> None:
        assert self._host.score_text(ScoreText("Some words to be scored. " * 4, window=32)).tokens
        turns = (Turn(Role.USER, "When?"),)
        assert len(self._host.score_choices(ScoreChoices(turns, ("a", "The ")))) == 2
        assert self._host.count_tokens(("Some words",)) > (0,)
        self.counts["scored"] += 3

    def _structured(self) -> None:
        self._host.generate(self._ask(output=JsonObject()))
        self._host.generate(self._ask(tools=(Tool("look"),)))
        self.counts["structured"] += 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("soak")
    scripted_gguf(folder / "plain.gguf", {"story": LONG_REPLY[:400]})
    tiny_random(folder / "random.gguf")
    return folder


@pytest.mark.timeout(_REQUESTS // 5 + 180)
def test_thousands_of_requests_leave_memory_handles_and_threads_as_they_were(
    make_host: MakeHost, folder: Path
) -> None:
    host = make_host()
    host.load(folder / "plain.gguf", _OPTIONS)
    soak = _Soak(host)
    soak.run(_WARM)
    before = _held(host)
    soak.run(_REQUESTS - _WARM)
    after = _held(host)
    soak.close()
    log.info("%s; before %s; after %s", dict(soak.counts), before, after)
    assert after.handles == before.handles
    assert after.threads == before.threads
    for one, two in zip(before.memory, after.memory, strict=True):
        assert two - one < _GROWTH
    assert min(soak.counts.values()) > 10
    assert host.generate(Generate((Turn(Role.USER, "When?"),))).text == CITED


@pytest.fixture
def model(folder: Path) -> Iterator[LlamaModel]:
    """In this process, where it can be seen what is left."""
    model = LlamaModel(Load(str(folder / "random.gguf"), _OPTIONS), CancelToken())
    yield model
    model.close()


def _alive(kind: type) -> int:
    gc.collect()
    return sum(isinstance(each, kind) for each in gc.get_objects())


def _ignore(_delta: Delta) -> None:
    pass


def _mixed(model: LlamaModel, rounds: int) -> None:
    for number in range(rounds):
        cancels = [CancelToken() for _ in range(8)]
        futures = [
            model.generate(_of_kind(at, f"{number} {at} and some words"), _ignore, cancel)
            for at, cancel in enumerate(cancels)
        ]
        scored = model.score_text(ScoreText("words " * 90, window=32), cancels[7])
        for cancel in cancels[::3]:
            cancel.cancel()
        answers: list[Generated] = [each.result(60) for each in futures]
        assert all(each.raw or each.finish is FinishReason.STOPPED for each in answers)
        assert scored.exception(60) is None
        with pytest.raises(EngineError):
            model.generate(_of_kind(1, "x" * 9000), _ignore, CancelToken())


def _of_kind(kind: int, text: str) -> Generate:
    return Generate(
        (Turn(Role.USER, text),),
        sampling=Sampling(temperature=1.0, banned=("ab",) if kind == 2 else ()),
        max_tokens=16,
        output=Grammar('root ::= [a-z ]+ "."') if kind == 4 else None,
        logprobs=3 if kind == 5 else None,
        priority=Priority.BACKGROUND if kind % 2 else Priority.INTERACTIVE,
        exact=kind == 6,
    )


def test_finished_requests_leave_no_tasks_samplers_tokens_or_sequences(model: LlamaModel) -> None:
    _mixed(model, 3)
    kinds = (Task, SamplerChain, CancelToken, threading.Event)
    before = {kind: _alive(kind) for kind in kinds}
    _mixed(model, 25)
    model.forget_parked().result(60)
    after = {kind: _alive(kind) for kind in kinds}
    assert all(after[kind] <= before[kind] + 2 for kind in kinds), (before, after)
    (pool,) = (each for each in gc.get_objects() if isinstance(each, SequencePool))
    assert (pool.count, pool.ledger.used, pool.parked.bytes_in_memory) == (0, 0, 0)


def test_words_the_vocabulary_remembers_are_no_more_than_its_tokens(model: LlamaModel) -> None:
    _mixed(model, 10)
    vocabularies = [each for each in gc.get_objects() if isinstance(each, Vocabulary)]
    known = [
        (vocabulary.size, value)
        for vocabulary in vocabularies
        for value in vars(vocabulary).values()
        if isinstance(value, dict)
    ]
    assert len(known) >= 2
    assert all(len(value) <= size for size, value in known)


def test_models_loaded_and_closed_leave_no_threads_or_handles(folder: Path) -> None:
    def once() -> None:
        model = LlamaModel(Load(str(folder / "random.gguf"), _OPTIONS), CancelToken())
        _mixed(model, 1)
        model.close()

    once()
    process = psutil.Process()
    threads, handles, memory = (
        threading.active_count(),
        _handles(process),
        process.memory_info().rss,
    )
    for _ in range(12):
        once()
    gc.collect()
    assert threading.active_count() == threads
    assert _handles(process) == handles
    assert process.memory_info().rss - memory < 3 * _GROWTH
