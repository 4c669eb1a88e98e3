"""A JSON Schema that came from outside: copied, bounded, checked, its references followed."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any
from urllib.parse import unquote

from app.engine.structured.errors import SchemaError, cannot

Schema = dict[str, Any] | bool

_DEEPEST = 100  # lists and objects inside one another
_MOST_VALUES = 20_000
_MOST_CHARACTERS = 400_000
_LONGEST_INTEGER_BITS = 1024

# A reference with nothing else but remarks is what it refers to.
_BESIDE_REFERENCE = frozenset({"$ref", "title", "description", "default", "examples", "$comment"})
_DIALECTS = ("2020-12", "2019-09", "draft-07", "draft-06")


class Source:
    """The whole schema, in which references are looked up."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Copy and check it.

        Raises:
            SchemaError: it is too large, no JSON, or no JSON Schema.
        """
        copied = _Copy().of(schema, 0)
        if not isinstance(copied, dict):
            raise SchemaError("A JSON Schema is an object.", "Check what was given for it.")
        _check(copied, "#")
        _check_dialect(copied)
        self.root: dict[str, Any] = copied
        self._targets: dict[str, Schema] = {"#": copied}

    def target(self, reference: str, where: str) -> Schema:
        """What a `$ref` points to.

        Raises:
            SchemaError: it points outside of this schema, or to nothing.
        """
        if reference not in self._targets:
            found = self._find(reference, where)
            if not isinstance(found, (dict, bool)):
                raise cannot(where, "$ref", f"points to something that is no schema: {reference}")
            _check(found, reference)
            self._targets[reference] = found
        return self._targets[reference]

    def resolved(self, schema: Schema, where: str) -> Schema:
        """What a schema that is nothing but a reference refers to; else the schema itself."""
        seen: set[str] = set()
        while isinstance(schema, dict) and "$ref" in schema and schema.keys() <= _BESIDE_REFERENCE:
            if schema["$ref"] in seen:
                raise cannot(where, "$ref", "leads in a circle")
            seen.add(schema["$ref"])
            schema = self.target(schema["$ref"], where)
        return schema

    def _find(self, reference: str, where: str) -> Any:
        if not reference.startswith("#/"):
            raise cannot(where, "$ref", f"points outside of this schema: {reference[:100]}")
        found: Any = self.root
        for part in unquote(reference[2:]).split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and name.isascii() and name.isdigit():
                found = found[int(name)] if len(name) < 6 and int(name) < len(found) else None
            else:
                found = found.get(name) if isinstance(found, dict) else None
            if found is None:
                raise cannot(where, "$ref", f"points to nothing: {reference[:100]}")
        return found


class _Copy:
    """Copies plain JSON and nothing else, as long as there is not too much of it."""

    def __init__(self) -> None:
        self._values = 0
        self._characters = 0

    def of(self, value: Any, depth: int) -> Any:
        self._values += 1
        if depth > _DEEPEST:
            raise _too_large(f"it nests deeper than {_DEEPEST} levels")
        if self._values > _MOST_VALUES:
            raise _too_large(f"it has more than {_MOST_VALUES:,} values")
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, (int, float)):
            return _number(value)
        if isinstance(value, Mapping):
            return {self._name(key): self.of(each, depth + 1) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.of(each, depth + 1) for each in value]
        raise SchemaError(
            f"The JSON Schema holds something that JSON cannot: {type(value).__name__[:80]}.",
            "Use only objects, lists, texts, numbers, true, false and null.",
        )

    def _name(self, key: Any) -> str:
        if not isinstance(key, str):
            raise SchemaError(
                "The JSON Schema has a name that is no text.", "Names in JSON are texts."
            )
        return self._text(key)

    def _text(self, text: str) -> str:
        self._characters += len(text)
        if self._characters > _MOST_CHARACTERS:
            raise _too_large(f"it has more than {_MOST_CHARACTERS:,} characters")
        if any("\ud800" <= each <= "\udfff" for each in text):
            raise SchemaError(
                "The JSON Schema has half a character in a text.", "Check where it comes from."
            )
        return str.__str__(text)


def _number(value: float) -> float:
    if isinstance(value, int):
        if value.bit_length() > _LONGEST_INTEGER_BITS:
            raise _too_large("it has a number of hundreds of digits")
        return int(value)
    if not isfinite(value):
        raise SchemaError(
            "The JSON Schema has a number that JSON cannot hold.", "Infinity is no JSON number."
        )
    return float(value)


def _too_large(why: str) -> SchemaError:
    return SchemaError(f"The JSON Schema is too large: {why}.", "Ask for less at a time.")


def _check(schema: Schema, where: str) -> None:
    """Check against the schema of schemas."""
    # Imported late, it takes a tenth of a second. It has no type hints.
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema import SchemaError as Broken

    try:
        # Without formats: patterns are read here, and not by Python's own engine.
        Draft202012Validator.check_schema(schema, format_checker=FormatChecker(formats=()))
    except Broken as error:
        path = "".join(f"/{part}" for part in error.absolute_path)
        raise SchemaError(
            f"This is not a JSON Schema: {_shown(error.message)}, at {(where + path)[:200]}.",
            "Correct it there.",
        ) from error
    except RecursionError as error:
        raise _too_large("its parts are too deep inside one another") from error


def _check_dialect(schema: dict[str, Any]) -> None:
    dialect = schema.get("$schema", "")
    if dialect and not any(each in dialect for each in _DIALECTS):
        raise cannot("#", "$schema", f"names a version that is not known here: {dialect[:80]}")


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 160 else f"{line[:100]} … {line[-50:]}"
