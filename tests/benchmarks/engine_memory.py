"""Memory of a loaded model, against what Cairn said before it loaded it.

    python -m tests.benchmarks.engine_memory [--json]

Counted is what the engine process has in main memory after it read a prompt of several hundred
tokens and answered it. Exits with 1 when an estimate is off by more than the target.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from app.engine.options import KvType, LoadOptions
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

TARGET = 0.1
_PROMPT = 600  # tokens, about: more than one micro-batch
_MIB = 1024 * 1024


def measure(path: Path, chosen: argparse.Namespace) -> list[Ratio]:
    """Estimate, load, answer and look, for several options."""
    cases = {
        "4,096 tokens": options_of(chosen),
        "16,384 tokens": options_of(chosen, context_length=16384),
        "16,384 tokens, KV in q8_0": options_of(
            chosen, context_length=16384, kv_type_k=KvType.Q8_0, kv_type_v=KvType.Q8_0
        ),
        "4,096 tokens, not mapped": options_of(chosen, use_mmap=False),
    }
    return [_case(path, name, options) for name, options in cases.items()]


def _case(path: Path, name: str, options: LoadOptions) -> Ratio:
    with engine(path, options) as host:
        ask(host, question(_PROMPT, seed=0), tokens=8)
        taken = engine_process().memory_info().rss
        estimated = host.estimate(path, options).main_memory
    return Ratio(name, taken / _MIB, estimated / _MIB, "MiB", least=1 - TARGET, most=1 + TARGET)


def main() -> int:
    """Measure and print."""
    chosen = arguments(__doc__, rounds=1).parse_args()
    title = "Memory, taken against estimated"
    return report(title, measure(model_of(chosen), chosen), as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(main())
