"""Random schemas: what their grammars derive is valid, and the real llama.cpp compiles them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from app.engine.protocol import Grammar, JsonSchema
from app.engine.structured import SchemaError, grammar_of
from tests.doubles.scripted_gguf import scripted_gguf
from tests.unit.engine.gbnf import Llama, Sampler, real_llama

_NAMES = st.sampled_from(["a", "ab", "b", "ä", 'q"', "", "name"])
_PATTERNS = (
    "^[a-z]+$", "x", "^a|b$", "^(foo|bar){1,3}$", "[^a-z]", r"^\d{2}-\w+$", r"^\S+\s?$", "^.{2}$",
    r'^["\\]?[^"]$', "^(?:a|bc?)*$", "", "^$", r"[\n\t]", "^[0-9]{3,}", r"[^\w]", r"\D\W",
)  # fmt: skip
_small = st.integers(0, 4)
_numbers = st.one_of(
    st.integers(-1200, 1200),
    st.integers(-(10**18), 10**18),
    st.decimals(-100, 100, places=2, allow_nan=False).map(float),
    st.floats(-1e13, 1e13, allow_nan=False),
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "a", 'é"', "x\n"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=2),
    max_leaves=4,
)


def _some(**keywords: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of these keywords."""
    return st.fixed_dictionaries({}, optional=keywords)


def _typed(name: str, keywords: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Any]:
    return keywords.map(lambda some: {"type": name, **some})


_bounds = _some(
    minimum=_numbers, maximum=_numbers, exclusiveMinimum=_numbers, exclusiveMaximum=_numbers
)
_leaves = st.one_of(
    st.booleans(),
    st.just({}),
    st.sampled_from(["null", "boolean", "string", "number", "integer", "object", "array"]).map(
        lambda kind: {"type": kind}
    ),
    _typed("integer", _bounds),
    _typed("number", _bounds),
    _typed("string", _some(minLength=_small, maxLength=st.sampled_from([1, 3, 450]))),
    _typed("string", st.fixed_dictionaries({"pattern": st.sampled_from(_PATTERNS)})),
    st.fixed_dictionaries({"enum": st.lists(_values, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"const": _values}),
    _typed("integer", st.just({"multipleOf": 3, "minimum": -7, "maximum": 40})),
    st.just({"$ref": "#"}),
    st.just({"$ref": "#/$defs/other"}),
)


def _wider(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    objects = _some(
        properties=st.dictionaries(_NAMES, inner, max_size=4),
        required=st.lists(_NAMES, max_size=2, unique=True),
        additionalProperties=inner,
        minProperties=st.integers(0, 2),
        maxProperties=_small,
    )
    arrays = _some(
        items=inner,
        prefixItems=st.lists(inner, min_size=1, max_size=3),
        minItems=st.integers(0, 2),
        maxItems=_small,
    )
    some = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        _typed("object", objects),
        _typed("array", arrays),
        objects,
        st.builds(lambda first, second: {**first, **second}, objects, _some(anyOf=some)),
        st.builds(lambda first, second: {**first, **second}, arrays, _some(allOf=some)),
        st.fixed_dictionaries({"anyOf": some}),
        st.fixed_dictionaries({"oneOf": some}),
        st.fixed_dictionaries({"allOf": some}),
        st.fixed_dictionaries({"type": st.just(["object", "string", "integer"])}),
    )


_schemas = st.builds(
    lambda schema, other: {**schema, "$defs": {"other": other}},
    st.recursive(_leaves, _wider, max_leaves=8).filter(lambda each: isinstance(each, dict)),
    _leaves,
)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    with real_llama(scripted_gguf(tmp_path_factory.mktemp("vocabulary") / "model.gguf")) as llama:
        yield llama


def _grammar(schema: dict[str, Any]) -> Grammar:
    try:
        return grammar_of(JsonSchema(schema))
    except SchemaError:
        assume(False)
        raise


def _check(validator: Draft202012Validator, text: str) -> None:
    try:
        validator.validate(json.loads(text.encode("utf-8")))
    except RecursionError:  # a schema that refers to itself at once means nothing to the checker
        assume(False)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(_schemas, st.integers(0, 2**32))
def test_grammar_of_a_random_schema_derives_only_valid_json(
    llama: Llama, schema: dict[str, Any], seed: int
) -> None:
    grammar = _grammar(schema)
    assert llama.compiles(grammar)
    sampler = Sampler(grammar)
    validator = Draft202012Validator(schema)
    random = Random(seed)
    for _ in range(5):
        text = sampler.draw(random)
        _check(validator, text)
    assert llama.accepts(grammar, text)
