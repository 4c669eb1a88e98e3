from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.replies.literals import clean_text, read_arguments, read_json, read_value

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)  # fmt: skip


@given(JSON)
def test_values_that_were_written_as_json_are_read(value: Any) -> None:
    assert read_value(json.dumps(value)) == value


@given(st.text(st.sampled_from("{}[]()\"'\\,:=<|>utrnaN019eE.- \n"), max_size=40))
def test_nonsense_is_a_value_error_or_a_value(text: str) -> None:
    try:
        read_value(text)
    except ValueError:
        pass
    else:
        json.dumps(read_value(text), allow_nan=False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{'a': True, 'b': None, \"c\": False,}", {"a": True, "b": None, "c": False}),
        ("{a: 1, b-c: [.5, -2, 1e3]}", {"a": 1, "b-c": [0.5, -2, 1000.0]}),
        ('{a:<|"|>x "y" {z}<|"|>}', {"a": 'x "y" {z}'}),
        ("('a', 'b')", ["a", "b"]),
        (r"'\x41B\n\'\q'", "AB\n'\\q"),
        ('"line\nbreak"', "line\nbreak"),
        ("  [ ]  ", []),
    ],
)
def test_nearly_json_is_read(text: str, value: Any) -> None:
    assert read_value(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "[1", "{1", "'a", '<|"|>a', "[1 2]", "{'a' 1}", "{'a': 1 'b': 2}", "NaN", "1e999", "yes",
     "1 2", "[" * 5000, "{'a':" * 200 + "1" + "}" * 200, "9" * 5000],
)  # fmt: skip
def test_other_things_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_value(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("a=1, b = 'x'", [("a", 1), ("b", "x")]),
        ("'x', c={'d': [1]}", [("", "x"), ("c", {"d": [1]})]),
        ("true, a=false", [("", True), ("a", False)]),
        ("a=1,", [("a", 1)]),
    ],
)
def test_python_arguments_are_read(text: str, found: list[tuple[str, Any]]) -> None:
    assert read_arguments(text) == found


@pytest.mark.parametrize("text", ["a=", "a=b", "a=1 b=2", "=1", "open('x').read()"])
def test_python_expressions_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_arguments(text)


def test_text_without_half_pairs_is_left_alone() -> None:
    assert clean_text("a😀") == "a😀"
    assert clean_text("a\ud83db") == "a\ufffdb"
    assert read_json('{"\\ud83d": ["\\udc00"]}') == {"\ufffd": ["\ufffd"]}
