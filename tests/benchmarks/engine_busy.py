"""Decoding while another program keeps every core busy.

    python -m tests.benchmarks.engine_busy [--rounds N] [--tokens N] [--json]

Cairn chooses its threads itself, before the others begin, and may choose again once they have.
Against it run a bare loop with as many spinning threads as cores, which is how llama.cpp comes,
and one with a single thread. Exits with 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.engine.options import WaitPolicy
from tests.benchmarks.engine_bench import (
    Bare,
    arguments,
    ask,
    bare_loop,
    engine,
    in_turns,
    model_of,
    options_of,
    question,
)
from tests.benchmarks.report import Ratio, report

SPINNING_TARGET, SINGLE_TARGET = 5.0, 0.8
_PROMPT = 32  # tokens, about
_BURN = "while True: pass"


def measure(path: Path, chosen: argparse.Namespace) -> list[Ratio]:
    """All three in turn."""
    cores = os.cpu_count() or 1
    options = options_of(chosen, threads=0, prefill_threads=0, wait_policy=WaitPolicy.AUTO)
    with (
        engine(path, options) as host,
        bare_loop(path, cores, wait=WaitPolicy.ACTIVE) as spinning,
        bare_loop(path, 1) as single,
        _busy(cores),
    ):

        def cairn(number: int) -> dict[str, float]:
            answered = ask(host, question(_PROMPT, number), chosen.tokens)
            return {"decode": answered.decode_tokens_per_s}

        def spin(number: int) -> dict[str, float]:
            return _decode(spinning, number, chosen.spinning_tokens)

        def alone(number: int) -> dict[str, float]:
            return _decode(single, number, chosen.tokens)

        ours, spun, one = in_turns(chosen.rounds, cairn, spin, alone)
    return [
        Ratio(
            f"{cores} spinning threads",
            ours["decode"],
            spun["decode"],
            "tokens/s",
            least=SPINNING_TARGET,
        ),
        Ratio("one thread", ours["decode"], one["decode"], "tokens/s", least=SINGLE_TARGET),
    ]


def _decode(bare: Bare, number: int, tokens: int) -> dict[str, float]:
    prompts = [question(_PROMPT, number)[0].content]
    return {"decode": bare.ask(prompts=prompts, tokens=tokens)["decode_tokens_per_s"]}


@contextmanager
def _busy(cores: int) -> Iterator[None]:
    """So many processes that do nothing but compute."""
    burners = [subprocess.Popen([sys.executable, "-c", _BURN]) for _ in range(cores)]
    try:
        yield
    finally:
        for each in burners:
            each.kill()
            each.wait()


def main() -> int:
    """Measure and print."""
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--spinning-tokens", type=int, default=16, help="of the slow one")
    chosen = parser.parse_args()
    title = "Decode beside busy cores"
    return report(title, measure(model_of(chosen), chosen), as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(main())
