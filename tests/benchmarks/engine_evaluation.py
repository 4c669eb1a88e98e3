"""An evaluation of 32 prompts that share a system prompt, against `Llama` called in a loop.

    python -m tests.benchmarks.engine_evaluation [--rounds N] [--prompts N] [--tokens N ...]

Cairn gets all of them at once as background requests, as many at a time as an evaluation run asks;
the binding's high-level class answers chats one after the other, as it comes and, shown beside it,
with Cairn's threads. It keeps what two prompts in a row have in common, so it does not read the
system prompt again either; it has read it before its time is taken, so that a few of the prompts
tell how fast it is. What batching gains grows with the length of the answers, so that several
lengths are tried. Exits with 1 when the target is missed for one of them.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from app.engine.messages import Role, Turn
from app.engine.protocol import Priority
from app.evals.runs.together import MOST_AT_ONCE
from tests.benchmarks.engine_bench import (
    Bare,
    arguments,
    ask_together,
    bare_loop,
    engine,
    in_turns,
    model_of,
    options_of,
)
from tests.benchmarks.report import Ratio, report
from tests.doubles.random_vocabulary import words

TARGET = 3.0


def measure(path: Path, chosen: argparse.Namespace) -> list[Ratio]:
    """Both sides in turn, for each length of the answers."""
    ratios: list[Ratio] = []
    for tokens in chosen.tokens:
        ratios += _measure(path, argparse.Namespace(**(vars(chosen) | {"tokens": tokens})))
    return ratios


def _measure(path: Path, chosen: argparse.Namespace) -> list[Ratio]:
    options = options_of(chosen, streams=chosen.streams)
    with (
        engine(path, options) as host,
        bare_loop(path, chosen.threads, "--high-level") as same,
        bare_loop(path, 0, "--high-level", wait=None) as plain,
    ):

        def cairn(number: int) -> dict[str, float]:
            begun = time.perf_counter()
            ask_together(host, _chats(chosen, number), chosen.tokens, Priority.BACKGROUND)
            return {"prompts": chosen.prompts / (time.perf_counter() - begun)}

        ours, other, default = in_turns(
            chosen.rounds,
            cairn,
            lambda number: _high_level(same, chosen, number),
            lambda number: _high_level(plain, chosen, number),
        )
    rates = ours["prompts"], other["prompts"], default["prompts"]
    return [
        Ratio(f"Llama, {chosen.tokens} tokens", rates[0], rates[2], "prompts/s", least=TARGET),
        Ratio(f"same threads, {chosen.tokens} tokens", rates[0], rates[1], "prompts/s"),
    ]


def _high_level(loop: Bare, chosen: argparse.Namespace, number: int) -> dict[str, float]:
    chats = [
        [{"role": turn.role.value, "content": turn.content} for turn in chat]
        for chat in _chats(chosen, number)[: chosen.in_turn + 1]
    ]
    loop.ask(chats=chats[:1], tokens=1)
    return {"prompts": chosen.in_turn / loop.ask(chats=chats[1:], tokens=chosen.tokens)["seconds"]}


def _chats(chosen: argparse.Namespace, number: int) -> list[tuple[Turn, ...]]:
    system = Turn(Role.SYSTEM, words(chosen.system, seed=-1 - number))
    return [
        (system, Turn(Role.USER, words(chosen.question, number * chosen.prompts + index)))
        for index in range(chosen.prompts)
    ]


def main() -> int:
    """Measure and print."""
    parser = arguments(__doc__, rounds=1)
    parser.add_argument("--prompts", type=int, default=32)
    parser.add_argument("--in-turn", type=int, default=8, help="prompts Llama's time is taken of")
    parser.add_argument("--system", type=int, default=500, help="tokens, about")
    parser.add_argument("--question", type=int, default=24, help="tokens, about")
    parser.add_argument(
        "--tokens", type=int, nargs="+", default=[8, 32, 128], help="of each answer"
    )
    parser.add_argument("--streams", type=int, default=MOST_AT_ONCE)
    chosen = parser.parse_args()
    title = f"{chosen.prompts} prompts with one system prompt, against Llama in a loop"
    return report(title, measure(model_of(chosen), chosen), as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(main())
