from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import venv
from pathlib import Path

import environment
import pytest
from environment import Environment, Kind

from tests.structure.sources import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the shell launchers")

PROGRAM = """
import json, os, signal, sys
if "wait" in sys.argv:
    print(os.getpid(), flush=True)
    signal.pause()
print(json.dumps([sys.argv[1:], os.getcwd(), sys.stdin.read()]))
sys.exit(7)
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose environment is ready and whose app tells what it was given."""
    root = tmp_path / "with a space"
    shutil.copytree(ROOT / "packaging", root / "packaging")
    shutil.copy(ROOT / "pyproject.toml", root)
    venv.create(root / ".venv", with_pip=False, symlinks=True)
    [packages] = (root / ".venv").glob("lib/python3*/site-packages")
    (packages / "app").mkdir()
    (packages / "app" / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    monkeypatch.setattr(environment, "Pip", lambda *_args: _NoPip())
    monkeypatch.setattr(Environment, "_works", lambda _self: True)
    Environment(root).make_ready(Kind.RUN)
    return root


class _NoPip:
    def install(self, *_words: object) -> None:
        pass

    def has_cached_wheel(self, _name: str) -> bool:
        return True


def run(program: Path, *words: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program), *words],
        cwd=cwd,
        env=os.environ | environ,
        input="from stdin",
        capture_output=True,
        text=True,
        check=False,
    )


def test_run_passes_words_folder_stdin_and_exit_code(root: Path, tmp_path: Path):
    done = run(root / "packaging" / "run", "ask", "two words", "", cwd=tmp_path)
    assert done.returncode == 7
    assert done.stdout == f'[["ask", "two words", ""], "{tmp_path}", "from stdin"]\n'
    assert done.stderr == ""


def test_run_through_a_link_finds_its_repository(root: Path, tmp_path: Path):
    (tmp_path / "link").symlink_to(root / "packaging" / "run")
    (tmp_path / "cairn").symlink_to("link")
    assert run(tmp_path / "cairn", cwd=tmp_path).returncode == 7


def test_run_in_a_folder_with_its_own_app_starts_cairn(root: Path, tmp_path: Path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text("raise SystemExit(1)", encoding="utf-8")
    (tmp_path / "json.py").write_text("raise SystemExit(1)", encoding="utf-8")
    done = run(root / "packaging" / "run", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 7


def test_run_signal_reaches_the_app_itself(root: Path, tmp_path: Path):
    command = [str(root / "packaging" / "run"), "wait"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) == process.pid
        process.send_signal(signal.SIGTERM)
    assert process.returncode == -signal.SIGTERM


@pytest.mark.parametrize("launcher", ["run", "test"])
def test_launcher_python_named_does_not_work_says_so(root: Path, tmp_path: Path, launcher: str):
    program = root / "packaging" / launcher
    done = run(program, cwd=tmp_path, CAIRN_PYTHON="/nowhere/python")
    assert done.returncode == 3
    assert done.stderr == (
        "CAIRN_PYTHON names /nowhere/python, which is not a working Python 3.11 or newer.\n"
    )


def test_run_no_python_at_all_names_the_line_that_installs_one(root: Path, tmp_path: Path):
    shutil.rmtree(root / ".venv")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("dirname", "uname"):
        (tools / name).symlink_to(shutil.which(name) or name)
    done = run(root / "packaging" / "run", cwd=tmp_path, PATH=str(tools))
    assert done.returncode == 3
    assert "Cairn needs Python 3.11 or newer, and none was found. Install it with: " in done.stderr


def test_launch_without_a_known_word_shows_its_usage():
    command = [sys.executable, str(ROOT / "packaging" / "launch.py"), "dance"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage:")


def test_windows_launchers_end_lines_as_windows_wants():
    for path in (ROOT / "packaging").glob("*.cmd"):
        data = path.read_bytes()
        assert data.count(b"\n") == data.count(b"\r\n") > 0


def test_add_to_menu_writes_an_entry_that_starts_this_copy(root: Path, tmp_path: Path):
    done = run(root / "packaging" / "add-to-menu", cwd=tmp_path, XDG_DATA_HOME=str(tmp_path))
    entry = (tmp_path / "applications" / "cairn.desktop").read_text("utf-8")
    assert done.returncode == 0
    assert f'Exec="{root}/packaging/run" %F\n' in entry
    assert f"Icon={root}/resources/icons/cairn.svg\n" in entry
