from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mutex import held

from tests.structure.sources import ROOT

HOLD = """
import sys
sys.path.append(sys.argv[2])
from pathlib import Path
from mutex import held
with held(Path(sys.argv[1]), lambda text: print("waiting", flush=True)):
    print("holding", flush=True)
    sys.stdin.read()
"""


def start(lock: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD, str(lock), str(ROOT / "packaging")]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_held_by_another_process_waits_until_it_ends(tmp_path: Path):
    with start(tmp_path / "lock") as first, start(tmp_path / "lock") as second:
        lines = {first: said(first), second: said(second)}
        assert sorted(lines.values()) == ["holding\n", "waiting\n"]
        holder, waiter = sorted(lines, key=lines.__getitem__)
        holder.kill()
        assert said(waiter) == "holding\n"
        waiter.communicate()


def test_held_twice_in_a_row_does_not_wait(tmp_path: Path):
    told: list[str] = []
    for _ in range(2):
        with held(tmp_path / "lock", told.append):
            pass
    assert told == []


def test_held_lock_is_kept_by_a_child_when_its_starter_dies(tmp_path: Path):
    with held(tmp_path / "lock", print) as descriptor:
        command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=(descriptor,))
    with start(tmp_path / "lock") as second:
        assert said(second) == "waiting\n"
        child.communicate()
        assert said(second) == "holding\n"
        second.communicate()
