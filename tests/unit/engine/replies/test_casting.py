from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from app.engine.replies.casting import cast, schema_of

ROOT: Mapping[str, Any] = {
    "$defs": {"a/b": {"type": "integer"}, "loop": {"$ref": "#/$defs/loop"}},
    "properties": {"known": {"type": "string"}, "odd": 1},
}


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "string"}, "12", "12"),
        ({"type": "string"}, "null", "null"),
        ({"type": "string"}, '"x"', '"x"'),
        ({"type": "integer"}, "12", 12),
        ({"type": "integer"}, " 12\n", 12),
        ({"type": "integer"}, "12.0", 12),
        ({"type": "integer"}, "twelve", "twelve"),
        ({"type": "number"}, "1.5", 1.5),
        ({"type": "boolean"}, "True", True),
        ({"type": "boolean"}, "FALSE", False),
        ({"type": "object"}, "{'a': None}", {"a": None}),
        ({"type": "array"}, '["x"]', ["x"]),
        ({"type": ["string", "null"]}, "null", None),
        ({"type": ["string", "null"]}, "12", "12"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "None", None),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "7", 7),
        ({"enum": ["1", "2"]}, "1", "1"),
        ({"enum": [1, 2]}, "1", 1),
        ({"const": True}, "true", True),
        ({"$ref": "#/$defs/a~1b"}, "5", 5),
        ({"$ref": "#/$defs/loop"}, "5", 5),
        ({"$ref": "https://example.org/x"}, "5", 5),
        ({"$ref": "#/$defs/none"}, "word", "word"),
        ({}, "5", 5),
        ({}, "five", "five"),
        ({}, "[1", "[1"),
        ({"type": 3}, "5", 5),
        ({"anyOf": [3, "x"]}, "5", 5),
    ],
)
def test_text_is_cast_by_the_schema(schema: Mapping[str, Any], text: str, value: Any) -> None:
    found = cast(text, schema, ROOT)
    assert found == value
    assert type(found) is type(value)


def test_schema_of_an_argument_is_empty_where_the_tool_does_not_say() -> None:
    assert schema_of(ROOT, "known") == {"type": "string"}
    assert schema_of(ROOT, "odd") == {}
    assert schema_of(ROOT, "other") == {}
    assert schema_of({"properties": []}, "known") == {}
