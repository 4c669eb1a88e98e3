"""The core runs where PySide6 is not installed, and the window's process stays light."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.structure.sources import ROOT, module_name, python_files, shown

# Imports modules named on stdin while the packages named as arguments cannot be imported.
IMPORT_WITHOUT = """
import importlib, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in sys.argv[1:]:
            raise ModuleNotFoundError(f"{name} is blocked here", name=name)
sys.meta_path.insert(0, Blocked())
for name in sys.stdin.read().split():
    importlib.import_module(name)
"""
QT = ("PySide6", "shiboken6", "qtawesome", "qtpy")
HEAVY = ("torch", "lancedb", "pyarrow", "llama_cpp", "onnxruntime", "onnx", "transformers",
         "sentence_transformers")  # fmt: skip
CHILD_SIDE = "app.engine.llama"


def modules() -> list[str]:
    names = [module_name(path) for path in python_files("app")]
    # Migration scripts are run by Alembic, inside its context.
    return [name for name in names if ".migrations" not in name or name.startswith("app.settings")]


def import_without(blocked: tuple[str, ...], names: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", IMPORT_WITHOUT, *blocked],
        input="\n".join(names),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_module_outside_ui_imports_without_qt():
    names = [name for name in modules() if not name.startswith("app.ui")]
    done = import_without(QT, names)
    assert (done.returncode, done.stderr[-2000:]) == (0, "")


def test_every_module_but_the_engines_own_imports_without_heavy_packages():
    names = [name for name in modules() if not name.startswith(CHILD_SIDE)]
    done = import_without(HEAVY, names)
    assert (done.returncode, done.stderr[-2000:]) == (0, "")


@pytest.mark.parametrize("package", ["PySide6", "torch"])
def test_import_without_really_blocks(package: str):
    done = import_without((package,), [package])
    assert f"{package} is blocked here" in done.stderr


def test_unit_tests_need_no_qt():
    needing = re.compile(r"^\s*(from|import) (PySide6|pytestqt|app\.ui)\b|\bqtbot\b", re.MULTILINE)
    paths = python_files("tests/unit", "tests/doubles")
    assert [shown(path) for path in paths if needing.search(path.read_text("utf-8"))] == []
