"""What the window's process imports, seen in the real application with its real services."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NEVER = ("torch", "lancedb", "llama_cpp", "pyarrow", "transformers", "sentence_transformers")
NOT_BEFORE_PAINT = (*NEVER, "numpy", "sqlalchemy", "onnxruntime", "alembic")

PROGRAM = """
import json, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from app.base.paths import DataPaths
from app.ui.session import Session, make_application

def main():
    paths = DataPaths(Path(sys.argv[1]))
    paths.make()
    session = Session(make_application(), paths)
    window, seen = session.window, {}
    window.first_painted.connect(lambda: seen.update(painted=sorted(sys.modules)))
    def walk():
        for pane_id in window.book.ids:
            window.show_pane(pane_id)
        window.actions_table.run("window.palette")
        QTimer.singleShot(0, finish)
    def finish():
        seen["walked"] = sorted(sys.modules)
        session.close()
    session.became_ready.connect(walk)
    session.open()
    from PySide6.QtWidgets import QApplication
    QApplication.exec()
    print(json.dumps(seen))

if __name__ == "__main__":
    main()
"""


def test_window_process_heavy_packages_stay_outside(tmp_path: Path):
    program = tmp_path / "walk.py"  # a file, since child processes import the main module again
    program.write_text(PROGRAM)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path / "data")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert set(NOT_BEFORE_PAINT) & set(seen["painted"]) == set()
    assert set(NEVER) & set(seen["walked"]) == set()
