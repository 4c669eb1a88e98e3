"""One reply at a time, against a bare llama.cpp loop with the same threads and settings.

    python -m tests.benchmarks.engine_one_stream [--rounds N] [--prompt N] [--tokens N] [--json]

Cairn's side is timed in the process that asks: its child, the pipe, the chat template and the
parsing of the reply are in. Both get the same tokens. Exits with 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.benchmarks.engine_bench import (
    arguments,
    ask,
    bare_loop,
    engine,
    in_turns,
    model_of,
    options_of,
    question,
    same_settings,
)
from tests.benchmarks.report import Ratio, report

DECODE_TARGET, PREFILL_TARGET = 0.97, 0.95


def measure(path: Path, chosen: argparse.Namespace) -> list[Ratio]:
    """Both sides in turn."""
    with (
        engine(path, options_of(chosen)) as host,
        bare_loop(path, chosen.threads, *same_settings(host)) as bare,
    ):

        def cairn(number: int) -> dict[str, float]:
            answered = ask(host, question(chosen.prompt, number), chosen.tokens)
            return {
                "prefill": answered.prefill_tokens_per_s,
                "decode": answered.decode_tokens_per_s,
            }

        def loop(number: int) -> dict[str, float]:
            text = host.show_prompt(question(chosen.prompt, number))
            answer = bare.ask(prompts=[text], tokens=chosen.tokens)
            return {
                "prefill": answer["prefill_tokens_per_s"],
                "decode": answer["decode_tokens_per_s"],
            }

        ours, other = in_turns(chosen.rounds, cairn, loop)
    return [
        Ratio("decode", ours["decode"], other["decode"], "tokens/s", least=DECODE_TARGET),
        Ratio("prefill", ours["prefill"], other["prefill"], "tokens/s", least=PREFILL_TARGET),
    ]


def main() -> int:
    """Measure and print."""
    parser = arguments(__doc__, rounds=7)
    parser.add_argument("--prompt", type=int, default=512, help="tokens, about")
    parser.add_argument("--tokens", type=int, default=96)
    chosen = parser.parse_args()
    title = "One stream, against a bare loop"
    return report(title, measure(model_of(chosen), chosen), as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(main())
