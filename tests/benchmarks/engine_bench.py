"""What the benchmarks of the engine share: the model, both sides of a comparison, and turns.

The model has random weights in the shape of Qwen3-0.6B as Q4_K_M. It is made once, in a minute, and
kept in the user's cache folder, or in the folder that CAIRN_BENCH_MODELS names.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs
import psutil

from app.engine.host import EngineHost
from app.engine.messages import Delta, Role, Turn
from app.engine.options import LoadOptions, WaitPolicy
from app.engine.protocol import Generate, Generated, Priority
from app.engine.sampling import Sampling
from app.engine.waiting import cores, environment
from tests.benchmarks.report import scratch_folder
from tests.doubles.random_gguf import qwen3_0_6b
from tests.doubles.random_vocabulary import words

MODELS_VARIABLE = "CAIRN_BENCH_MODELS"
GREEDY = Sampling(temperature=0.0)


def arguments(words_of_it: str | None, rounds: int) -> argparse.ArgumentParser:
    """What every program takes: `--rounds`, `--threads`, `--model` and `--json`."""
    parser = argparse.ArgumentParser(
        description=words_of_it, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=rounds, help="turns of each side")
    parser.add_argument(
        "--threads",
        type=int,
        default=os.cpu_count() or 1,
        help="0: Cairn measures how many; the baseline takes one for each core",
    )
    parser.add_argument("--model", type=Path, help="another GGUF file")
    parser.add_argument("--json", action="store_true")
    return parser


def model_of(chosen: argparse.Namespace) -> Path:
    """The file that was named, else the random model, made if need be."""
    if chosen.model is not None:
        return Path(chosen.model)
    named = os.environ.get(MODELS_VARIABLE)
    folder = Path(named) if named else Path(platformdirs.user_cache_dir("cairn")) / "benchmarks"
    return qwen3_0_6b(folder)


def options_of(chosen: argparse.Namespace, **more: Any) -> LoadOptions:
    """The settings that the bare loop has as well."""
    fixed: dict[str, Any] = {
        "threads": chosen.threads,
        "prefill_threads": chosen.threads,
        "gpu_layers": 0,
        "keep_on_disk": False,
    }
    return LoadOptions(**(fixed | more))


@contextmanager
def engine(path: Path, options: LoadOptions) -> Iterator[EngineHost]:
    """The engine as the window has it, with this model loaded."""
    with scratch_folder() as folder:
        host = EngineHost(folder)
        try:
            host.load(path, options)
            yield host
        finally:
            host.close()


@dataclass(slots=True)
class Answered:
    """A reply and when its pieces came, in this process."""

    asked_at: float = 0.0
    pieces_at: list[float] = field(default_factory=list)
    ended_at: float = 0.0
    reply: Generated | None = None

    @property
    def generated(self) -> Generated:
        """The reply, which has come."""
        assert self.reply is not None
        return self.reply

    @property
    def tokens(self) -> int:
        """Of the reply."""
        return self.generated.timings.output_tokens

    @property
    def first_s(self) -> float:
        """Time to first token."""
        return self.pieces_at[0] - self.asked_at

    @property
    def prefill_tokens_per_s(self) -> float:
        """Of the prompt, its rendering and the way of its first token to this process included."""
        return self.generated.timings.prompt_tokens / self.first_s

    @property
    def decode_tokens_per_s(self) -> float:
        """From the first token to the end of the reply."""
        return (self.tokens - 1) / (self.ended_at - self.pieces_at[0])

    def tokens_within(self, begin: float, end: float) -> float:
        """About how many came between two moments; a piece may hold several."""
        within = sum(begin < each <= end for each in self.pieces_at)
        return within * self.tokens / len(self.pieces_at)


def ask(
    host: EngineHost,
    turns: tuple[Turn, ...],
    tokens: int,
    *,
    priority: Priority = Priority.INTERACTIVE,
    exact: bool = False,
) -> Answered:
    """Have turns answered, and note when."""
    answered = Answered()

    def take(_delta: Delta) -> None:
        answered.pieces_at.append(time.perf_counter())

    request = Generate(turns, GREEDY, max_tokens=tokens, priority=priority, exact=exact)
    answered.asked_at = time.perf_counter()
    answered.reply = host.generate(request, take)
    answered.ended_at = time.perf_counter()
    if answered.tokens != tokens:
        raise RuntimeError(f"a reply of {answered.tokens} tokens instead of {tokens}")
    if not answered.pieces_at:
        raise RuntimeError("a reply without a whole character; another seed would have some")
    return answered


def ask_together(
    host: EngineHost,
    many: Sequence[tuple[Turn, ...]],
    tokens: int,
    priority: Priority = Priority.INTERACTIVE,
) -> list[Answered]:
    """Have several answered at the same time."""
    answers: list[Answered] = []
    threads = [
        threading.Thread(
            target=lambda turns: answers.append(ask(host, turns, tokens, priority=priority)),
            args=(turns,),
        )
        for turns in many
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(answers) != len(many):
        raise RuntimeError("a request failed; its error is above")
    return answers


def question(count: int, seed: int) -> tuple[Turn, ...]:
    """One user turn of about so many tokens, unlike that of any other seed."""
    return (Turn(Role.USER, words(count, seed)),)


class Bare:
    """The baseline, in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._receive("ready")

    def ask(self, **request: object) -> dict[str, float]:
        """Have it run; its figures."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, float] = json.loads(self._receive())
        return answer

    def _receive(self, expected: str = "") -> str:
        assert self._process.stdout is not None
        # The high-level class may print lines of its own.
        for line in self._process.stdout:
            if line.startswith(expected or "{"):
                return line
        raise RuntimeError(f"the baseline ended with {self._process.wait()}")


def same_settings(host: EngineHost) -> tuple[str, ...]:
    """What the baseline has to be told so that it computes as the loaded model does."""
    assert host.loaded is not None  # by `engine`
    settled = host.loaded.settled
    flags = [
        "--flash-attention",
        settled.flash_attention.value,
        "--micro-batch",
        str(settled.micro_batch),
        "--kv-type",
        settled.kv_type_k.value,
    ]
    return (*flags, *(() if settled.repacks else ("--own-order",)))


@contextmanager
def bare_loop(
    path: Path, threads: int, *flags: str, wait: WaitPolicy | None = WaitPolicy.AUTO
) -> Iterator[Bare]:
    """Start the baseline and end it.

    Args:
        path: of the model.
        threads: 0 are as many as it takes by itself.
        flags: more of its arguments.
        wait: what its threads do while they wait, as Cairn would have it; None leaves that to
            the system.
    """
    environ = dict(os.environ) if wait is None else os.environ | environment(wait, cores())
    command = [sys.executable, "-m", "tests.benchmarks.bare_loop", str(path), "--serve"]
    process = subprocess.Popen(
        [*command, "--threads", str(threads), *flags],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield Bare(process)
    finally:
        process.kill()
        process.wait()


def in_turns(
    rounds: int, *sides: Callable[[int], dict[str, float]]
) -> tuple[dict[str, float], ...]:
    """Medians of what each side gives, asked in turn and in turned order, ABBA.

    Args:
        rounds: that count; one more goes before them.
        sides: called with the number of the round; give figures by name.
    """
    figures: list[list[dict[str, float]]] = [[] for _ in sides]
    for number in range(rounds + 1):
        order = list(enumerate(sides))
        for index, side in order if number % 2 else order[::-1]:
            result = side(number)
            if number:
                figures[index].append(result)
    return tuple(
        {name: statistics.median(each[name] for each in results) for name in results[0]}
        for results in figures
    )


def engine_process() -> psutil.Process:
    """The process that has the model."""
    children = psutil.Process().children(recursive=True)
    return max(children, key=lambda each: each.memory_info().rss)
