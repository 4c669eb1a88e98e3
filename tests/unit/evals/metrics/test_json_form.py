from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.structured.validation import CHECK_LIMIT_S, identity
from app.evals.metrics.json_form import JsonEqual, JsonSchema, JsonValid
from app.evals.metrics.json_text import difference, read_json
from tests.unit.evals.metrics.scoring import score

LATE_S = 5.0  # on a busy computer
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, 2.5, null, true, "é"]}', 1),
        (' \n"text"\n', 1),
        ("7", 1),
        ("\ufeff{}", 1),
        ('```json\n{"a": 1}\n```', 1),
        ('Here it is:\n\n~~~\n{"a": 1}\n~~~\nHope it helps.', 1),
        ('````\n{"a": "```"}\n````', 1),
        ('```json\n{"a": 1}', 1),
        ("9" * 5_000, 1),
        ("", 0),
        ("{'a': 1}", 0),
        ('{"a": 1,}', 0),
        ('{"a": NaN}', 0),
        ('Sure! {"a": 1}', 0),
        ('```json\n{"a": \n```', 0),
        ("\u00a01", 0),
        (DEEP, None),
        ('"' + "x" * 1_000_000 + '"', None),
    ],
)
def test_json_valid_reads_strictly_and_out_of_fences(text: str, value: float | None):
    assert score(JsonValid(), text).value == value


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "there is nothing"),
        ('{"a" 1}', "line 1, column 6: expecting ':' delimiter"),
        ('So:\n```json\n{"a": 1,\n "b" 2}\n```', "line 4, column 6: expecting ':' delimiter"),
        ("[Infinity]", "Infinity is no JSON number"),
    ],
)
def test_json_valid_says_where_it_fails(text: str, place: str):
    assert score(JsonValid(), text).reason == f"The output is not JSON: {place}."


@settings(deadline=None)  # the machine may be busy
@given(JSON)
def test_any_json_is_read_back_bare_and_fenced(value: Any):
    text = json.dumps(value, indent=1, ensure_ascii=False)
    assert difference(value, read_json(text)) is None
    assert difference(value, read_json(f"Look:\n```json\n{text}\n```")) is None


PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Z]"},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}, "uniqueItems": True},
    },
    "required": ["name"],
    "additionalProperties": False,
    "$defs": {"tag": {"enum": ["a", "b", 1, True]}},
}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"name": "Ada", "tags": ["a", 1, true]}', ""),
        ('```json\n{"name": "Ada"}\n```', ""),
        ("{}", "At $: “'name' is a required property”."),
        ('{"name": "ada"}', "At $.name: “'ada' does not match '^[A-Z]'”."),
        ('{"name": "Ada", "age": 3}', "At $: “'age' is not allowed here”."),
        ('{"name": "Ada", "tags": ["a", "a"]}', "At $.tags: “an entry is there twice”."),
        ('{"name": "Ada", "tags": ["a", "c"]}', "“'c' is not one of ['a', 'b', 1, True]”."),
        ("[]", "At $: “[] is not of type 'object'”."),
        ("{", "The output is not JSON: line 1, column 2"),
    ],
)
def test_json_schema_says_where_the_output_does_not_fit(text: str, fault: str):
    found = score(JsonSchema(PERSON), text)
    assert found.value == (0 if fault else 1)
    assert fault in found.reason


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"prefixItems": [{"type": "string"}], "items": False}, '["a"]', 1),
        ({"prefixItems": [{"type": "string"}], "items": False}, '["a", 1]', 0),
        ({"patternProperties": {"^x": {"type": "integer"}}}, '{"x1": 1, "y": "?"}', 1),
        ({"patternProperties": {"^x": {"type": "integer"}}}, '{"x1": "1"}', 0),
        ({"patternProperties": {"^x": True}, "additionalProperties": False}, '{"x": 1}', 1),
        ({"patternProperties": {"^x": True}, "additionalProperties": False}, '{"y": 1}', 0),
        ({"additionalProperties": {"type": "integer"}}, '{"y": "1"}', 0),
        ({"uniqueItems": True}, '[1, true, {"a": 1}, {"a": true}, [1], "1"]', 1),
        ({"uniqueItems": True}, '[{"a": 1, "b": 2}, {"b": 2, "a": 1.0}]', 0),
        ({"unevaluatedProperties": False, "properties": {"a": True}}, '{"b": 1}', 0),
        ({"$ref": "#/$defs/list", "$defs": {"list": {"items": {"$ref": "#"}}}}, "[[[]]]", 1),
    ],
)
def test_json_schema_follows_draft_2020_12(schema: dict[str, Any], text: str, value: float):
    assert score(JsonSchema(schema), text).value == value


