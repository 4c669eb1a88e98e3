"""Every import contract catches what it forbids, and the tree keeps them all."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.structure.sources import ROOT

# For each contract: the file that gets a forbidden import, and the import. Some are inside
# functions, which is where a breach would hide.
BREACHES = {
    "Data flows one way": ("app/base/errors.py", "import app.settings.schema"),
    "Qt stays in the window": (
        "app/chat/entities.py",
        "def _hidden():\n    from PySide6.QtCore import QObject",
    ),
    "llama.cpp stays in the engine child": (
        "app/modelhub/entities.py",
        "def _hidden():\n    import llama_cpp",
    ),
    "Heavy packages stay in the library child": (
        "app/library/entities.py",
        "def _hidden():\n    import lancedb",
    ),
    "SQL stays in tables and stores": ("app/library/protocol.py", "import sqlalchemy"),
    "The window knows services and entities only": (
        "app/ui/pane.py",
        "import app.library.tables",
    ),
    "Panes do not know each other": ("app/ui/models/__init__.py", "import app.ui.library"),
    "The engine child is a program of its own": (
        "app/engine/sandbox.py",
        "import app.settings.store",
    ),
    "The library child is a program of its own": (
        "app/library/index.py",
        "def _hidden():\n    import app.library.tables",
    ),
}


def check(tree: Path) -> str:
    """What the contract checker says about a copied tree."""
    program = f"import sys; sys.path[:] = [{str(tree)!r}, {str(ROOT)!r}, *sys.path]\n"
    program += "import tests.structure.contracts as contracts; sys.exit(contracts.check())"
    command = [sys.executable, "-I", "-c", program]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def copied_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("tree")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "app", tree / "app", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tree)
    return tree


@pytest.fixture(scope="module")
def findings(copied_tree: Path) -> dict[str, str]:
    """What is found against each contract once every breach is planted."""
    for name, line in BREACHES.values():
        path = copied_tree / name
        path.write_text(f"{path.read_text('utf-8')}\n\n{line}\n", encoding="utf-8")
    broken = check(copied_tree).partition("Broken contracts")[2]
    sections = re.split(r"^(.+)\n-+$", broken, flags=re.MULTILINE)[1:]
    return dict(zip(sections[::2], sections[1::2], strict=True))


def contracts() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return [contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]]


def test_every_contract_has_a_breach_to_prove_it():
    assert sorted(BREACHES) == sorted(contracts())


def test_tree_keeps_every_contract():
    assert f"{len(contracts())} kept, 0 broken" in check(ROOT)


@pytest.mark.parametrize("contract", BREACHES)
def test_contract_catches_a_planted_breach(contract: str, findings: dict[str, str]):
    name, line = BREACHES[contract]
    importer = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    imported = re.findall(r"(?:from|import) ([\w.]+)", line)[0]
    package = imported if imported.startswith("app.") else imported.split(".")[0]
    assert re.search(rf"{importer} -> {package}\b", findings.get(contract, "not broken"))
