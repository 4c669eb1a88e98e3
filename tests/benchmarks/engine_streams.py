"""Eight replies at a time, against one.

    python -m tests.benchmarks.engine_streams [--rounds N] [--streams N] [--tokens N] [--json]

Counted is what comes between the moment the last reply began and the moment the first one ended.
What a bare llama.cpp loop gains from decoding as many sequences in one batch is shown beside it,
since the processor decides that: below 16 rows llama.cpp's kernels may gain nothing. Exits with 1
when the target is missed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.benchmarks.engine_bench import (
    Bare,
    arguments,
    ask,
    ask_together,
    bare_loop,
    engine,
    in_turns,
    model_of,
    options_of,
    question,
    same_settings,
)
from tests.benchmarks.report import Ratio, report

TARGET = 1.8
_PROMPT = 32  # tokens, about
_SEEDS = 1000  # of each round, none of them asked twice


def measure(path: Path, chosen: argparse.Namespace) -> list[Ratio]:
    """One and many in turn, with Cairn and with the bare loop."""
    streams, tokens = chosen.streams, chosen.tokens
    flags = ("--streams", str(streams))
    options = options_of(chosen, streams=streams)
    with (
        engine(path, options) as host,
        bare_loop(path, chosen.threads, *flags, *same_settings(host)) as bare,
    ):

        def one(number: int) -> dict[str, float]:
            answered = ask(host, question(_PROMPT, number * _SEEDS), tokens)
            return {"decode": answered.decode_tokens_per_s}

        def many(number: int) -> dict[str, float]:
            asked = [question(_PROMPT, number * _SEEDS + index + 1) for index in range(streams)]
            answers = ask_together(host, asked, tokens)
            begin = max(each.pieces_at[0] for each in answers)
            end = min(each.ended_at for each in answers)
            total = sum(each.tokens_within(begin, end) for each in answers)
            return {"decode": total / (end - begin)}

        def bare_one(number: int) -> dict[str, float]:
            return _decode(bare, [number * _SEEDS], tokens)

        def bare_many(number: int) -> dict[str, float]:
            return _decode(bare, [number * _SEEDS + index for index in range(streams)], tokens)

        ours, alone, loop, loop_alone = in_turns(chosen.rounds, many, one, bare_many, bare_one)
    name = f"{streams} streams / one"
    return [
        Ratio(name, ours["decode"], alone["decode"], "tokens/s", least=TARGET),
        Ratio(f"bare loop, {name}", loop["decode"], loop_alone["decode"], "tokens/s"),
        Ratio(f"{streams} streams, Cairn / bare", ours["decode"], loop["decode"], "tokens/s"),
    ]


def _decode(bare: Bare, seeds: list[int], tokens: int) -> dict[str, float]:
    prompts = [question(_PROMPT, seed)[0].content for seed in seeds]
    return {"decode": bare.ask(prompts=prompts, tokens=tokens)["decode_tokens_per_s"]}


def main() -> int:
    """Measure and print."""
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("--streams", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=64)
    chosen = parser.parse_args()
    title = "Streams at the same time"
    return report(title, measure(model_of(chosen), chosen), as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(main())