def test_json_schema_of_the_item_is_used_where_the_settings_have_none():
    assert score(JsonSchema(), "1", schema={"type": "integer"}).value == 1
    assert score(JsonSchema(), '"1"', schema={"type": "integer"}).value == 0
    assert score(JsonSchema({"type": "string"}), '"1"', schema={"type": "integer"}).value == 1


DOUBLING = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}
HOSTILE: dict[str, tuple[Any, str, str]] = {
    "no schema": (None, "1", "There is no JSON Schema"),
    "not an object": (["string"], "1", "There is no JSON Schema"),
    "broken": ({"type": "text"}, "1", "This is not a JSON Schema"),
    "not JSON": ({"const": {1, 2}}, "1", "what JSON cannot"),
    "remote": ({"$ref": "http://127.0.0.1:9/schema.json"}, "1", "what is not in it"),
    "dangling": ({"$ref": "#/$defs/none"}, "1", "what is not in it"),
    "circle": ({"$ref": "#"}, "1", "too deep"),
    "doubling": ({"$ref": "#/$defs/d0", "$defs": DOUBLING | {"d40": {}}}, "1", "too long"),
    "slow pattern": ({"pattern": "(a|aa)+$"}, f'"{"a" * 5_000}!"', "too long"),
    "slow name": ({"patternProperties": {"(a|aa)+$": {}}}, f'{{"{"a" * 5_000}!": 1}}', "too long"),
    "slow name of another": (
        {"patternProperties": {"(a|aa)+$": {}}, "additionalProperties": False},
        f'{{"{"a" * 5_000}!": 1}}',
        "too long",
    ),
    "broken pattern": ({"pattern": "("}, '"a"', "cannot be read"),
    "unstoppable": (
        {"patternProperties": {"(a|aa)+$": {}}, "unevaluatedProperties": False},
        "{}",
        "is not checked",
    ),
    "much unevaluated": ({"unevaluatedItems": False}, str([1] * 201), "not checked for more"),
    "large": ({"enum": ["x" * 500_000]}, "1", "too large"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_schema_that_cannot_be_checked_gives_no_value_in_time(name: str):
    schema, text, why = HOSTILE[name]
    before = time.monotonic()
    found = score(JsonSchema(), text, schema=schema)
    assert time.monotonic() - before < CHECK_LIMIT_S + LATE_S
    assert found.value is None
    assert why in found.reason


def test_json_schema_of_a_megabyte_of_distinct_objects_stays_quick():
    text = json.dumps([{"a": number} for number in range(70_000)])
    before = time.monotonic()
    assert score(JsonSchema({"uniqueItems": True}), text).value == 1
    assert time.monotonic() - before < CHECK_LIMIT_S + LATE_S


@pytest.mark.parametrize(
    ("text", "target", "value", "reason"),
    [
        ('{"b": 2, "a": 1}', '{"a": 1.0, "b": 2}', 1, "The same value as the target."),
        ('```\n{"a": 1}\n```', '{"a":1}', 1, "The same value as the target."),
        ('{"a": true}', '{"a": 1}', 0, "At $.a: true, not “1”."),
        ('{"a": [1, 3]}', '{"a": [1, 2]}', 0, "At $.a[1]: “3”, not “2”."),
        ("[1]", "[1, 2]", 0, "At $: 1 entries, not 2."),
        ("{}", '{"a": {}}', 0, "At $: “a” is missing."),
        ('{"a": {"b": 1}}', '{"a": {}}', 0, "At $.a: “b” is one too many."),
        ("null", "[]", 0, "At $: null, not a list."),
        ("nothing", "[]", 0, "The output is not JSON: line 1, column 1: expecting value."),
        ("[]", "nothing", None, "The target “nothing” is not JSON"),
        ("[]", DEEP, None, "nests too deep"),
        (DEEP, "[]", None, "nests too deep"),
    ],
)
def test_json_equal_compares_values(text: str, target: str, value: float | None, reason: str):
    found = score(JsonEqual(), text, target)
    assert found.value == value
    assert reason in found.reason


def test_json_equal_takes_any_target():
    assert score(JsonEqual(), "2", "1", "2").value == 1
    assert score(JsonEqual(), "3", "1", "oops").value is None


@settings(deadline=None)  # the machine may be busy
@given(JSON, JSON)
def test_difference_is_the_same_both_ways_and_as_identity_has_it(one: Any, other: Any):
    is_same = difference(one, other) is None
    assert (difference(other, one) is None) == is_same
    assert (identity(one) == identity(other)) == is_same
    assert difference(one, one) is None
