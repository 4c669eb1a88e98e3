"""Patterns and formats as grammars, asked of the real llama.cpp."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from ipaddress import IPv4Address
from random import Random
from typing import Any
from uuid import UUID

import pytest

from app.engine.protocol import JsonSchema
from app.engine.structured import SchemaError, grammar_of
from tests.doubles.scripted_gguf import scripted_gguf
from tests.unit.engine.gbnf import Llama, Sampler, real_llama


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    with real_llama(scripted_gguf(tmp_path_factory.mktemp("vocabulary") / "model.gguf")) as llama:
        yield llama


_PATTERNS: dict[str, tuple[list[str], list[str]]] = {
    "^[a-z]+$": (["a", "xyz"], ["", "A", "a1", "a\n"]),
    "b": (["b", "abc", "\nb"], ["", "ac"]),
    "^a|b$": (["a", "axx", "b", "xxb"], ["xa", "bx"]),
    "^(foo|ba[rz]){1,2}$": (["foo", "barbaz"], ["", "foofoofoo", "ba"]),
    r"^\d{3}-\d{4}$": (["555-1234"], ["5555-1234", "555-12345", "५५५-1234"]),
    r"^[\w.-]+$": (["a_b-c.9"], ["ä", "a b"]),
    r"^\S+\s\S+$": (["a b", "ä\tö"], ["a", "a\u00a0b", " a b"]),
    "^.$": (["a", "日"], ["\n", "ab", "\u2028"]),
    r'^["\\]$': (['"', "\\"], ["a"]),
    "^[^a-c]$": (["d", "日", "\n", '"'], ["a", "c"]),
    r"^\u00e9\x41\/\.$": (["éA/."], ["eA/.", "éA/x"]),
    "^(a|)b?$": (["", "a", "ab", "b"], ["aa"]),
    "^(?:x{2,}y)*$": (["", "xxy", "xxxyxxy"], ["xy", "xx"]),
    "^[-a]+[a-]+$": (["-a", "a-"], ["b"]),
    "": (["", "x"], []),
}


@pytest.mark.parametrize("pattern", _PATTERNS)
def test_pattern_is_matched_as_a_regular_expression(llama: Llama, pattern: str) -> None:
    grammar = grammar_of(JsonSchema({"type": "string", "pattern": pattern}))
    accepted, refused = _PATTERNS[pattern]
    texts = [json.dumps(each, ensure_ascii=False) for each in accepted]
    assert [each for each in texts if not llama.accepts(grammar, each)] == []
    texts = [json.dumps(each, ensure_ascii=False) for each in refused]
    assert [each for each in texts if llama.accepts(grammar, each)] == []


def test_pattern_with_a_length_is_both(llama: Llama) -> None:
    schema = {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 3}
    grammar = grammar_of(JsonSchema(schema))
    assert llama.accepts(grammar, '"ab"')
    assert llama.accepts(grammar, '"abc"')
    assert not llama.accepts(grammar, '"a"')
    assert not llama.accepts(grammar, '"abcd"')


_FORMATS: dict[str, Any] = {
    "date": date.fromisoformat,
    "date-time": datetime.fromisoformat,
    "time": lambda text: datetime.fromisoformat(f"2024-02-29T{text}"),
    "uuid": UUID,
    "ipv4": IPv4Address,
}


@pytest.mark.parametrize("name", _FORMATS)
def test_text_of_a_format_can_be_read_as_such(llama: Llama, name: str) -> None:
    grammar = grammar_of(JsonSchema({"type": "string", "format": name}))
    assert llama.compiles(grammar)
    sampler, random = Sampler(grammar), Random(1)
    for _ in range(300):
        _FORMATS[name](json.loads(sampler.draw(random)))


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        ("date", ["2024-02-29", "2000-02-29", "2025-12-31"], ["2023-02-29", "1900-02-29",
         "2024-04-31", "0000-01-01", "2024-13-01"]),
        ("time", ["23:59:59Z", "00:00:00.123+02:00"], ["24:00:00Z", "12:00:00", "12:60:00Z"]),
        ("date-time", ["2024-02-29T10:00:00Z"], ["2024-02-29 10:00:00Z", "2024-02-29"]),
        ("ipv4", ["255.249.0.10"], ["256.1.1.1", "1.1.1", "01.1.1.1"]),
        ("ipv6", ["2001:db8:0:0:0:0:0:1"], ["2001:db8", "g:0:0:0:0:0:0:1"]),
        ("email", ["eva.m+x@mail.example.org"], ["eva", "@x.org", "eva@", "e..a@x.org"]),
        ("uri", ["https://example.org:8080/a/b%20c?q=1&r=(2)#top", "http://localhost"],
         ["example.org", "https://", "https://a b.org", "https://a.org/%zz"]),
        ("hostname", ["example.org", "a-b.c"], ["-a.org", "a_b", ""]),
    ],
)  # fmt: skip
def test_format_is_enforced(
    llama: Llama, name: str, accepted: list[str], refused: list[str]
) -> None:
    grammar = grammar_of(JsonSchema({"type": "string", "format": name}))
    assert [each for each in accepted if not llama.accepts(grammar, json.dumps(each))] == []
    assert [each for each in refused if llama.accepts(grammar, json.dumps(each))] == []


def test_format_of_numbers_bounds_them(llama: Llama) -> None:
    grammar = grammar_of(JsonSchema({"type": "integer", "format": "uint8"}))
    assert llama.accepts(grammar, "255")
    assert not llama.accepts(grammar, "256")
    assert not llama.accepts(grammar, "-1")


_BAD_PATTERNS = (
    "(?=a)", "(?!a)", "(?<=a)b", r"(a)\1", r"\bx", r"\p{L}", "a++", "(a*)*", "(?i)a", "a{2,1}",
    "a{,3}", "[]", "[^]", "[z-a]", "a)", "(a", "[a", "*a", "x^y", "x$y", "(?<n>a)", r"\ud83d",
    "[[a]]", "[a&&b]", "[\\d-x]", "\\", "a{1000000}", "(" * 50 + ")" * 50, "a" * 5000, "[a--b]",
)  # fmt: skip


@pytest.mark.parametrize("pattern", _BAD_PATTERNS)
def test_pattern_without_exact_grammar_is_an_error(pattern: str) -> None:
    with pytest.raises(SchemaError, match="pattern"):
        grammar_of(JsonSchema({"type": "string", "pattern": pattern}))
