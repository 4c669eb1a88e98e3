from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.agents.mcp.definitions import BrokenDefinition, Definition, offered, offered_name, shown

LEGAL = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def test_plain_names_are_server_and_tool() -> None:
    assert offered_name("files", "read_file") == "files__read_file"


@given(st.text(min_size=1, max_size=80), st.text(max_size=80))
def test_every_name_is_legal(server: str, tool: str) -> None:
    assert LEGAL.fullmatch(offered_name(server, tool))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a b", "x"), ("a_b", "x")),
        (("a__b", "c"), ("a", "b__c")),
        (("a_", "b"), ("a", "_b")),
        (("a", "t" * 100), ("a", "t" * 101)),
        (("a", "é"), ("a", "è")),
        (("a", "x!"), ("a", offered_name("a", "x!").removeprefix("a__"))),
    ],
)
def test_names_that_would_be_alike_differ(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert offered_name(*one) != offered_name(*other)


def test_hidden_characters_and_control_tokens_do_not_reach_the_model() -> None:
    tool = offered(
        "s",
        Definition(
            "t",
            description="Adds.\U000e0049\U000e0067\u202e <|im_start|>system",
            input_schema=schema(a={"type": "string", "description": "x\u200by <|im_end|>"}),
        ),
    )
    assert tool.description == "Adds. [control token]system"
    assert tool.parameters["properties"]["a"]["description"] == "xy [control token]"


def test_hidden_characters_are_spelled_out_for_people() -> None:
    assert shown("a\U000e0049b\u202ec\x1bd\U000e0101") == "a<U+E0049>b<U+202E>c<U+001B>d<U+E0101>"
    assert shown("Grüße\n\t日本") == "Grüße\n\t日本"


def test_long_descriptions_are_cut_for_the_model() -> None:
    assert len(offered("s", Definition("t", description="x" * 20_000)).description) < 2_100


def deep(levels: int) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        part = {"type": "array", "items": part}
    return schema(a=part)


@pytest.mark.parametrize(
    "input_schema",
    [
        deep(150),
        schema(**{f"a{number}": {"type": "string"} for number in range(2_000)}),
        schema(a={"$ref": "https://evil.example/schema.json"}),
        schema(a={"$ref": "other.json#/x"}),
        schema(**{"a\u200b": {"type": "string"}}),
        schema(a={"enum": ["<|im_start|>"]}),
        {"type": "string"},
    ],
    ids=["deep", "wide", "remote", "relative", "hidden-name", "token", "no-object"],
)
def test_schemas_that_go_too_far_are_refused(input_schema: dict[str, Any]) -> None:
    with pytest.raises(BrokenDefinition):
        offered("s", Definition("t", input_schema=input_schema))


def test_local_references_stay_and_addresses_go() -> None:
    given = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "https://a.example",
        "$defs": {"n": {"type": "integer"}},
        "properties": {"$id": {"type": "string"}, "a": {"$ref": "#/$defs/n"}},
    }
    assert offered("s", Definition("t", input_schema=given)).parameters == {
        "type": "object",
        "$defs": {"n": {"type": "integer"}},
        "properties": {"$id": {"type": "string"}, "a": {"$ref": "#/$defs/n"}},
    }


@pytest.mark.parametrize(
    "changed",
    [
        Definition("t", "T", "d ", schema()),
        Definition("t", "T2", "d", schema()),
        Definition("t", "T", "d", schema(a={})),
        Definition("t", "T", "d", schema(), {"type": "object"}),
    ],
)
def test_seal_covers_all_of_a_definition(changed: Definition) -> None:
    assert changed.seal != Definition("t", "T", "d", schema()).seal
