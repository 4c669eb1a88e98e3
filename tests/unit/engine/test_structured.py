"""What grammars of given schemas accept and refuse, asked of the real llama.cpp."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from app.engine.messages import Tool
from app.engine.protocol import Grammar, JsonObject, JsonSchema, ToolChoice
from app.engine.structured import (
    SchemaError,
    compose,
    fallback_tool_grammar,
    grammar_of,
    json_object_rules,
    schema_rules,
)
from tests.doubles.scripted_gguf import scripted_gguf
from tests.unit.engine.gbnf import Llama, real_llama


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    with real_llama(scripted_gguf(tmp_path_factory.mktemp("vocabulary") / "model.gguf")) as llama:
        yield llama


_PERSON = {
    "type": "object",
    "title": "Person",
    "properties": {
        "name": {"type": "string", "description": "Who."},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 2, "default": []},
    },
    "required": ["name"],
}
_TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "value": {"type": "integer"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            },
            "required": ["value"],
        }
    },
}
_SHAPES = {
    "oneOf": [
        {"properties": {"kind": {"const": "circle"}, "r": {"type": "number"}},
         "required": ["kind", "r"]},
        {"properties": {"kind": {"const": "square"}, "a": {"type": "number"}},
         "required": ["kind", "a"]},
    ],
    "type": "object",
}  # fmt: skip

_CASES: dict[str, tuple[Any, list[str], list[str]]] = {
    "object": (
        _PERSON,
        ['{"name": "Eva", "age": 41, "tags": ["a", "b"]}', '{"name":"Eva"}',
         '{\n  "name": "\\u00e9\\n\\ud83d\\ude00",\n  "tags": []\n}'],
        ["{}", '{"age": 1}', '{"name": "Eva", "age": 151}', '{"name": 1}', '{"name": "E", "x": 1}',
         '{"name": "E",  "age": 1}', '{"name": "\\ud83d"}', '{"name": "E", "name": "F"}',
         '{"name": "E", "tags": ["a", "a", "a"]}', '{"name": "E\n"}', "", "null",
         '{"name": "E"} ', ' {"name": "E"}', '{"name": "E",}'],
    ),
    "recursive": (
        _TREE,
        ['{"value": 1}', '{"value": -2, "children": [{"value": 3, "children": []}]}'],
        ['{"value": 1, "children": [{}]}', '{"value": 1, "children": [1]}', '{"value": 1.5}'],
    ),
    "one of, told apart by a constant": (
        _SHAPES,
        ['{"kind": "circle", "r": 1.5e3}', '{"kind": "square", "a": -1}'],
        ['{"kind": "circle", "a": 1}', '{"kind": "circle"}', '{"kind": "oval"}'],
    ),
    "all of": (
        {"allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]},
                   {"properties": {"a": {"minimum": 5}, "b": {"type": "null"}}}],
         "properties": {"a": {"maximum": 7}}},
        ['{"a": 5}', '{"a": 7, "b": null}'],
        ['{"a": 4}', '{"a": 8}', '{"b": null}', '{"a": 5.5}'],
    ),
    "reference with more beside it": (
        {"$defs": {"n": {"type": "integer", "minimum": 3}},
         "properties": {"a": {"$ref": "#/$defs/n", "maximum": 4}}},
        ["{}", '{"a": 3}', '{"a": 4}'],
        ['{"a": 2}', '{"a": 5}'],
    ),
    "choices of choices": (
        {"oneOf": [{"anyOf": [{"anyOf": [{"const": f"{a}{b}{c}"} for a in "abcde"]}
                              for b in "abcde"]} for c in "abcde"]},
        ['"abc"', '"eee"'],
        ['"ab"', '"abf"'],
    ),
    "nullable": ({"type": "integer", "nullable": True}, ["1", "null"], ['""']),
    "several types": ({"type": ["string", "null"], "minLength": 2}, ['"ab"', "null"], ['"a"', "1"]),
    "any": ({}, ["1", "null", '{"a": [true]}', '""'], ["nul", "[1,]", "01", "1."]),
    "constant": (
        {"const": {"a": [1, "x"], "b": None}},
        ['{"a": [1, "x"], "b": null}', '{"a":[1,"x"],"b":null}'],
        ['{"b": null, "a": [1, "x"]}', "{}"],
    ),
    "listed values that fit": (
        {"enum": ["a", "abc", 3, 9, None], "type": ["string", "integer"], "minLength": 2,
         "maximum": 5},
        ['"abc"', "3"],
        ['"a"', "9", "null"],
    ),
    "tuple": (
        {"prefixItems": [{"type": "string"}, {"type": "integer"}], "minItems": 1},
        ['["a"]', '["a", 1]'],
        ["[]", "[1]", '["a", 1, 2]'],
    ),
    "tuple with more": (
        {"prefixItems": [{"type": "string"}], "items": {"type": "null"}, "maxItems": 3},
        ["[]", '["a", null, null]'],
        ['["a", null, null, null]', '["a", 1]'],
    ),
    "map": (
        {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 1,
         "maxProperties": 2},
        ['{"x": 1}', '{"x": 1, "\\u0061": 2}'],
        ["{}", '{"x": 1, "y": 2, "z": 3}', '{"x": null}'],
    ),
    "further names are not the declared ones": (
        {"properties": {"ab": {"type": "null"}, "": False},
         "additionalProperties": {"type": "integer"}},
        ['{"ab": null, "a": 1}', '{"abc": 1}', '{"b": 2, "c": 3}'],
        ['{"ab": 1}', '{"\\u0061b": 1}', '{"": 1}', '{"a": null}'],
    ),
    "some of the properties": (
        {"properties": {"a": True, "b": True, "c": True}, "minProperties": 2, "maxProperties": 2},
        ['{"a": 1, "b": 2}', '{"b": 1, "c": 2}', '{"a": 1, "c": 2}'],
        ['{"a": 1}', "{}", '{"a": 1, "b": 2, "c": 3}'],
    ),
    "no arguments": ({"type": "object", "properties": {}}, ["{}", "{ }"], ['{"a": 1}']),
    "length in characters": (
        {"type": "string", "minLength": 2, "maxLength": 3},
        ['"ab"', '"日本語"', '"\\ud83d\\ude00\\n"'],
        ['"a"', '"abcd"', '"\\ud83d\\ude00"'],
    ),
    "long text": (
        {"type": "string", "minLength": 450, "maxLength": 2345},
        [f'"{"x" * size}"' for size in (450, 451, 999, 2300, 2344, 2345)],
        [f'"{"x" * size}"' for size in (0, 449, 2346, 3000)],
    ),
    "many entries": (
        {"type": "array", "items": {"type": "null"}, "minItems": 250, "maxItems": 700},
        [json.dumps([None] * size) for size in (250, 251, 400, 699, 700)],
        [json.dumps([None] * size) for size in (1, 249, 701)],
    ),
    "whole numbers": (
        {"type": "integer", "minimum": -12, "exclusiveMaximum": 1005},
        [str(each) for each in (-12, -9, -1, 0, 7, 10, 99, 100, 999, 1000, 1004)],
        ["-13", "-20", "1005", "1010", "2000", "-0", "00", "1.0", "1e1"],
    ),
    "numbers": (
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        ["0.1", "0.000001", "1", "1.0", "0.999999999999"],
        ["0", "0.0", "1.0001", "-1", "1e0", "2"],
    ),
    "numbers between fractions": (
        {"type": "number", "minimum": -1.25, "exclusiveMaximum": 2.5},
        ["-1.25", "-1.2", "-1", "0", "0.75", "2.4999", "2", "-1.250"],
        ["-1.2501", "-1.3", "2.5", "2.50", "3", "-2"],
    ),
    "multiples": (
        {"type": "integer", "multipleOf": 5, "minimum": 1, "maximum": 21},
        ["5", "10", "20"],
        ["0", "1", "25"],
    ),
    "number by a whole step": ({"multipleOf": 1, "maximum": 3}, ["3", "-2"], ["0.5", "4"]),
    "unions": (
        {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^x"}, False]},
        ["12", '"xyz"'],
        ['"y"', "null"],
    ),
    "remarks": (
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://x.org/a",
         "title": "T", "$comment": "c", "examples": [1], "default": 1, "x-order": 3,
         "type": "boolean", "deprecated": True, "uniqueItems": False},
        ["true", "false"],
        ["1"],
    ),
    "newlines and quotes in names": (
        {"properties": {'a"\n': {"const": '"\\'}}},
        ['{"a\\"\\n": "\\"\\\\"}'],
        ['{"a\\"\n": "x"}'],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _CASES)
def test_grammar_of_a_schema_accepts_and_refuses(llama: Llama, name: str) -> None:
    schema, accepted, refused = _CASES[name]
    grammar = grammar_of(JsonSchema(schema))
    assert [each for each in accepted if not llama.accepts(grammar, each)] == []
    assert [each for each in refused if llama.accepts(grammar, each)] == []


_INSIDE = "#/properties/a"
_REFUSED: dict[str, tuple[Any, str]] = {
    "not": ({"not": {"type": "string"}}, "not"),
    "if": ({"if": {}, "then": {}}, "if"),
    "patternProperties": ({"patternProperties": {"^x": {}}}, "patternProperties"),
    "propertyNames": ({"propertyNames": {"maxLength": 3}}, "propertyNames"),
    "uniqueItems": ({"type": "array", "uniqueItems": True}, "uniqueItems"),
    "contains": ({"contains": {}}, "contains"),
    "dependentRequired": ({"dependentRequired": {"a": ["b"]}}, "dependentRequired"),
    "unevaluatedProperties": ({"unevaluatedProperties": False}, "unevaluatedProperties"),
    "multipleOf": ({"type": "number", "multipleOf": 0.01}, "multipleOf"),
    "multipleOf without bounds": ({"type": "integer", "multipleOf": 7}, "multipleOf"),
    "remote": ({"$ref": "https://example.org/schema"}, "outside"),
    "missing": ({"$ref": "#/$defs/nothing"}, "nothing"),
    "no schema": ({"$ref": "#/properties/a/enum", "enum": [1]}, "no schema"),
    "dynamic": ({"$dynamicRef": "#x"}, "dynamicRef"),
    "new base": ({"$id": "other", "type": "string"}, "id"),
    "format": ({"type": "string", "format": "iri"}, "iri"),
    "misspelled": ({"type": "string", "maxLenght": 3}, "maxLenght"),
    "one of, not told apart": ({"oneOf": [{"type": "number"}, {"type": "integer"}]}, "oneOf"),
    "one of open objects": (
        {"oneOf": [{"required": ["a"], "properties": {"a": {}}}, {"properties": {"b": {}}}]},
        "oneOf",
    ),
    "two patterns": ({"allOf": [{"pattern": "a"}, {"pattern": "b"}]}, "pattern"),
    "listed and a pattern": ({"enum": ["a"], "pattern": "a"}, "pattern"),
    "pattern and length": ({"pattern": "^(ab)+$", "maxLength": 3}, "pattern"),
    "far bounds": ({"type": "integer", "minimum": 10**20}, "digits"),
    "many names": ({"additionalProperties": True, "minProperties": 2}, "minProperties"),
    "circle": ({"allOf": [{"$ref": "#/properties/a"}]}, "circle"),
    "choice of itself": ({"anyOf": [{"$ref": "#/properties/a"}, {"type": "null"}]}, "circle"),
}


@pytest.mark.parametrize("name", _REFUSED)
def test_keyword_without_exact_grammar_is_an_error_that_names_it_and_its_place(name: str) -> None:
    schema, word = _REFUSED[name]
    with pytest.raises(SchemaError) as caught:
        grammar_of(JsonSchema({"type": "object", "properties": {"a": schema}}))
    assert word in caught.value.message
    assert _INSIDE in caught.value.message or "circle" in word
    assert caught.value.hint


_NOTHING_FITS = [
    {"type": "integer", "minimum": 3, "maximum": 2},
    {"allOf": [{"type": "string"}, {"type": "null"}]},
    {"type": "object", "required": ["a"], "additionalProperties": False},
    {"type": "object", "properties": {"a": False}, "required": ["a"]},
    {"type": "array", "items": False, "minItems": 1},
    {"type": "string", "minLength": 3, "maxLength": 2},
    {"enum": [1, 2], "type": "string"},
    {"properties": {"a": {"$ref": "#"}}, "required": ["a"]},
    {"type": "array", "items": {"$ref": "#"}, "minItems": 1},
    {"additionalProperties": {"anyOf": [{"$ref": "#"}]}, "minProperties": 1, "properties": {}},
    {"anyOf": [False, {"enum": []}]},
    {"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 1},
]


@pytest.mark.parametrize("schema", _NOTHING_FITS, ids=range(len(_NOTHING_FITS)))
def test_schema_that_nothing_satisfies_is_an_error(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaError, match="Nothing satisfies"):
        grammar_of(JsonSchema(schema))


_BROKEN: list[Any] = [
    {"type": "strin"},
    {"minLength": -1},
    {"required": "a"},
    {"items": [{}]},
    {"exclusiveMinimum": True},
    {"enum": "a"},
    {"properties": []},
    {"$schema": "http://json-schema.org/draft-03/schema#"},
    {"$defs": {"a": 1}},
    {"const": object()},
    {"const": float("nan")},
    {1: 2},
    {"const": "\ud800"},
    {"$ref": "#/default/x", "default": {"x": {"type": 3}}},
    {"$ref": "#/%zz"},
    [],
    "x",
]


@pytest.mark.parametrize("schema", _BROKEN, ids=range(len(_BROKEN)))
def test_broken_schema_is_an_error_with_a_next_step(schema: Any) -> None:
    with pytest.raises(SchemaError) as caught:
        schema_rules(schema, "x")
    assert caught.value.hint


def _deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "null"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


def _endless() -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "array"}
    schema["items"] = schema
    return schema


_HUGE = {
    "deep": _deep(5000),
    "deep but not too deep to copy": _deep(90),
    "endless": _endless(),
    "many values": {"enum": list(range(30_000))},
    "long text": {"const": "x" * 500_000},
    "many properties": {"properties": {str(n): {"minimum": n} for n in range(4_000)}},
    "many rules": {"properties": {str(n): {"type": "array", "items": {"maximum": n}}
                                  for n in range(900)}},
    "long number": {"const": 10**5000},
    "long name": {"type": "string", "maxLength": 10**300},
    "choices of choices": {
        "$defs": {f"a{n}": {"anyOf": [{"allOf": [{"$ref": f"#/$defs/a{n + 1}"}, {"minimum": m}]}
                                      for m in range(8)]} for n in range(12)} | {"a12": {}},
        "$ref": "#/$defs/a0",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", _HUGE)
def test_schema_that_is_too_large_is_an_error_soon(name: str) -> None:
    with pytest.raises(SchemaError):
        schema_rules(_HUGE[name], "x")


def test_rules_have_names_with_the_prefix_and_compile_together(llama: Llama) -> None:
    first, rules = schema_rules(_PERSON, "one")
    second, more = schema_rules(_TREE, "one-2")
    third, objects = json_object_rules("other")
    assert all(name.startswith("one-") for name in rules)
    assert all(name.startswith("one-2-") for name in more)
    assert not rules.keys() & more.keys()
    grammar = Grammar(compose(f"{first} | {second} | {third}", rules | more | objects))
    assert llama.accepts(grammar, '{"value": 1}')
    assert llama.accepts(grammar, '{"name": ""}')
    assert llama.accepts(grammar, '{"x": [{"y": -1.5e-3}]}')


def test_prefix_that_cannot_begin_a_name_is_a_bug() -> None:
    with pytest.raises(ValueError, match="begin"):
        schema_rules({}, "a b")


def test_json_object_is_any_object_and_nothing_else(llama: Llama) -> None:
    grammar = grammar_of(JsonObject())
    for text in ("{}", '{"a": 1}', '{"a": {"b": [1, "x", null, true]}, "c": -0.5}'):
        assert llama.accepts(grammar, text)
    for text in ("[]", "1", '"a"', "{,}", '{"a"}', "{a: 1}", "{" + " " * 40 + "}"):
        assert not llama.accepts(grammar, text)


def test_white_space_cannot_go_on_without_end(llama: Llama) -> None:
    grammar = grammar_of(JsonSchema(_PERSON))
    assert llama.accepts(grammar, '{\n    "name": "x"\n}')
    for blanks in ("  ", "\n\n", "\n" + " " * 17):
        assert not llama.accepts(grammar, f'{{{blanks}"name": "x"}}')


def test_given_grammar_is_left_as_it_is() -> None:
    grammar = Grammar('start ::= "x"', "start", ("<tool>",))
    assert grammar_of(grammar) is grammar


def test_given_grammar_that_llama_would_loosen_is_an_error(llama: Llama) -> None:
    assert llama.accepts(Grammar('root ::= "x"{0,2001}'), "x" * 2002)
    with pytest.raises(SchemaError, match="2001"):
        grammar_of(Grammar('root ::= "x"{0, 2001}'))
    assert grammar_of(Grammar('root ::= "{0,3000}" [{0,3000}]{1,2000} # {0,3000}'))


_TOOLS = (
    Tool("weather", "", {"properties": {"city": {"type": "string"}}, "required": ["city"]}),
    Tool("now", "", {"type": "object", "properties": {}}),
)
_CALL, _NOW, _ANSWER = (
    '{"tool": "weather", "arguments": {"city": "Ulm"}}',
    '{"tool": "now", "arguments": {}}',
    '{"answer": "It is\\nsunny."}',
)


@pytest.mark.parametrize(
    ("choice", "tool", "accepted"),
    [
        (ToolChoice.AUTO, "", [_CALL, _NOW, _ANSWER]),
        (ToolChoice.REQUIRED, "", [_CALL, _NOW]),
        (ToolChoice.REQUIRED, "now", [_NOW]),
        (ToolChoice.NONE, "", [_ANSWER]),
    ],
)
def test_fallback_tool_grammar_follows_the_choice(
    llama: Llama, choice: ToolChoice, tool: str, accepted: list[str]
) -> None:
    grammar = fallback_tool_grammar(_TOOLS, choice, tool)
    for text in (_CALL, _NOW, _ANSWER):
        assert llama.accepts(grammar, text) == (text in accepted)
    for text in ('{"tool": "weather", "arguments": {}}', '{"tool": "x", "arguments": {}}', "hi"):
        assert not llama.accepts(grammar, text)


def test_fallback_tool_grammar_without_the_tool_that_must_be_called_is_an_error() -> None:
    for tools, tool in (((), ""), (_TOOLS, "other")):
        with pytest.raises(SchemaError):
            fallback_tool_grammar(tools, ToolChoice.REQUIRED, tool)


def test_fallback_tool_grammar_with_a_schema_that_has_no_grammar_is_an_error() -> None:
    with pytest.raises(SchemaError, match="The tool “x” cannot be used"):
        fallback_tool_grammar([Tool("x", "", {"not": {}})])
