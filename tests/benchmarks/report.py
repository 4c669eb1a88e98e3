"""What the benchmarks share: a small table, and an encoder of one's own."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.library.encoders.export import Exports, Precision
from app.library.encoders.model_files import find_model_files
from app.library.encoders.onnx_encoder import OnnxEncoder
from app.library.encoders.wordpieces import Wordpieces


@dataclass(frozen=True, slots=True)
class Ratio:
    """Two figures of one run, and what the one should be of the other.

    Attributes:
        ours, other: medians, both in `unit`.
        least, most: bounds of `ours / other`; None for a figure that is only shown.
    """

    name: str
    ours: float
    other: float
    unit: str
    least: float | None = None
    most: float | None = None

    @property
    def value(self) -> float:
        return self.ours / self.other if self.other else float("inf")

    @property
    def is_missed(self) -> bool:
        too_low = self.least is not None and self.value < self.least
        return too_low or (self.most is not None and self.value > self.most)

    @property
    def target(self) -> str:
        bounds = ((">=", self.least), ("<=", self.most))
        return " ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)


def report(title: str, ratios: Sequence[Ratio], *, as_json: bool) -> int:
    """Print the ratios; 1 when one of them misses its target, else 0."""
    missed = [each for each in ratios if each.is_missed]
    if as_json:
        rows = [
            {
                "name": each.name,
                "ours": each.ours,
                "other": each.other,
                "unit": each.unit,
                "ratio": each.value,
                "target": each.target,
                "missed": each.is_missed,
            }
            for each in ratios
        ]
        print(json.dumps({"title": title, "machine": machine(), "rows": rows}))
    else:
        print_table(
            f"{title} ({machine()})",
            ("", "Cairn", "against", "", "ratio", "target", ""),
            [
                (
                    each.name,
                    _figure(each.ours),
                    _figure(each.other),
                    each.unit,
                    f"{each.value:.3f}",
                    each.target,
                    "MISSED" if each.is_missed else "",
                )
                for each in ratios
            ],
        )
    return 1 if missed else 0


def machine() -> str:
    """What a figure must be read with: cores, and what else keeps them busy."""
    # Windows has no load average.
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{os.cpu_count()} cores{load}"


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    cells = [[str(each) for each in head], *([_shown(each) for each in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    print(f"\n{title}")
    for number, row in enumerate(cells):
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
        if number == 0:
            print("  ".join("-" * width for width in widths))


def milliseconds(work: Callable[[], object], times: int) -> tuple[float, float]:
    """Median and 95th percentile of the time `work` takes."""
    took = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took), sorted(took)[int(0.95 * (len(took) - 1))]


@contextmanager
def onnx_encoders(folder: Path) -> Iterator[dict[Precision, OnnxEncoder]]:
    files = find_model_files()
    exports, words = Exports(folder, files), Wordpieces(files.tokenizer)
    encoders = {each: OnnxEncoder(each, exports.path(each), words) for each in Precision}
    try:
        yield encoders
    finally:
        for encoder in encoders.values():
            encoder.close()


@contextmanager
def scratch_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cairn-benchmark-") as name:
        yield Path(name)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _shown(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
