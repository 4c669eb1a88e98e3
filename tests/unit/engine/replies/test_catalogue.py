"""The dialect files that ship."""

from __future__ import annotations

import re

import pytest

from app.engine.replies.catalogue import dialect, dialects
from app.engine.replies.dialect import Dialect

CONTROL = re.compile(r"<\|[^<>|]+\|>|<[|\uff5c][^<>]+[|\uff5c]>|\[/?[A-Z_]+\]")
MARKS = ['[calls.parameter]\nopen = "<p>"\nhead = "(?P<key>.)"\nhead_end = ">"\nclose = "</p>"']


@pytest.mark.parametrize("spoken", dialects(), ids=lambda each: each.name)
def test_dialect_file_lists_every_control_token_of_its_marks(spoken: Dialect) -> None:
    used = {token for text in spoken.markers for token in CONTROL.findall(text)}
    assert used <= {*spoken.visible, *spoken.end_tokens, "[BEGIN FINAL RESPONSE]"}


@pytest.mark.parametrize("spoken", dialects(), ids=lambda each: each.name)
def test_dialect_file_keeps_marks_distinct(spoken: Dialect) -> None:
    opens = {text for form in spoken.calls for text in form.open}
    thoughts = {pair.open for pair in spoken.reasoning}
    assert not opens & thoughts
    assert not (opens | thoughts) & {*spoken.strip, *spoken.ends}


def test_unknown_dialect_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        dialect("klingon")


@pytest.mark.parametrize(
    "text",
    [
        "visible = [",
        "colour = 1",
        "[detect]\nsome = 1",
        '[[calls]]\nsyntax = "morse"',
        '[[calls]]\nopen = ["<f>"]',
        '[[calls]]\nsyntax = "named"',
        '[[calls]]\nsyntax = "tagged"\nhead = "(?P<name>.)"',
        f'[[calls]]\nsyntax = "json"\n{MARKS[0]}',
        '[[calls]]\nsyntax = "named"\nhead = "("',
        '[[reasoning]]\nopen = "<think>"',
        '[messages]\nstart = ["<s>"]\nhead_end = ["<m>"]\nroutes = [{head = "x", to = "moon"}]',
    ],
)
def test_malformed_dialect_file_fails_at_once(text: str) -> None:
    with pytest.raises((ValueError, TypeError, KeyError, re.error)):
        Dialect.from_toml("broken", text)


def test_tagged_dialect_file_is_read() -> None:
    text = f'[[calls]]\nsyntax = "tagged"\nhead = "(?P<name>.)"\n{MARKS[0]}'
    parameter = Dialect.from_toml("made", text).calls[0].parameter
    assert parameter is not None
    assert (parameter.open, parameter.close, parameter.newlines) == ("<p>", "</p>", False)
