"""How soon the window can be seen, against an empty PySide6 window in the same run.

Both are processes of their own, timed from their start to their first paint; medians of several
alternating runs. Run it with: packaging/test --benchmarks startup
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNS = 7
LIMIT = 2.5
HEAVY = ("torch", "lancedb", "llama_cpp", "pyarrow", "transformers", "numpy", "sqlalchemy")

EMPTY = """
import os, sys, time
from PySide6.QtWidgets import QApplication, QMainWindow
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        print(time.time(), time.time(), "[]", flush=True)
        os._exit(0)
app = QApplication([])
window = Window()
window.resize(1280, 840)
window.show()
app.exec()
"""

CAIRN = """
import sys
from pathlib import Path
def main():
    from app.base.paths import DataPaths
    paths = DataPaths(Path(sys.argv[1]))
    paths.make()
    from app.ui import main_window, pane
    import json, os, time
    first = []
    real = main_window.MainWindow.paintEvent
    def painted(window, event):
        real(window, event)
        if not first:
            heavy = [name for name in sys.argv[2].split(",") if name in sys.modules]
            first.append((time.time(), heavy))
        elif window.current is not None:
            print(first[0][0], time.time(), json.dumps(first[0][1]), flush=True)
            os._exit(0)
    main_window.MainWindow.paintEvent = painted
    from app.ui.application import run_window
    run_window(paths, [])
main()
"""


@dataclass(frozen=True, slots=True)
class Start:
    """One start: seconds to the first paint and to the first pane, and what was imported before."""

    window_s: float
    pane_s: float
    heavy: tuple[str, ...]


def start(cache: str, program: str, *arguments: str) -> Start:
    """Start a program and read off when it painted."""
    # As installed, both find their modules compiled; the first start of a run fills the cache.
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    began = time.time()
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        timeout=60,
    )
    window, pane, heavy = done.stdout.split(" ", 2)
    return Start(float(window) - began, float(pane) - began, tuple(json.loads(heavy)))


def measure(runs: int = RUNS) -> dict[str, object]:
    """Alternate both programs, so that a busy moment of the machine meets both."""
    empty, cairn = [], []
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as cache:
        for _run in range(runs + 1):  # the first one only warms the caches
            empty.append(start(cache, EMPTY))
            cairn.append(start(cache, CAIRN, data, ",".join(HEAVY)))
    baseline = statistics.median(each.window_s for each in empty[1:])
    window = statistics.median(each.window_s for each in cairn[1:])
    pane = statistics.median(each.pane_s for each in cairn[1:])
    return {
        "empty window ms": round(baseline * 1000),
        "Cairn's window ms": round(window * 1000),
        "Cairn's first pane ms": round(pane * 1000),
        "ratio": round(window / baseline, 2),
        "heavy imports": sorted({name for each in cairn for name in each.heavy}),
    }


def main() -> int:
    """Print the figures; 1 when the window comes too late."""
    result = measure()
    for name, value in result.items():
        print(f"{name:>22}: {value}")
    print(f"{'limit':>22}: {LIMIT}")
    return 0 if float(str(result["ratio"])) <= LIMIT and not result["heavy imports"] else 1


if __name__ == "__main__":
    sys.exit(main())
