from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.ui.interrupts import Interrupts

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without asking")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_while_the_loop_rests_asks_to_quit(qtbot, number: signal.Signals):
    asked: list[int] = []
    interrupts = Interrupts(lambda: asked.append(1))
    os.kill(os.getpid(), number)
    qtbot.waitUntil(lambda: asked == [1])
    interrupts.close()
    interrupts.deleteLater()


def test_close_gives_the_old_handlers_back(qtbot):
    before = signal.getsignal(signal.SIGINT)
    interrupts = Interrupts(lambda: None)
    assert signal.getsignal(signal.SIGINT) is not before
    interrupts.close()
    assert signal.getsignal(signal.SIGINT) is before
    interrupts.deleteLater()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without asking")
def test_real_window_terminated_closes_in_order(tmp_path: Path):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    data = tmp_path / "data"
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "--data-dir", str(data)], env=environment, cwd=ROOT
    )
    try:
        sign = data / "window.open"
        while not sign.exists():
            assert process.poll() is None, "it ended by itself"
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.05)
        process.terminate()
        assert process.wait(30) == 0
        assert not sign.exists()
        assert (data / "window.ini").exists()
    finally:
        process.kill()
        process.wait()
