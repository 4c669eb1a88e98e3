from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import environment
import pytest
from environment import LOCK_NAME, PACKAGE_LOCKS, Environment, Kind, clear, linked_settings, mend
from installing import SetupFailed

from tests.structure.sources import ROOT


class FakePip:
    """Notes what it is asked to install; fails on the words it is told to."""

    asked: list[str] = []
    failing = ""

    def __init__(self, *_args: object) -> None:
        pass

    def install(self, what: str, *_words: object) -> None:
        self.asked.append(what.split(",")[0])
        if self.failing and self.failing in what:
            raise SetupFailed(f"no {what}")

    def has_cached_wheel(self, _name: str) -> bool:
        return True


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(environment, "Pip", FakePip)
    monkeypatch.setattr(FakePip, "asked", [])
    monkeypatch.setattr(environment, "compiler_advice", lambda: "")
    monkeypatch.delenv("CAIRN_LLAMA_WHEEL", raising=False)
    return FakePip.asked


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with locks and an environment that looks real enough."""
    root = tmp_path / "a repository"
    shutil.copytree(ROOT / "packaging" / "locks", root / "packaging" / "locks")
    shutil.copy(ROOT / "pyproject.toml", root)
    made = Environment(root)
    made.python.parent.mkdir(parents=True)
    made.python.symlink_to(sys.executable)
    write_version(root, f"{sys.version_info[0]}.{sys.version_info[1]}.1")
    return root


def write_version(root: Path, version: str) -> None:
    (root / ".venv" / "pyvenv.cfg").write_text(f"home = x\nversion = {version}\n", encoding="utf-8")


EVERYTHING = ["the installer", "packages", "torch", "llama-cpp-python", "Cairn itself"]


def test_make_ready_first_time_installs_everything(root: Path, asked: list[str]):
    Environment(root).make_ready(Kind.RUN)
    assert asked == EVERYTHING


@pytest.mark.parametrize("kind", Kind)
def test_make_ready_second_time_does_nothing(root: Path, asked: list[str], kind: Kind):
    Environment(root).make_ready(kind)
    asked.clear()
    Environment(root).make_ready(kind)
    assert asked == []


def test_make_ready_for_tests_after_run_adds_only_the_test_tools(root: Path, asked: list[str]):
    Environment(root).make_ready(Kind.RUN)
    asked.clear()
    Environment(root).make_ready(Kind.TEST)
    assert asked == ["test tools"]


@pytest.mark.parametrize("name", PACKAGE_LOCKS)
def test_make_ready_after_a_lock_changed_installs_packages(root: Path, asked: list[str], name: str):
    Environment(root).make_ready(Kind.RUN)
    asked.clear()
    with (root / "packaging" / "locks" / name).open("a", encoding="utf-8") as lock:
        lock.write("# changed\n")
    Environment(root).make_ready(Kind.RUN)
    assert asked == EVERYTHING[:-1]


def test_make_ready_after_the_repository_moved_only_links_it_again(root: Path, asked: list[str]):
    Environment(root).make_ready(Kind.RUN)
    asked.clear()
    moved = root.rename(root.with_name("elsewhere"))
    Environment(moved).make_ready(Kind.RUN)
    assert asked == ["Cairn itself"]


@pytest.mark.parametrize("failing", ["packages", "torch", "llama"])
def test_make_ready_after_a_failure_goes_on(
    root: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch, failing: str
):
    monkeypatch.setattr(FakePip, "failing", failing)
    with pytest.raises(SetupFailed):
        Environment(root).make_ready(Kind.RUN)
    monkeypatch.setattr(FakePip, "failing", "")
    asked.clear()
    Environment(root).make_ready(Kind.RUN)
    assert asked == EVERYTHING


def test_make_ready_a_failing_update_is_not_taken_for_done(
    root: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
):
    Environment(root).make_ready(Kind.RUN)
    before = (root / "packaging" / "locks" / "runtime.txt").read_text("utf-8")
    (root / "packaging" / "locks" / "runtime.txt").write_text("new==1\n", encoding="utf-8")
    monkeypatch.setattr(FakePip, "failing", "torch")
    with pytest.raises(SetupFailed):
        Environment(root).make_ready(Kind.RUN)
    monkeypatch.setattr(FakePip, "failing", "")
    (root / "packaging" / "locks" / "runtime.txt").write_text(before, encoding="utf-8")
    asked.clear()
    Environment(root).make_ready(Kind.RUN)
    assert asked == EVERYTHING[:-1]


def test_make_ready_no_compiler_and_no_wheel_names_the_line_first(
    root: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(FakePip, "has_cached_wheel", lambda _self, _name: False)
    monkeypatch.setattr(environment, "compiler_advice", lambda: "sudo apt install g++")
    with pytest.raises(SetupFailed, match=r"C\+\+ compiler is missing.*sudo apt install g\+\+$"):
        Environment(root).make_ready(Kind.RUN)
    assert asked == []


def test_make_ready_with_a_wheel_named_needs_no_compiler(
    root: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(FakePip, "has_cached_wheel", lambda _self, _name: False)
    monkeypatch.setattr(environment, "compiler_advice", lambda: "sudo apt install g++")
    monkeypatch.setenv("CAIRN_LLAMA_WHEEL", "my.whl")
    Environment(root).make_ready(Kind.RUN)
    assert "llama-cpp-python from my.whl" in asked


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders in which a new environment was made."""
    folders: list[Path] = []

    def create(folder: Path, **_options: object) -> None:
        folders.append(folder)
        (folder / "bin").mkdir()
        (folder / "bin" / "python").symlink_to(sys.executable)
        (folder / "pyvenv.cfg").write_text(
            f"version = {sys.version_info[0]}.{sys.version_info[1]}.0\n", encoding="utf-8"
        )

    monkeypatch.setattr("environment.venv.create", create)
    return folders


