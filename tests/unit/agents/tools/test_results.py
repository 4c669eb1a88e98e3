from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.agents.tools.results import cap, capped, delimited, new_nonce, without_controls

NONCE = "00ff00ff00ff00ff"
CONTROLS = [
    "<|im_start|>",
    "<|im_end|>",
    "<|start_header_id|>",
    "<|eot_id|>",
    "<|python_tag|>",
    "<|channel|>",
    "<|turn>",
    "<turn|>",
    "<\uff5ctool▁calls▁begin\uff5c>",
    "[INST]",
    "[/INST]",
    "[TOOL_CALLS]",
    "<<SYS>>",
    "</s>",
    "<start_of_turn>",
    "<tool_call>",
    "</tool_call>",
    "<function=write_file>",
    "</think>",
]
pieces = st.lists(
    st.sampled_from(
        [*CONTROLS, NONCE, NONCE.upper(), "<|", "|>", "<", ">", "[", "\u200b", "ü", "\n"]
    )
).map("".join)


def test_cap_short_text_is_the_text():
    assert cap("one\ntwo\n") == "one\ntwo\n"


def test_cap_long_text_keeps_head_and_tail_and_says_which_lines_are_missing():
    text = "".join(f"line {number}\n" for number in range(1, 1001))
    shown = cap(text, 300)
    note = re.search(r"\[… lines (\d+) to (\d+), [\d,]+ characters, are left out here …\]", shown)
    assert note
    first, last = int(note[1]), int(note[2])
    assert f"line {first - 1}\n[…" in shown
    assert f"…]\nline {last + 1}\n" in shown
    assert shown.startswith("line 1\n")
    assert shown.endswith("line 1000\n")


def test_cap_one_long_line_after_a_short_one_keeps_much_of_it():
    shown = cap("title\n" + "x" * 1000, 100)
    assert shown.startswith("title\nxxx")
    assert shown.count("x") > 80


@given(st.text(), st.integers(20, 200))
def test_cap_bytes_are_never_more_than_the_bound_and_the_note(text: str, most: int):
    shown = cap(text, most)
    assert len(shown.encode("utf-8", "replace")) <= most + 120


def test_capped_long_text_keeps_the_whole_beside_it():
    result = capped("word " * 100, source="a page", most_bytes=50)
    assert result.whole == "word " * 100
    assert result.is_untrusted
    assert not capped("word").whole
    assert not capped("word").is_untrusted


@pytest.mark.parametrize("control", CONTROLS)
def test_without_controls_known_tokens_are_gone(control: str):
    assert control not in without_controls(f"before {control} after")
    hidden = control[:2] + "\u200b" + control[2:]  # would be one again without its invisible letter
    assert control not in without_controls(hidden)


@pytest.mark.parametrize(
    "text", ["if a < b and c > d", "a |> f", "<user id='1'>", "x[0]", "List<T>", "p <|> q", "ü\t\n"]
)
def test_without_controls_ordinary_text_stays(text: str):
    assert without_controls(text) == text


@given(pieces)
def test_without_controls_nothing_grows_together_where_something_was_removed(text: str):
    clean = without_controls(text)
    assert without_controls(clean) == clean
    assert not any(control in clean for control in CONTROLS)


@given(pieces, pieces)
def test_delimited_only_our_own_marks_have_the_nonce(text: str, source: str):
    marked = delimited(text, source, NONCE)
    first, *_, last = marked.split("\n")
    assert marked.lower().count(NONCE) == 2
    assert NONCE in first
    assert last == f"<<end of data {NONCE}>>"


def test_new_nonce_is_another_each_time():
    assert len({new_nonce() for _ in range(100)}) == 100
