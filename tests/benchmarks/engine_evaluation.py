"""An evaluation of 32 prompts that share a system prompt, against `Llama` called in a loop.

    python -m tests.benchmarks.engine_evaluation [--rounds N] [--prompts N] [--tokens N] [--json]

Cairn gets all of them at once as background requests; the binding's high-level class answers the
same chats one after the other, with the same number of threads. It keeps the common beginning of
two prompts in a row, so what it loses is elsewhere. Exits with 1 when the target is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from app.engine.messages import Role, Turn
from app.engine.protocol import Priority
from tests.benchmarks.engine_bench import (
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
    """Both sides in turn."""
    flags = ("--high-level",)
    options = options_of(chosen, streams=chosen.streams)
    with engine(path, options) as host, bare_loop(path, chosen.threads, *flags) as loop:

        def cairn(number: int) -> dict[str, float]:
            begun = time.perf_counter()
            ask_together(host, _chats(chosen, number), chosen.tokens, Priority.BACKGROUND)
            return _rates(chosen, time.perf_counter() - begun)

        def high_level(number: int) -> dict[str, float]:
            chats = [
                [{"role": turn.role.value, "content": turn.content} for turn in chat]
                for chat in _chats(chosen, number)
            ]
            answer = loop.ask(chats=chats, tokens=chosen.tokens)
            return _rates(chosen, answer["seconds"])

        ours, other = in_turns(chosen.rounds, cairn, high_level)
    return [
        Ratio("prompts answered", ours["prompts"], other["prompts"], "prompts/s", least=TARGET),
    ]


def _chats(chosen: argparse.Namespace, number: int) -> list[tuple[Turn, ...]]:
    system = Turn(Role.SYSTEM, words(chosen.system, seed=-1 - number))
    return [
        (system, Turn(Role.USER, words(chosen.question, number * chosen.prompts + index)))
        for index in range(chosen.prompts)
    ]


def _rates(chosen: argparse.Namespace, seconds: float) -> dict[str, float]:
    return {"prompts": chosen.prompts / seconds}


def main() -> int:
    """Measure and print."""
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("--prompts", type=int, default=32)
    parser.add_argument("--system", type=int, default=500, help="tokens, about")
    parser.add_argument("--question", type=int, default=24, help="tokens, about")
    parser.add_argument("--tokens", type=int, default=8, help="of each answer")
    parser.add_argument("--streams", type=int, default=8)
    chosen = parser.parse_args()
    title = f"{chosen.prompts} prompts with one system prompt, against Llama in a loop"
    return report(title, measure(model_of(chosen), chosen), as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(main())
