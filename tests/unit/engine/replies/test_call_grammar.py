"""Grammars for calls: the real llama.cpp compiles them, and what they derive is read back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.engine.messages import Tool
from app.engine.protocol import Grammar, ToolChoice
from app.engine.replies.call_rules import until
from app.engine.replies.calls import call_grammar
from app.engine.replies.catalogue import dialect, dialects
from app.engine.replies.parser import ReplyParser
from app.engine.structured import SchemaError, compose
from tests.doubles.scripted_gguf import scripted_gguf
from tests.unit.engine.gbnf import Llama, Sampler, real_llama
from tests.unit.engine.replies.spoken import SPOKEN, hear

TOOLS = (
    Tool(
        "get_weather",
        parameters={
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer"},
                "options": {
                    "type": "object",
                    "properties": {"unit": {"enum": ["C", "F"]}, "at": {"$ref": "#/$defs/list"}},
                    "required": ["unit"],
                    "additionalProperties": False,
                },
                "exact": {"type": "boolean"},
            },
            "required": ["city", "exact"],
            "additionalProperties": False,
            "$defs": {"list": {"type": "array", "items": {"type": "number"}}},
        },
    ),
    Tool(
        "search.web",
        parameters={
            "type": "object",
            "properties": {"q": {"type": "string"}, "kind": {"enum": ["news", "all"]}},
            "required": ["q"],
            "additionalProperties": False,
        },
    ),
)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    path = tmp_path_factory.mktemp("grammar") / "plain.gguf"
    scripted_gguf(path, {"": "I am here."})
    with real_llama(path) as loaded:
        yield loaded


def grammar_of(name: str, choice: ToolChoice = ToolChoice.AUTO, tail: str = "") -> Grammar:
    grammar = call_grammar(dialect(name), TOOLS, choice, prompt_tail=tail)
    assert grammar is not None
    return grammar


@pytest.mark.parametrize("choice", [ToolChoice.AUTO, ToolChoice.REQUIRED])
@pytest.mark.parametrize("name", [each.name for each in dialects()])
def test_what_a_grammar_derives_is_read_as_valid_calls(
    name: str, choice: ToolChoice, llama: Llama
) -> None:
    grammar = grammar_of(name, choice)
    assert llama.compiles(grammar)
    sampler = Sampler(grammar)
    schemas = {tool.name: Draft202012Validator(tool.parameters) for tool in TOOLS}
    for seed in range(30):
        text = sampler.draw(Random(seed), 60)
        parser = ReplyParser(dialect(name), TOOLS)
        parser.feed(text)
        _, reply = parser.finish()
        assert reply.problem == "", text
        assert reply.tool_calls or (name == "generic" and choice is ToolChoice.AUTO), text
        for call in reply.tool_calls:
            assert schemas[call.name].is_valid(dict(call.arguments)), text


@pytest.mark.parametrize("spoken", SPOKEN, ids=lambda s: s.dialect)
def test_what_models_write_starts_the_lazy_grammar(spoken, llama: Llama) -> None:
    grammar = grammar_of(spoken.dialect)
    call = ("search.web", {"q": "rain"})
    reply = spoken.calls([call])
    if grammar.triggers:
        found = [match for match in (re.search(each, reply) for each in grammar.triggers) if match]
        assert found, reply
        reply = reply[found[0].start(1) :]
    assert llama.accepts(grammar, reply.rstrip().removesuffix("<|call|>").removesuffix("<|eot|>")
        .removesuffix("<|close|>message<|sep|>").removesuffix("<|calls|>"))  # fmt: skip


def test_dialect_that_says_nothing_of_a_grammar_has_none() -> None:
    silent = replace(dialect("hermes"), writing=())
    assert call_grammar(silent, TOOLS, ToolChoice.REQUIRED) is None


@pytest.mark.parametrize(
    ("choice", "tools"), [(ToolChoice.NONE, TOOLS), (ToolChoice.AUTO, ()), (ToolChoice.NONE, ())]
)
def test_nothing_to_call_needs_no_grammar(choice: ToolChoice, tools: tuple[Tool, ...]) -> None:
    assert call_grammar(dialect("hermes"), tools, choice) is None


def test_only_the_required_tool_can_be_called(llama: Llama) -> None:
    grammar = call_grammar(dialect("hermes"), TOOLS, ToolChoice.REQUIRED, "search.web")
    assert grammar is not None
    search = '<tool_call>\n{"name": "search.web", "arguments": {"q": "x"}}\n</tool_call>'
    other = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "x", "exact": true}}'
    assert llama.accepts(grammar, search)
    assert not llama.accepts(grammar, f"{other}\n</tool_call>")


@pytest.mark.parametrize("tool", ["", "fly"])
def test_requiring_a_tool_that_is_not_there_is_an_error_in_words(tool: str) -> None:
    tools = TOOLS if tool else ()
    with pytest.raises(SchemaError, match="must be called"):
        call_grammar(dialect("hermes"), tools, ToolChoice.REQUIRED, tool)


def test_schema_that_has_no_grammar_is_an_error() -> None:
    tool = Tool("f", parameters={"type": "object", "properties": {"a": {"type": "martian"}}})
    with pytest.raises(SchemaError):
        call_grammar(dialect("hermes"), [tool])


@pytest.mark.parametrize("name", ["hermes", "qwen_xml", "generic"])
def test_required_call_may_be_thought_about_first(name: str, llama: Llama) -> None:
    spoken = next(each for each in SPOKEN if each.dialect == name)
    call = spoken.calls([("search.web", {"q": "x"})])
    fresh = grammar_of(name, ToolChoice.REQUIRED)
    opened = grammar_of(name, ToolChoice.REQUIRED, "<think>\n")
    assert llama.accepts(fresh, call)
    assert llama.accepts(fresh, f"<think>\nHm < 3 </thin\n</think>\n\n{call}")
    assert llama.accepts(opened, f"Hm.\n</think>\n\n{call}")
    assert not llama.accepts(opened, call)


@pytest.mark.parametrize(
    ("tail", "reply", "starts"),
    [
        ("", "Yes. <tool_call>", True),
        ("", "<think>Should I <tool_call>", False),
        ("", "<think>No</think> <tool_call>", True),
        ("<think>\n", "Should I <tool_call>", False),
        ("<think>\n", "No</think> <tool_call>", True),
    ],
)
def test_call_that_is_only_thought_of_starts_no_grammar(
    tail: str, reply: str, starts: bool
) -> None:
    trigger = grammar_of("hermes", tail=tail).triggers[0]
    match = re.search(trigger, reply)
    assert (match is not None) == starts
    if match is not None:
        assert match[1] == "<tool_call>"


@pytest.mark.parametrize("end", ["a", "aa", "aab", "abab", "</think>", "\n</parameter>", "日本"])
def test_until_takes_any_text_up_to_the_first_end(end: str, llama: Llama) -> None:
    rules = until(end, "text")
    grammar = Grammar(compose(next(iter(rules)), rules))
    for inside in ("", "xyz", end[:-1], f"{end[:-1]}x", f"\n{end[0]}<b{end[1:]}"):
        whole = f"{inside}{end}"
        assert llama.accepts(grammar, whole) == (whole.index(end) == len(whole) - len(end))
        assert not llama.accepts(grammar, f"{whole}x")


@pytest.mark.parametrize("name", ["gemma4", "minimax_m3"])
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {
            "type": "object",
            "properties": {"a": {}, "b": {"type": "object"}, "c": {"type": "array"}},
        },
        {
            "type": "object",
            "properties": {"tree": {"$ref": "#/$defs/tree"}},
            "$defs": {
                "tree": {
                    "type": "object",
                    "properties": {
                        side: {"type": "array", "items": {"$ref": "#/$defs/tree"}} for side in "lr"
                    },
                }
            },
        },
    ],
)
def test_grammar_of_nested_values_bears_schemas_that_say_little_or_repeat(
    name: str, parameters: dict[str, Any], llama: Llama
) -> None:
    grammar = call_grammar(dialect(name), [Tool("f", parameters=parameters)])
    assert grammar is not None
    assert llama.compiles(grammar)
    assert len(grammar.gbnf) < 200_000
    assert hear(name, Sampler(grammar).draw(Random(1), 60)).reply.problem == ""


def test_tags_with_nothing_in_them_are_empty_lists_and_objects() -> None:
    mark = "]<]minimax[>["
    parameters = {"properties": {"a": {"type": "array"}, "b": {"type": "object"}, "c": {}}}
    tags = "".join(f"{mark}<{key}>{mark}</{key}>" for key in "abc")
    said = f'{mark}<invoke name="f">{tags}{mark}</invoke>'
    heard = hear("minimax_m3", said, tools=(Tool("f", parameters=parameters),))
    assert heard.calls == [("f", {"a": [], "b": {}, "c": ""})]


def test_calls_that_a_grammar_forced_survive_the_parser_with_thought() -> None:
    heard = hear("generic", '<think>a</think>{"tool": "get_weather", "arguments": {}}')
    assert heard.reply.reasoning == "a"
    assert heard.calls == [("get_weather", {})]
