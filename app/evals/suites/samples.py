"""The suites that ship with Cairn."""

from __future__ import annotations

from app.base.paths import resource
from app.evals.suites.suite import Suite


def sample_suites() -> tuple[Suite, ...]:
    """All of them, by the names of their files."""
    from app.evals.suites.reading import read_suite  # wanted once in the life of a folder

    paths = sorted(resource("suites").glob("*.jsonl"))
    return tuple(read_suite(path).suite for path in paths)
