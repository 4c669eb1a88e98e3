"""The dialects that ship with Cairn, and which of them a chat template speaks."""

from __future__ import annotations

from functools import cache

from app.base.paths import resource
from app.engine.replies.dialect import Dialect

GENERIC = "generic"


@cache
def dialects() -> tuple[Dialect, ...]:
    """All of them, in the order in which they are tried."""
    found = [
        Dialect.from_toml(path.stem, path.read_text(encoding="utf-8"))
        for path in sorted(resource("dialects").glob("*.toml"))
    ]
    return tuple(sorted(found, key=lambda each: (-each.detection.priority, each.name)))


def dialect(name: str) -> Dialect:
    """The dialect of this name.

    Raises:
        KeyError: there is none.
    """
    for each in dialects():
        if each.name == name:
            return each
    raise KeyError(name)


def dialect_for(template_source: str, *, takes_tools: bool = True) -> Dialect:
    """The dialect that a chat template has its model write.

    Args:
        takes_tools: the template shows tools to the model. Without, its dialect does not help,
            since the model is told about tools and about the form of calls in plain words.
    """
    if takes_tools:
        for each in dialects():
            if each.detection.fits(template_source):
                return each
    return dialect(GENERIC)
