from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.errors import GrammarError
from app.engine.llama.sampling.triggers import ReplySoFar, Trigger


@pytest.mark.parametrize(
    ("pattern", "last"),
    [
        (r"(<call>)", ">"),
        (r"(?:^(?!\s*(?:<think>))|</think>)[\s\S]*?(<tool_call>)", ">"),
        (r"(\[TOOL_CALLS\])", "]"),
        (r"^((?:weather|time)\n)", "\n"),
        (r"<\|python_tag\|>(\{)", "{"),
        (r"(functions\.)", "."),
        ("(<\uff5ccall\uff5c>)", ">"),
        ("(a\uff5c)", "\uff5c"),
        (r"a\\\)", None),
        (r"a\\d", "d"),
        (r"(<invoke )", " "),
        (r"(a|b)", None),
        (r"x|(y)", None),
        (r"((?:a|b)c|d)", None),
        (r"(ab?)", None),
        (r"(ab)*", None),
        (r"(a[bc])", None),
        (r"(a\d)", None),
        (r"(a\b)", None),
        (r"a(?!b)", None),
        (r"a(?<!b)", None),
        (r"(?i)ab", None),
        (r"(?i:ab)", None),
        (r"(<call>[\s\S]*)", None),
        (r"a{2}", None),
        (r"a\\", "\\"),
        (r"a$", None),
        (r"[a|(]b", "b"),
        (r"", None),
    ],
)
def test_last_byte_is_known_only_where_it_is_certain(pattern: str, last: str | None) -> None:
    assert Trigger(pattern).last_byte == (None if last is None else last.encode()[-1])


PATTERNS = [
    r"(<a>)",
    r"(?:^(?!\s*(?:<b>))|</b>)[\s\S]*?(<a>)",
    r"[\s\S]*?(a\|>)",
    r"(a|b>)",
    r"^((?:a|b)\n)",
    r"a(?!b)",
    r"(ü>)",
]


@given(
    st.sampled_from(PATTERNS),
    st.lists(st.sampled_from(["a", "b", "<", ">", "<a", "a>", "/", "|", "\n", "ü", "</b>"])),
)
def test_trigger_is_found_at_the_same_token_as_by_looking_every_time(
    pattern: str, pieces: list[str]
) -> None:
    reply, text = ReplySoFar(), ""
    for token, piece in enumerate(pieces):
        reply.add(token, piece.encode())
        text += piece
        found = re.search(pattern, text)
        start = reply.find((Trigger(pattern),))
        assert (start is None) == (found is None)
        if found is not None:
            place = found.start(1) if found.re.groups else found.start()
            assert start == len(text[:place].encode())
            return


def test_letter_that_comes_in_two_tokens_is_seen_when_it_is_whole() -> None:
    reply, trigger = ReplySoFar(), Trigger("(ü)")
    reply.add(0, "ü".encode()[:1])
    assert reply.find((trigger,)) is None
    reply.add(1, "ü".encode()[1:])
    assert reply.find((trigger,)) == 0
    assert [token for token, _, _ in reply.tokens_after(0)] == [0, 1]


def test_token_that_is_taken_back_was_never_there() -> None:
    reply, trigger = ReplySoFar(), Trigger("(ab)")
    for token, piece in enumerate([b"a", b"x"]):
        reply.add(token, piece)
    reply.remove_last()
    reply.add(2, b"b")
    assert reply.find((trigger,)) == 0


def test_pattern_that_is_none_is_an_error_in_words() -> None:
    with pytest.raises(GrammarError, match="not a regular expression"):
        Trigger("(<call>")
