"""`eval` as a process with a real model: killed or interrupted in the middle, then gone on with."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.doubles.scripted_gguf import scripted_gguf
from tests.e2e.conftest import Cairn, environment

ITEMS = 200  # so many that a signal comes long before the last
REPLY = " ".join(f"Sentence {number} of the reply." for number in range(25))


def write_suite(path: Path) -> Path:
    lines = [
        json.dumps({"key": f"k{number}", "input": f"Question {number}?", "targets": [REPLY]})
        for number in range(ITEMS)
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def samples(data_dir: Path) -> dict[int, tuple[int, str]]:
    """By position: what tells one sample from another that would be made in its place."""
    with closing(sqlite3.connect(data_dir / "cairn.db")) as connection:
        rows = connection.execute("SELECT position, id, created_at FROM eval_samples").fetchall()
    assert len({position for position, _id, _at in rows}) == len(rows)
    return {position: (number, moment) for position, number, moment in rows}


@pytest.fixture
def hears_interrupts() -> Iterator[None]:
    """Children hear SIGINT, even those of a suite that a shell runs in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hears_interrupts")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_run_that_was_broken_off_goes_on_and_asks_nothing_twice(
    cairn: Cairn, data_dir: Path, tmp_path: Path, how: signal.Signals
) -> None:
    model = scripted_gguf(tmp_path / "tiny.gguf", {"": REPLY})
    suite = write_suite(tmp_path / "suite.jsonl")
    words = ["eval", "run", suite, "--model", model, "--metric", "exact_match"]
    command = [sys.executable, "-m", "app", *map(str, words), "--data-dir", str(data_dir)]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
    ) as running:
        assert running.stderr is not None
        told = (each for each in running.stderr if f"of {ITEMS} answers" in each)
        assert int(next(told, str(ITEMS)).split()[0]) < ITEMS
        running.send_signal(how)
        _out, said = running.communicate(timeout=60)
    before = samples(data_dir)
    assert 0 < len(before) < ITEMS
    if how is signal.SIGINT:
        assert running.returncode == 130
        assert "cairn eval resume 1" in said
    (listed,) = cairn("eval", "list", "--json").json["runs"]
    assert listed["state"] == ("paused" if how is signal.SIGINT else "interrupted")
    assert listed["samples"] == len(before)
    resumed = cairn("eval", "resume", "1", "--fail-under", "1", "--json")
    assert resumed.code == 0, resumed.err
    after = samples(data_dir)
    assert len(after) == ITEMS
    assert before.items() <= after.items()
    (candidate,) = resumed.json["candidates"]
    assert candidate["metrics"][0]["value"] == 1.0
