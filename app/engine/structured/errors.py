"""What can be wrong with a JSON Schema or a grammar, in words."""

from __future__ import annotations

from app.engine.errors import EngineError


class SchemaError(EngineError):
    """A schema or grammar that cannot be followed exactly. Nothing looser is used in its place."""


class NothingFits(Exception):
    """No value at all satisfies this part of a schema. Not for people: the whole may still do."""


def cannot(where: str, keyword: str, why: str) -> SchemaError:
    """The error for a keyword at a place (a JSON pointer) in a schema."""
    place = "at the top" if where == "#" else f"at {where[:200]}"
    return SchemaError(
        f"The JSON Schema cannot be followed exactly: {place}, “{keyword[:80]}” {why}.",
        "Leave it out or write it another way; nothing was generated.",
    )
