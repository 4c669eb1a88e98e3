"""What the benchmarks share: a small table, and an encoder of one's own."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.library.encoders.export import Exports, Precision
from app.library.encoders.model_files import find_model_files
from app.library.encoders.onnx_encoder import OnnxEncoder
from app.library.encoders.wordpieces import Wordpieces


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


def _shown(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
