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
        print(time.time(), "[]", flush=True)
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
    from app.ui import main_window
    import json, os, time
    real = main_window.MainWindow.paintEvent
    def painted(window, event):
        real(window, event)
        heavy = [name for name in sys.argv[2].split(",") if name in sys.modules]
        print(time.time(), json.dumps(heavy), flush=True)
        os._exit(0)
    main_window.MainWindow.paintEvent = painted
    from app.ui.application import run_window
    run_window(paths, [])
main()
"""


def first_paint(program: str, *arguments: str) -> tuple[float, list[str]]:
    """Seconds from the start of a process to its first paint, and what it had imported by then."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    started = time.time()
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        timeout=60,
    )
    at, heavy = done.stdout.split(" ", 1)
    return float(at) - started, json.loads(heavy)


def measure(runs: int = RUNS) -> dict[str, object]:
    """Alternate both programs, so that a busy moment of the machine meets both."""
    empty: list[float] = []
    cairn: list[float] = []
    heavy: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        for _run in range(runs + 1):
            empty.append(first_paint(EMPTY)[0])
            seconds, imported = first_paint(CAIRN, folder, ",".join(HEAVY))
            cairn.append(seconds)
            heavy |= set(imported)
    baseline, ours = statistics.median(empty[1:]), statistics.median(cairn[1:])
    return {
        "empty window ms": round(baseline * 1000),
        "Cairn ms": round(ours * 1000),
        "ratio": round(ours / baseline, 2),
        "heavy imports": sorted(heavy),
    }


def main() -> int:
    """Print the figures; 1 when the window comes too late."""
    result = measure()
    for name, value in result.items():
        print(f"{name:>16}: {value}")
    print(f"{'limit':>16}: {LIMIT}")
    return 0 if float(str(result["ratio"])) <= LIMIT and not result["heavy imports"] else 1


if __name__ == "__main__":
    sys.exit(main())
