"""What the parser does in every dialect."""

from __future__ import annotations

import re

import pytest

from app.engine.messages import ArgumentsDelta, TextDelta, ToolCall, ToolCallBegun, ToolCallDone
from app.engine.replies.catalogue import dialect
from app.engine.replies.parser import ReplyParser, random_id
from tests.unit.engine.replies.spoken import TOOLS, hear


def test_call_is_streamed_name_first_then_arguments_as_written() -> None:
    parser = ReplyParser(dialect("hermes"), TOOLS, new_id=lambda: "made")
    deltas = [
        parser.feed(piece)
        for piece in (
            "Yes. <tool", '_call>\n{"name": "add', '_note", "arguments": {"te', 'xt": "x"', "}}",
        )
    ]  # fmt: skip
    call = ToolCall("made", "add_note", {"text": "x"})
    assert deltas == [
        (TextDelta("Yes."),),
        (),
        (ToolCallBegun(0, "add_note"), ArgumentsDelta(0, '{"te')),
        (ArgumentsDelta(0, 'xt": "x"'),),
        (ArgumentsDelta(0, "}"), ToolCallDone(0, call)),
    ]
    rest, reply = parser.finish()
    assert rest == ()
    assert reply.tool_calls == (call,)
    assert reply.problem == ""


def test_white_space_is_cut_at_the_ends_and_pieces_are_paragraphs() -> None:
    call = '<tool_call>{"name": "add_note", "arguments": {}}</tool_call>'
    heard = hear("hermes", f"\n <think>\n a \n</think>\n\n b\n\tc \n{call}\n\n d {call} ")
    assert heard.reply.reasoning == "a"
    assert heard.reply.text == "b\n\tc\n\nd"


def test_own_ids_are_kept_where_the_dialect_has_good_ones() -> None:
    begin, middle, end = (
        "<|tool_call_begin|>",
        "<|tool_call_argument_begin|>{}",
        "<|tool_call_end|>",
    )
    heads = ["functions.add_note:3", "functions.add_note:3", "add_note"]
    heard = hear("kimi", "".join(f"{begin}{head}{middle}{end}" for head in heads))
    assert [call.id for call in heard.reply.tool_calls] == [
        "functions.add_note:3",
        "id0000000",
        "id0000001",
    ]
    assert [call.name for call in heard.reply.tool_calls] == ["add_note"] * 3


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        ('[TOOL_CALLS][{"name": "f", "arguments": {}, "id": "aB3456789"}]', "aB3456789"),
        ('[TOOL_CALLS][{"name": "f", "arguments": {}, "id": "call_1"}]', "id0000000"),
        ("[TOOL_CALLS]f[CALL_ID]aB3456789[ARGS]{}", "aB3456789"),
        ("[TOOL_CALLS]f[CALL_ID]1[ARGS]{}", "id0000000"),
        ("[TOOL_CALLS]f{}", "id0000000"),
    ],
)
def test_mistral_ids_have_nine_characters(reply: str, kept: str) -> None:
    assert [call.id for call in hear("mistral", reply).reply.tool_calls] == [kept]


def test_random_ids_are_nine_letters_or_digits_and_differ() -> None:
    made = {random_id() for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch("[A-Za-z0-9]{9}", each) for each in made)


def test_parser_knows_when_the_reply_is_over_and_ignores_the_rest() -> None:
    parser = ReplyParser(dialect("gemma4"))
    was_over = parser.is_over
    assert parser.feed("Hi<turn|>") == (TextDelta("Hi"),)
    assert (was_over, parser.is_over) == (False, True)
    assert parser.feed("user") == ()
    assert parser.finish()[1].raw == "Hi<turn|>user"
    assert parser.finish()[1].text == "Hi"


def test_empty_reply_is_empty() -> None:
    parser = ReplyParser(dialect("hermes"))
    assert parser.feed("") == ()
    rest, reply = parser.finish()
    assert (rest, reply.text, reply.raw, reply.problem) == ((), "", "", "")


def test_thought_that_the_prompt_opened_and_closed_is_not_open() -> None:
    heard = hear("hermes", "Hello", prompt_tail="<think>\n\n</think>\n\n")
    assert (heard.reply.text, heard.reply.reasoning) == ("Hello", "")


def test_thought_that_never_ends_is_reasoning() -> None:
    heard = hear("hermes", "Hm <tool_call>", prompt_tail="<think>")
    assert (heard.reply.text, heard.reply.reasoning) == ("", "Hm <tool_call>")


def test_call_ends_the_reasoning_where_its_marks_are_never_just_text() -> None:
    heard = hear("mistral", "[THINK]Hm.[TOOL_CALLS]f[ARGS]{}")
    assert heard.reply.reasoning == "Hm."
    assert heard.calls == [("f", {})]


def test_gemma_thinks_again_in_the_middle_of_a_reply() -> None:
    heard = hear("gemma4", "<|channel>thought\na<channel|>b<|channel>thought\nc<channel|>d")
    assert (heard.reply.reasoning, heard.reply.text) == ("a\n\nc", "b\n\nd")
