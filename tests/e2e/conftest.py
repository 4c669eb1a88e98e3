"""End-to-end tests run the real app as a process, with the real children."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 170


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cairn = Callable[..., Ran]


def environment() -> dict[str, str]:
    """The environment of the app: no screen, and no way to the network."""
    dead = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    kept = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    return kept | dead | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def cairn(data_dir: Path, tmp_path: Path) -> Cairn:
    """Run a command of the app on the test's data folder, from some other folder."""

    def run(*words: object, data: Path | None = None) -> Ran:
        command = [
            sys.executable,
            "-m",
            "app",
            *map(str, words),
            "--data-dir",
            str(data or data_dir),
        ]
        ended = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            cwd=tmp_path,
            env=environment(),
            check=False,
        )
        return Ran(ended.returncode, ended.stdout, ended.stderr)

    return run
