"""Every dialect, in the situations that matter."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from app.engine.messages import ReasoningDelta, TextDelta, ToolCallBegun, ToolCallDone
from app.engine.replies.catalogue import dialect, dialects
from app.engine.replies.parser import ReplyParser
from tests.unit.engine.replies.spoken import (
    SPOKEN,
    TOOLS,
    Call,
    Spoken,
    check_deltas,
    hear,
)

PLAIN: Call = ("get_weather", {"city": "Paris", "days": 3, "exact": True})
NESTED: Call = ("get_weather", {"city": "Rome", "options": {"unit": "C", "levels": [1, 2.5, -3]}})
ODD: Call = ("add_note", {"text": "Zürich: “日本語” 😀 it's <b>5 & 6</b> {x: [1]} C:\\new\nline"})
QUOTED: Call = ("add_note", {"text": 'He said "no", twice.'})
NUMERIC: Call = ("add_note", {"text": "0123"})
EMPTY: Call = ("add_note", {})
THOUGHT = "The user asks for weather.\n\nI should look {it} up: a < b."


def each_of(chosen: Iterable[Spoken]) -> pytest.MarkDecorator:
    listed = list(chosen)
    ids = [f"{each.dialect}-{place}" for place, each in enumerate(listed)]
    return pytest.mark.parametrize("spoken", listed, ids=ids)


every_dialect = each_of(SPOKEN)


def test_spoken_covers_every_dialect_that_ships() -> None:
    assert {each.dialect for each in SPOKEN} == {each.name for each in dialects()}


@every_dialect
def test_reply_without_a_tool_is_text(spoken: Spoken) -> None:
    answer = "It is sunny.\n\n```python\nif a < b: print('[1]')\n```\nDone."
    write: Callable[[str], str] = spoken.say if spoken.say("x") else str
    heard = hear(spoken.dialect, write(answer))
    check_deltas(heard)
    assert heard.reply.text == answer
    assert heard.reply.tool_calls == ()
    assert heard.reply.problem == ""


@every_dialect
@pytest.mark.parametrize("call", [PLAIN, NESTED, ODD, QUOTED, NUMERIC, EMPTY])
def test_one_call_is_read(spoken: Spoken, call: Call) -> None:
    heard = hear(spoken.dialect, spoken.calls([call]))
    check_deltas(heard)
    assert heard.calls == [call]
    assert heard.reply.problem == ""
    assert heard.reply.text == ""
    assert isinstance(heard.deltas[0], ToolCallBegun)
    assert isinstance(heard.deltas[-1], ToolCallDone)


@every_dialect
def test_parallel_calls_are_read_in_order(spoken: Spoken) -> None:
    calls = [PLAIN, ODD, NESTED][: spoken.most_calls]
    heard = hear(spoken.dialect, spoken.calls(calls))
    check_deltas(heard)
    assert heard.calls == calls
    assert heard.reply.problem == ""


@every_dialect
def test_text_before_a_call_stays_text(spoken: Spoken) -> None:
    text = spoken.say("Let me look.")
    heard = hear(spoken.dialect, text + spoken.calls([PLAIN]))
    check_deltas(heard)
    assert heard.reply.text == ("Let me look." if text else "")
    assert heard.calls == [PLAIN]


@each_of(each for each in SPOKEN if each.think is not None)
def test_reasoning_before_text_and_call_is_apart(spoken: Spoken) -> None:
    assert spoken.think is not None
    said = spoken.say("Let me look.")
    heard = hear(spoken.dialect, spoken.think(THOUGHT) + said + spoken.calls([PLAIN]))
    check_deltas(heard)
    assert heard.reply.reasoning == THOUGHT
    assert heard.reply.text == ("Let me look." if said else "")
    assert heard.calls == [PLAIN]
    assert heard.deltas[0] == ReasoningDelta(THOUGHT)


@each_of(each for each in SPOKEN if each.opened is not None)
def test_reasoning_that_the_prompt_opened_is_apart(spoken: Spoken) -> None:
    assert spoken.opened is not None
    tail, write = spoken.opened
    heard = hear(
        spoken.dialect,
        write(THOUGHT) + spoken.say("Let me look.") + spoken.calls([PLAIN]),
        prompt_tail=f"Hi{tail}",
    )
    check_deltas(heard)
    assert heard.reply.reasoning == THOUGHT
    assert heard.reply.text == "Let me look."
    assert heard.calls == [PLAIN]


@every_dialect
def test_reply_that_breaks_off_in_a_call_keeps_the_calls_before(spoken: Spoken) -> None:
    calls = [PLAIN, ODD][: spoken.most_calls]
    whole = spoken.calls(calls)
    cut = whole.rindex("😀" if len(calls) > 1 else "Paris")
    heard = hear(spoken.dialect, whole[:cut])
    check_deltas(heard)
    assert heard.calls == calls[:-1]
    assert heard.reply.problem == (f"The reply ends in the middle of the call of “{calls[-1][0]}”.")
    assert heard.reply.raw == whole[:cut]


@every_dialect
def test_call_of_an_unknown_tool_is_still_a_call(spoken: Spoken) -> None:
    heard = hear(spoken.dialect, spoken.calls([("fly_away", {"to": "Mars"})]))
    check_deltas(heard)
    assert heard.calls == [("fly_away", {"to": "Mars"})]


@every_dialect
def test_text_comes_out_while_it_is_written(spoken: Spoken) -> None:
    write: Callable[[str], str] = spoken.say if spoken.say("x") else str
    words = "one two three four five six seven eight nine ten " * 20
    reply = write(words)
    begin = reply.index(words)
    parser = ReplyParser(dialect(spoken.dialect), TOOLS)
    out = ""
    for at in range(begin, begin + len(words), 4):
        piece = reply[at : at + 4] if at > begin else reply[: begin + 4]
        out += "".join(d.text for d in parser.feed(piece) if isinstance(d, TextDelta))
        assert len(words[: at + 4 - begin].rstrip()) - len(out) <= 4
