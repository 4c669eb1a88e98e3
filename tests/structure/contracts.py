"""Checks the import contracts of pyproject.toml on the tree in the current folder."""

from __future__ import annotations

import sys

from importlinter.cli import lint_imports


def check() -> int:
    """Print what is kept and broken; the exit code."""
    return lint_imports(no_logo=True, no_cache=True)


if __name__ == "__main__":
    sys.exit(check())
