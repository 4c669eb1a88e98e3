from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from installing import Pip, SetupFailed, explain

LOG = Path("cairn-install.log")


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("OSError: [Errno 28] No space left on device", "no room left"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM", "not the one Cairn's lock names"),
        (
            "WARNING: Retrying after NewConnectionError\n"
            "ERROR: No matching distribution found for numpy==2.4.6",
            "could not be reached",
        ),
        ("ERROR: No matching distribution found for numpy==2.4.6", "No ready-made numpy==2.4.6"),
        ("ERROR: Failed building wheel for llama-cpp-python", "The compiler failed"),
        ("something else", "pip failed (code 1)"),
    ],
    ids=["disk full", "wrong hash", "no network", "no wheel", "compiler", "unknown"],
)
def test_explain_pip_failure_says_why_in_one_sentence(output: str, said: str):
    assert said in explain("packages", 1, output, LOG)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "no room left"),
        (errno.EACCES, "may not write"),
        (errno.EIO, "Start it again"),
    ],
)
def test_setup_failed_from_system_error_says_what_to_do(number: int, said: str, tmp_path: Path):
    assert said in str(SetupFailed.from_os(OSError(number, "refused"), tmp_path))


@pytest.fixture
def pip(tmp_path: Path) -> Iterator[Pip]:
    with (tmp_path / "lock").open("w") as lock:
        yield Pip(Path(sys.executable), tmp_path / "install.log", lock.fileno())


def test_pip_install_impossible_raises_and_keeps_pips_words(pip: Pip, tmp_path: Path, capsys):
    with pytest.raises(SetupFailed, match=r"Its words are at the end of|No ready-made"):
        pip.install("a folder", "--no-index", tmp_path / "missing")
    assert "missing" in (tmp_path / "install.log").read_text("utf-8")
    assert capsys.readouterr().out == ""


def test_pip_install_names_what_on_stderr_only(pip: Pip, tmp_path: Path, capsys):
    (tmp_path / "none.txt").write_text("", encoding="utf-8")
    pip.install("nothing", "--no-index", "-r", tmp_path / "none.txt")
    assert capsys.readouterr() == ("", "  - nothing\n")


def test_pip_has_cached_wheel_of_an_unknown_package_is_false(pip: Pip):
    assert not pip.has_cached_wheel("no_such_package_of_ours-1.0")
