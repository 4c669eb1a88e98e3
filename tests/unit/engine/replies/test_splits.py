"""However a reply is cut into pieces, the same comes out."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.replies.catalogue import dialect, dialects
from app.engine.replies.dialect import Dialect
from tests.unit.engine.replies.spoken import SPOKEN, Spoken, check_deltas, hear

TEXTS = st.text(st.sampled_from("ab 1\n\t\"'\\{}[]<>/|\uff5c▁=:,.é日😀`"), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.floats(-9, 9, width=16) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
CALLS = st.lists(
    st.tuples(
        st.sampled_from(["get_weather", "add_note", "other"]),
        st.dictionaries(st.sampled_from(["city", "days", "text", "options"]), VALUES, max_size=3),
    ),
    min_size=1,
    max_size=3,
)


def cut(text: str, places: Sequence[int]) -> list[str]:
    edges = [0, *sorted({place % (len(text) + 1) for place in places}), len(text)]
    return [text[low:high] for low, high in pairwise(edges)]


def cut_bytes(text: str, places: Sequence[int]) -> list[str]:
    data = text.encode()
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    pieces = [data[low:high] for low, high in pairwise(edges)]
    return [decoder.decode(piece) for piece in pieces]


def check_same(name: str, text: str, places: Sequence[int], tail: str = "") -> None:
    whole = hear(name, text, prompt_tail=tail)
    check_deltas(whole)
    assert whole.reply.raw == text
    assert hear(name, cut(text, places), prompt_tail=tail) == whole
    assert hear(name, list(text), prompt_tail=tail) == whole
    assert hear(name, cut_bytes(text, places), prompt_tail=tail) == whole


@settings(max_examples=400)
@given(st.data())
def test_split_anywhere_gives_the_same_reply(data: st.DataObject) -> None:
    spoken: Spoken = data.draw(st.sampled_from(SPOKEN), label="dialect")
    parts: list[str] = []
    if spoken.think is not None and data.draw(st.booleans()):
        parts.append(spoken.think(data.draw(TEXTS)))
    if data.draw(st.booleans()):
        parts.append(spoken.say(data.draw(TEXTS)))
    if data.draw(st.booleans()):
        parts.append(spoken.calls(data.draw(CALLS)))
    text = "".join(parts)
    text = text[: data.draw(st.integers(0, len(text)))] if data.draw(st.booleans()) else text
    check_same(spoken.dialect, text, data.draw(st.lists(st.integers(0, 999), max_size=8)))


def pieces_of(spoken: Dialect) -> list[str]:
    """What a confused model may put together: the dialect's own marks, whole and in halves."""
    marks = sorted(spoken.markers)
    halves = [mark[: len(mark) // 2] for mark in marks]
    rest = [mark[len(mark) // 2 :] for mark in marks]
    bits: list[Any] = [
        "{", "}", "[", "]", '"', "'", ",", ":", "(", ")", "=", " ", "\n", "\\", "a", "get_weather",
        '{"name": "get_weather", "arguments": {"city": "x"}}', '"name"', '"arguments"', "1", "null",
        '"answer"', '"tool"', '"\\u00e9\\ud83d\\ude00\\ud83d"', "```", "all\n", "to=functions.f",
        "call:f", 'name="f"', "<", ">", "f(a=1)", "[f(a='x')]", "<|", "日本",
    ]  # fmt: skip
    return [*marks, *marks, *halves, *rest, *bits]


@settings(max_examples=600)
@given(st.data())
def test_split_of_nonsense_anywhere_gives_the_same_reply(data: st.DataObject) -> None:
    spoken: Dialect = data.draw(st.sampled_from(dialects()), label="dialect")
    pieces = st.lists(st.sampled_from(pieces_of(spoken)), max_size=25)
    text = "".join(data.draw(pieces, label="reply"))
    tails = ["", *(pair.open for pair in spoken.reasoning)]
    tail = data.draw(st.sampled_from(tails))
    check_same(spoken.name, text, data.draw(st.lists(st.integers(0, 999), max_size=8)), tail)


@pytest.mark.parametrize("filler", [" ", "\n", "x", '"', "{", '{"', "<", '\\"', "(", "[f(", "`"])
@pytest.mark.parametrize("name", ["llama3", "generic", "hermes", "mistral", "lfm2", "functionary"])
def test_endless_beginnings_are_split_alike_and_come_out(name: str, filler: str) -> None:
    for start in ("", '{"name": ', '{"parameters": {', *sorted(dialect(name).markers)):
        text = start + filler * (6000 // len(filler))
        check_same(name, text, [3, 4001, 5003])
