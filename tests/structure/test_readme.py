"""What the README says is there is there."""

from __future__ import annotations

import re

import pytest

from tests.structure.sources import ROOT

README = ROOT / "README.md"


def readme() -> str:
    return README.read_text("utf-8")


def named_paths() -> list[str]:
    links = re.findall(r"\]\(([^)#]+)\)", readme())
    code = re.findall(r"`((?:packaging|app|tests|resources)/[\w./-]+)`", readme())
    return sorted({path for path in links + code if "://" not in path})


@pytest.mark.parametrize("path", named_paths())
def test_readme_names_only_what_exists(path: str):
    assert (ROOT / path).exists()


def test_readme_gives_the_two_commands_before_anything_to_configure():
    text = readme()
    assert text.index("packaging/run") < text.index("packaging/test") < text.index("apt install")


def test_ci_runs_the_test_command_of_the_readme():
    last = (ROOT / ".ci" / "run").read_text("utf-8").rstrip().splitlines()[-1]
    assert last == "exec packaging/test"
