"""Gives untyped values the types that a tool's JSON Schema asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.engine.replies.literals import clean_text, read_value

_MOST_STEPS = 8  # references and alternatives within one another
_KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


def schema_of(parameters: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The schema of one argument; empty if the tool does not say."""
    properties = parameters.get("properties")
    found = properties.get(key) if isinstance(properties, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a schema that only refers to another one within `root` stands for."""
    for _ in range(_MOST_STEPS):
        reference = schema.get("$ref")
        found = _referred(root, reference) if isinstance(reference, str) else None
        if not isinstance(found, Mapping):
            break
        schema = found
    return schema


def allowed_types(schema: Any, root: Mapping[str, Any], steps: int = 0) -> frozenset[str]:
    """The JSON types that a schema takes; empty if it does not say."""
    if not isinstance(schema, Mapping) or steps > _MOST_STEPS:
        return frozenset()
    named = schema.get("type")
    if isinstance(named, str):
        return frozenset({named})
    if isinstance(named, list):
        return frozenset(each for each in named if isinstance(each, str))
    if "const" in schema:
        return frozenset({_type_name(schema["const"])})
    if isinstance(schema.get("enum"), list):
        return frozenset(map(_type_name, schema["enum"]))
    if isinstance(schema.get("$ref"), str):
        return allowed_types(_referred(root, schema["$ref"]), root, steps + 1)
    found: set[str] = set()
    for keyword in ("anyOf", "oneOf", "allOf"):
        for each in schema.get(keyword) or ():
            found |= allowed_types(each, root, steps + 1)
    return frozenset(found)


def cast(text: str, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """The value that `text` stands for; the text itself where no type of the schema fits."""
    types = allowed_types(schema, root)
    if types == {"string"}:
        return clean_text(text)
    try:
        value = read_value(text)
    except ValueError:
        value = {"true": True, "false": False}.get(text.strip().lower(), text)
    if not types or _fits(value, types):
        return _as_integer(value, types)
    if "string" in types:
        return clean_text(text)
    return value


def _fits(value: Any, types: frozenset[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in types
    if isinstance(value, float) and value.is_integer() and "integer" in types:
        return True
    return any(isinstance(value, _KINDS.get(each, ())) for each in types)


def _as_integer(value: Any, types: frozenset[str]) -> Any:
    whole = isinstance(value, float) and value.is_integer()
    return int(value) if whole and "integer" in types and "number" not in types else value


def _type_name(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return next((name for name, kinds in _KINDS.items() if isinstance(value, kinds)), "string")


def _referred(root: Mapping[str, Any], reference: str) -> Any:
    """What a reference within the schema names; references to elsewhere are not followed."""
    if not reference.startswith("#/"):
        return None
    found: Any = root
    for step in reference[2:].split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        found = found.get(key) if isinstance(found, Mapping) else None
    return found
