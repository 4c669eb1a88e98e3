"""The outputs of a prompt file and the output schema of a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.prompts.files.taking import Fields

_KINDS = {"string": "string", "integer": "integer", "number": "float", "boolean": "boolean",
    "array": "array", "object": "object"}  # fmt: skip
_TYPES = {kind: name for name, kind in _KINDS.items()} | {"number": "number", "bool": "boolean"}


def outputs_of(schema: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The outputs that mean exactly this schema; None if there are none."""
    lost: list[str] = []
    try:
        outputs = _written_properties(schema)
        read = schema_of(Fields({"outputs": outputs}, lost))
    except (KeyError, TypeError, AttributeError, RecursionError):
        return None  # outputs have no such form
    return outputs if read == schema and not lost else None


def schema_of(fields: Fields) -> dict[str, Any] | None:
    """The schema of an object with these outputs; None if there are none."""
    return _object(fields, "outputs") or None


def _written_properties(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    required = schema.get("required", ())
    return [
        {"name": name, **_written(each), "required": name in required}
        for name, each in schema["properties"].items()
    ]


def _written(schema: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {"kind": _KINDS[schema["type"]]}
    if "description" in schema:
        fields["description"] = schema["description"]
    if "enum" in schema:
        fields["enumValues"] = schema["enum"]
    if "items" in schema:
        fields["items"] = _written(schema["items"])
    if "properties" in schema:
        fields["properties"] = _written_properties(schema)
    return fields


def _object(fields: Fields, name: str) -> dict[str, Any]:
    """The schema of an object with the properties in a field; empty if there are none."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    for each, inner in fields.named(name):
        if inner.take("required") is not False:
            required.append(each)
        properties[each] = _schema(inner)
    if not properties:
        return {}
    needed = {"required": required} if required else {}
    return {"type": "object", "properties": properties} | needed


def _schema(fields: Fields) -> dict[str, Any]:
    kind = fields.text("kind") or fields.text("type")
    schema: dict[str, Any] = {"type": _TYPES.get(kind, "string")}
    if kind not in _TYPES:
        fields.leave("kind", "a text is asked for")
    if words := fields.text("description"):
        schema["description"] = words
    if choices := fields.entries("enumValues"):
        schema["enum"] = choices
    if kind == "array":
        schema["items"] = _schema(fields.inside("items"))
    if kind == "object":
        schema |= _object(fields, "properties")
    fields.leave_rest()
    return schema
