from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from app.agents.entities import Risk
from app.agents.tools.tool import ToolFault, ToolSpec, checked
from app.engine.messages import Tool

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "ages": {"type": "array", "items": {"type": "integer"}},
        "note": {"type": "string"},
    },
    "required": ["name"],
    "additionalProperties": False,
}


def spec_of(schema: Mapping[str, Any]) -> ToolSpec:
    return ToolSpec(Tool("meet", "Meet somebody.", schema), Risk.COMPUTE, "Meet")


def fault(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> str:
    with pytest.raises(ToolFault) as caught:
        checked(spec_of(schema), arguments)
    return caught.value.message


def test_checked_right_arguments_come_back():
    assert checked(spec_of(PERSON), {"name": "Ada", "ages": [3]}) == {"name": "Ada", "ages": [3]}


def test_checked_null_for_an_optional_argument_is_left_out():
    assert checked(spec_of(PERSON), {"name": "Ada", "note": None}) == {"name": "Ada"}


def test_checked_null_that_is_allowed_stays():
    schema = {"properties": {"note": {"type": ["string", "null"]}}}
    assert checked(spec_of(schema), {"note": None}) == {"note": None}


def test_checked_null_does_not_hide_a_broken_schema():
    assert "description is broken" in fault({"properties": 5}, {"name": None})


def test_checked_schema_nested_without_end_is_a_fault():
    schema: dict[str, Any] = {}
    for _ in range(5_000):
        schema = {"not": schema}
    assert "description is broken" in fault(schema, {})


def test_checked_number_beyond_all_floats_is_a_fault():
    assert fault({"properties": {"n": {"multipleOf": 0.5}}}, {"n": 10**400})


def test_checked_null_for_a_required_argument_is_wrong():
    assert "name: None is not of type 'string'" in fault(PERSON, {"name": None})


def test_checked_names_the_place_of_each_wrong_argument():
    words = fault(PERSON, {"ages": [1, "two"], "colour": "red"})
    assert "ages[1]: 'two' is not of type 'integer'" in words
    assert "'name' is a required property" in words
    assert "'colour' is not allowed here" in words


def test_checked_huge_wrong_argument_is_shown_short():
    assert len(fault(PERSON, {"name": ["x" * 1_000_000]})) < 1000


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:9/schema"},
        {"$ref": "file:///etc/passwd"},
        {"$ref": "#/$defs/none"},
        {"$ref": "#"},
        {"type": "strnig"},
        {"properties": 5},
        {"properties": {"name": {"$ref": "#/properties/name"}}},
        {"allOf": [{"$schema": "http://json-schema.org/draft-07/schema", "$ref": "#"}]},
        {"description": "x" * 500_000},
    ],
    ids=[
        "remote",
        "file",
        "missing",
        "circle",
        "type",
        "properties",
        "inner circle",
        "other dialect",
        "huge",
    ],
)
def test_checked_broken_or_far_schema_is_a_fault_and_never_fetched(schema: Mapping[str, Any]):
    assert "description is broken" in fault(schema, {"name": "Ada"})


def test_checked_schema_that_doubles_at_every_step_is_given_up():
    doubling: dict[str, Any] = {
        f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(40)
    }
    schema = {"$ref": "#/$defs/d0", "$defs": {**doubling, "d40": {"type": "object"}}}
    assert "description is broken" in fault(schema, {})


def test_checked_regular_expressions_are_tried_for_a_limited_time():
    schema = {"properties": {"colour": {"type": "string", "pattern": "^[a-z]+$"}}}
    assert checked(spec_of(schema), {"colour": "red"}) == {"colour": "red"}
    assert "colour: 'RED' does not match '^[a-z]+$'" in fault(schema, {"colour": "RED"})
    hostile = {"properties": {"colour": {"pattern": "^(a|aa)+$"}}}
    assert "takes too long" in fault(hostile, {"colour": "a" * 5_000 + "!"})


def test_checked_expression_of_another_engine_is_left_to_whoever_runs_the_tool():
    schema = {"properties": {"colour": {"type": "string", "pattern": r"^\cA[^]$"}}}
    assert checked(spec_of(schema), {"colour": "red"}) == {"colour": "red"}
    assert "colour: 5 is not of type 'string'" in fault(schema, {"colour": 5})
