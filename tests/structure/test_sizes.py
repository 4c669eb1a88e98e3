"""No module over 500 lines, no function over 60; there are no exceptions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.structure.sources import python_files, shown

LONGEST_MODULE = 500
LONGEST_FUNCTION = 60
FOLDERS = ("app", "tests", "packaging")


def long_functions(text: str) -> Iterator[tuple[str, int]]:
    """Functions over the limit and their lines; a docstring is not counted."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = _end(node) - node.lineno + 1 - _docstring_lines(node)
            if lines > LONGEST_FUNCTION:
                yield node.name, lines


def _end(node: ast.stmt | ast.expr) -> int:
    assert node.end_lineno is not None
    return node.end_lineno


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    match node.body[0]:
        case ast.Expr(value=ast.Constant(value=str())) as first:
            return _end(first) - first.lineno + 1
    return 0


def test_modules_stay_under_the_limit():
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in python_files(*FOLDERS)}
    assert [f"{shown(path)}: {n}" for path, n in lines.items() if n > LONGEST_MODULE] == []


def test_functions_stay_under_the_limit():
    def too_long(path: Path) -> list[str]:
        return [
            f"{shown(path)}: {name}: {n}" for name, n in long_functions(path.read_text("utf-8"))
        ]

    assert [found for path in python_files(*FOLDERS) for found in too_long(path)] == []


def test_long_functions_names_only_those_over_the_limit():
    body = "    x = 1\n"
    text = "def short():\n" + body * 59 + "def long():\n" + body * 60
    assert list(long_functions(text)) == [("long", 61)]


def test_long_functions_docstring_is_not_counted():
    text = 'def f():\n    """One.\n\n    Two.\n    """\n' + "    x = 1\n" * 59
    assert list(long_functions(text)) == []
