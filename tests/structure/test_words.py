"""Words and names that may not appear in the code, each with the reason."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.structure.sources import ROOT, python_files, shown

# Written in pieces, so that this file does not contain what it looks for.
EVERYWHERE = {
    "unfinished work": r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b",
    "this machine": r"/work" r"/|/opt/p" r"ypi|/ro" r"ot/",
    "the name of a package index": r"py" r"pi\.org|python" r"hosted|download\.py" r"torch",
    "a type error silenced without its code": r"#\s*type:\s*ignore(?!\[)",
}
IN_APP = {
    "a nested event loop": r"\bprocessEvents\(",
    "an error thrown away": r"except (Base)?Exception[^\n]*:\n\s+pass\b",
    "a bare except": r"except\s*:",
}
IN_UI = {"a style beside the stylesheet": r"\.setStyleSheet\("}
IN_TESTS = {"waiting for time instead of a condition": r"\bqtbot\.wa" r"it\(|\btime\.sle" r"ep\("}
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "models"}
TEXT_FILES = {".py", ".md", ".toml", ".txt", ".sh", ".cmd", ".qss", ".desktop", ".command", ""}


def found(pattern: str, *folders: str) -> list[str]:
    return [
        f"{shown(path)}: {match[0]}"
        for path in python_files(*folders)
        for match in re.finditer(pattern, path.read_text("utf-8"))
    ]


@pytest.mark.parametrize("reason", EVERYWHERE)
def test_code_never_contains(reason: str):
    assert found(EVERYWHERE[reason], "app", "tests", "packaging") == []


@pytest.mark.parametrize("reason", IN_APP)
def test_app_never_contains(reason: str):
    assert found(IN_APP[reason], "app") == []


@pytest.mark.parametrize("reason", IN_UI)
def test_windows_never_contain(reason: str):
    # The one place that puts the stylesheet on the application is the theme.
    assert [hit for hit in found(IN_UI[reason], "app/ui") if "app/ui/theme.py" not in hit] == []


@pytest.mark.parametrize("reason", IN_TESTS)
def test_tests_never_contain(reason: str):
    assert found(IN_TESTS[reason], "tests") == []


def test_modules_are_named_for_what_they_hold():
    modules = [path for path in python_files("app") if path.stem in VAGUE_NAMES]
    assert [shown(path) for path in modules] == []


def committed() -> Iterator[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    yield from done.stdout.splitlines()


def test_other_files_name_no_machine_and_no_index():
    pattern = f"{EVERYWHERE['this machine']}|{EVERYWHERE['the name of a package index']}"
    hits = [
        f"{name}: {match[0]}"
        for name in committed()
        if (path := ROOT / name).suffix in TEXT_FILES and path.is_file()
        for match in re.finditer(pattern, path.read_text("utf-8", errors="replace"))
    ]
    assert hits == []


def test_no_built_or_large_file_is_committed():
    sizes = {name: (ROOT / name).stat().st_size for name in committed() if (ROOT / name).is_file()}
    assert [name for name, size in sizes.items() if size > 2_000_000] == []
