from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.messages import Role
from app.engine.sampling import Mirostat, Sampler, Sampling
from app.prompts.codec import LARGEST_BYTES, from_json, normal, to_json, to_text
from app.prompts.entities import Content, Example, Part, Variable, VariableKind
from app.prompts.errors import BadContent
from tests.unit.prompts.contents import contents

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
PLAIN = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("name"), inner)
)
FULL = Content(
    parts=(Part(Role.SYSTEM, "Be {{ tone }}."), Part(Role.USER, "{{ text }}")),
    variables=(
        Variable("tone", VariableKind.CHOICE, "Tone", default="dry", choices=("dry", "warm")),
        Variable("count", VariableKind.NUMBER, default=3, required=False),
        Variable("short", VariableKind.YES_NO, default=True),
    ),
    examples=(Example("2+2", "4"),),
    output_schema={"type": "object", "properties": {"b": {}, "a": {"enum": [1, None, 0.5]}}},
    sampling=Sampling(
        temperature=0.0, mirostat=Mirostat.V2, order=(Sampler.TOP_K,), logit_bias=((7, -inf),)
    ),
)


@given(contents())
def test_content_comes_back_from_json_text_as_it_was(content: Content) -> None:
    back = from_json(json.loads(json.dumps(to_json(content), allow_nan=False)))
    assert back == normal(content)
    assert back.sha256 == normal(content).sha256


def test_content_with_everything_keeps_every_type() -> None:
    back = from_json(json.loads(to_text(FULL)))
    assert asdict(back) == asdict(FULL)
    assert [type(each.default) for each in back.variables] == [str, int, bool]


def test_schema_keeps_the_order_of_its_fields() -> None:
    back = from_json(json.loads(to_text(FULL)))
    assert back.output_schema is not None
    assert list(back.output_schema["properties"]) == ["b", "a"]


def test_missing_fields_take_their_defaults() -> None:
    assert from_json({}) == Content()
    assert from_json({"sampling": {}}) == Content(sampling=Sampling())


def test_fields_of_a_later_version_are_passed_over() -> None:
    data = to_json(FULL) | {"pictures": [1]}
    data["parts"][0]["cache"] = True
    data["sampling"]["new_sampler"] = 3
    assert from_json(data) == FULL


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "The content has to be a group of named values, not a list."),
        ({"parts": "Hi"}, "parts has to be a list, not 'Hi'."),
        ({"parts": [{"role": "user"}]}, "parts, entry 1, text is missing."),
        (
            {"parts": [{"role": "boss", "text": ""}]},
            "parts, entry 1, role has to be one of system, user, assistant, tool, not 'boss'.",
        ),
        ({"parts": [{"role": ["user"], "text": ""}]}, "parts, entry 1, role has to be one of"),
        ({"examples": [{"input": 3, "output": ""}]}, "examples, entry 1, input has to be text"),
        ({"variables": [{"name": "a", "required": 1}]}, "required has to be true or false"),
        ({"variables": [{"name": "a", "default": [1]}]}, "default has to be text or a number"),
        ({"variables": [{"name": "a", "default": inf}]}, "or true or false, not inf."),
        ({"sampling": {"top_k": True}}, "sampling, top_k has to be a whole number, not True."),
        ({"sampling": {"temperature": "hot"}}, "temperature has to be a number, not 'hot'."),
        ({"sampling": {"temperature": nan}}, "temperature has to be a number, not nan."),
        ({"sampling": {"seed": 10**400}}, "sampling, seed: the number is too large."),
        ({"sampling": {"temperature": 10**400}}, "temperature: the number is too large."),
        ({"sampling": {"logit_bias": [[1]]}}, "logit_bias, entry 1 has to be a list of 2"),
        ({"output_schema": []}, "output_schema has to be a JSON Schema, not a list."),
        ({"output_schema": {"a": {1, 2}}}, "output_schema has to be a JSON Schema, not set."),
        ({"output_schema": {1: "a"}}, "output_schema has to be text, not a whole number."),
        ({"output_schema": {"a": inf}}, "output_schema has to be a JSON Schema, not inf."),
        ({"parts": [{"role": "user", "text": "\ud800"}]}, "text has half a character in it."),
        ({"output_schema": {"\ud800": 1}}, "output_schema has half a character in it."),
    ],
)
def test_wrong_type_is_refused_with_its_place(data: Any, message: str) -> None:
    with pytest.raises(BadContent) as refused:
        from_json(data)
    assert message in refused.value.message


def test_schema_nested_too_deeply_is_refused_both_ways() -> None:
    schema: dict[str, Any] = {}
    for _ in range(5_000):
        schema = {"items": schema}
    with pytest.raises(BadContent, match="nested too deeply"):
        from_json({"output_schema": schema})
    with pytest.raises(BadContent, match="nested too deeply"):
        to_json(Content(output_schema=schema))


def test_normal_takes_whole_numbers_where_numbers_are_meant() -> None:
    whole = normal(Content(sampling=Sampling(temperature=1)))
    assert to_text(whole) == to_text(Content(sampling=Sampling(temperature=1.0)))


def test_normal_too_large_a_content_is_refused() -> None:
    with pytest.raises(BadContent, match=r"too large: 2\.0 MB"):
        normal(Content(parts=(Part(Role.USER, "a" * LARGEST_BYTES),)))


@given(PLAIN)
def test_anything_is_read_or_refused_in_words(data: Any) -> None:
    for each in (data, {"parts": data}, {"variables": [data]}, {"output_schema": data}):
        with suppress(BadContent):
            content = from_json(each)
            assert from_json(to_json(content)) == content