pytestmark = pytest.mark.skipif(os.name == "nt", reason="builds its environments with symlinks")


def test_make_ready_python_of_the_environment_gone_makes_it_anew(
    root: Path, asked: list[str], made: list[Path]
):
    Environment(root).make_ready(Kind.RUN)
    asked.clear()
    Environment(root).python.unlink()
    Environment(root).python.symlink_to(root / "gone")
    Environment(root).make_ready(Kind.RUN)
    assert made == [root / ".venv"]
    assert asked == EVERYTHING


def test_make_ready_other_python_keeps_the_environment_unless_it_was_chosen(
    root: Path, asked: list[str], made: list[Path]
):
    write_version(root, "3.99.0")
    Environment(root).make_ready(Kind.RUN)
    assert made == []
    Environment(root, chosen=True).make_ready(Kind.RUN)
    assert made == [root / ".venv"]


def test_make_ready_python_without_ensurepip_names_the_package(
    root: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
):
    shutil.rmtree(root / ".venv")
    monkeypatch.setattr("environment.importlib.util.find_spec", lambda _name: None)
    with pytest.raises(SetupFailed, match=r"sudo apt install python3\.\d+-venv$"):
        Environment(root).make_ready(Kind.RUN)


def test_make_ready_folder_not_writable_says_so(
    root: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_args: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(environment, "held", refuse)
    with pytest.raises(SetupFailed, match="may not write there"):
        Environment(root).make_ready(Kind.RUN)


def test_clear_leaves_only_the_lock(tmp_path: Path):
    (tmp_path / LOCK_NAME).touch()
    (tmp_path / "pyvenv.cfg").touch()
    (tmp_path / "lib" / "deep").mkdir(parents=True)
    (tmp_path / "lib64").symlink_to("lib")
    clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [LOCK_NAME]


def test_mend_forgets_only_packages_cut_short(tmp_path: Path):
    packages = tmp_path / "lib" / "python3" / "site-packages"
    for name in ("whole-1.dist-info", "half-1.dist-info", "~eft-1.dist-info"):
        (packages / name).mkdir(parents=True)
        (packages / name / "METADATA").touch()
    (packages / "whole-1.dist-info" / "RECORD").touch()
    mend(tmp_path)
    assert [path.name for path in packages.iterdir()] == ["whole-1.dist-info"]


def test_linked_settings_ignore_what_only_lint_reads(root: Path):
    before = linked_settings(root)
    text = (root / "pyproject.toml").read_text("utf-8")
    (root / "pyproject.toml").write_text(text.replace("line-length = 100", "line-length = 99"))
    assert linked_settings(root) == before
    (root / "pyproject.toml").write_text(text.replace("cairn = ", "other = "))
    assert linked_settings(root) != before
