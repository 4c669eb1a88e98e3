"""What streaming costs the window's process, and what an engine costs that has nothing to do.

    python -m tests.benchmarks.engine_overhead [--rounds N] [--tokens N] [--idle S] [--json]

Counted is processor time of this process while a reply streams in, all threads together, for each
token of it; then processor time of the engine process in the seconds after. Exits with 1 when a
target is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
import time
from pathlib import Path

from tests.benchmarks.engine_bench import (
    arguments,
    ask,
    engine,
    engine_process,
    model_of,
    options_of,
    question,
)
from tests.benchmarks.report import Ratio, report

PER_TOKEN_TARGET_US = 100.0
# The system counts in steps of 10 ms, of which the end of the reply may leave one.
IDLE_TARGET_SHARE = 0.002
_PROMPT = 32  # tokens, about


def measure(path: Path, chosen: argparse.Namespace) -> list[Ratio]:
    """Stream some replies, then wait."""
    per_token = []
    with engine(path, options_of(chosen)) as host:
        for number in range(chosen.rounds):
            before = time.process_time()
            answered = ask(host, question(_PROMPT, number), chosen.tokens)
            per_token.append((time.process_time() - before) / answered.tokens)
        busy_s = _engine_busy_s(chosen.idle)
    return [
        Ratio(
            "processor time of a token in the window's process",
            statistics.median(per_token) * 1e6,
            PER_TOKEN_TARGET_US,
            "µs",
            most=1.0,
        ),
        Ratio(
            "processor time of an idle engine",
            busy_s * 1000,
            chosen.idle * 1000,
            "ms",
            most=IDLE_TARGET_SHARE,
        ),
    ]


def _engine_busy_s(seconds: float) -> float:
    """Processor time that the engine takes in so many seconds of nothing to do."""
    process = engine_process()
    pause = threading.Event()
    pause.wait(1.0)  # for whatever it tidies up after a reply
    before = process.cpu_times()
    pause.wait(seconds)
    after = process.cpu_times()
    busy_s: float = after.user + after.system - before.user - before.system
    return max(0.0, round(busy_s, 3))


def main() -> int:
    """Measure and print."""
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--idle", type=float, default=10.0, help="seconds")
    chosen = parser.parse_args()
    title = "Overhead"
    return report(title, measure(model_of(chosen), chosen), as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(main())
