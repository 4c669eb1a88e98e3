"""Questions of a chat while an evaluation runs, against the same questions alone.

    python -m tests.benchmarks.engine_beside [--rounds N] [--items N] [--read N] [--tokens N]

In the background as many items as an evaluation has under way are answered without end. The wait of
a question is its time in the queue, before the first of its tokens is read. It may be no longer
than one slice of a prompt takes: as long as the engine reads so many tokens alone. Exits with 1
when the longest wait is longer.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.base.jobs import CancelToken
from app.engine.host import EngineHost
from app.engine.protocol import Generate, Priority
from tests.benchmarks.engine_bench import (
    GREEDY,
    arguments,
    ask,
    engine,
    model_of,
    options_of,
    question,
)
from tests.benchmarks.report import Ratio, report

_PAUSE_S = 0.5


def measure(path: Path, chosen: argparse.Namespace) -> list[Ratio]:
    """The questions alone, then the same number of others beside the evaluation."""
    with engine(path, options_of(chosen, streams=chosen.items + 1)) as host:
        _ask(host, chosen, range(1))
        slices = [
            ask(host, question(chosen.slice, seed), 1).generated.timings.ttft_s
            for seed in range(100, 100 + chosen.rounds)
        ]
        alone = _ask(host, chosen, range(200, 200 + chosen.rounds))
        with _evaluation(host, chosen):
            beside = _ask(host, chosen, range(300, 300 + chosen.rounds))
    longest, whole = max(wait for wait, _first in beside), statistics.median(slices)
    return [
        Ratio(f"longest wait, a slice of {chosen.slice} tokens", longest, whole, "s", most=1.0),
        Ratio(
            "median time to first token, alone",
            statistics.median(first for _wait, first in beside),
            statistics.median(first for _wait, first in alone),
            "s",
        ),
    ]


def _ask(host: EngineHost, chosen: argparse.Namespace, seeds: range) -> list[tuple[float, float]]:
    """Seconds in the queue, and to the first token as the window sees it."""
    waits: list[tuple[float, float]] = []
    for seed in seeds:
        threading.Event().wait(_PAUSE_S)  # a person reads; the evaluation goes on
        answered = ask(host, question(chosen.question, seed), 8)
        first = answered.pieces_at[0] - answered.asked_at
        waits.append((answered.generated.timings.queue_s, first))
    return waits


@contextmanager
def _evaluation(host: EngineHost, chosen: argparse.Namespace) -> Iterator[None]:
    """Background requests, each followed by another, until the end of the block."""
    end = CancelToken()
    numbers = iter(range(1000, 1_000_000))
    lock = threading.Lock()

    def work() -> None:
        while not end.is_cancelled:
            with lock:
                turns = question(chosen.read, next(numbers))
            request = Generate(
                turns, GREEDY, max_tokens=chosen.tokens, priority=Priority.BACKGROUND
            )
            host.generate(request, cancel=end)

    threads = [threading.Thread(target=work) for _ in range(chosen.items)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        end.cancel()
        for thread in threads:
            thread.join()


def main() -> int:
    """Measure and print."""
    parser = arguments(__doc__, rounds=12)
    parser.add_argument("--items", type=int, default=8, help="under way at once")
    parser.add_argument("--read", type=int, default=600, help="tokens of an item, about")
    parser.add_argument("--tokens", type=int, default=64, help="of its answer")
    parser.add_argument("--question", type=int, default=40, help="tokens of the chat, about")
    parser.add_argument("--slice", type=int, default=64, help="tokens of a slice")
    chosen = parser.parse_args()
    title = f"A chat beside an evaluation of {chosen.items} items at once"
    return report(title, measure(model_of(chosen), chosen), as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(main())
