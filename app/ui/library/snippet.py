"""The part of a passage worth showing for a query, and where the query's words stand in it."""

from __future__ import annotations

import re
from dataclasses import dataclass

SNIPPET_LENGTH = 320
_LEAD = 60  # characters of context kept before the first shown match
_WORD_REACH = 40  # how far a cut moves to fall between words
_MOST_WORDS = 32  # of a query; people paste whole pages into search fields
_SHORTEST_STEM = 4
_COMMON_WORDS = """
    a an and are as at be but by can did do does for from had has have how in is it its not of on or
    that the their there these they this to was were what when where which who why will with you
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_MARKUP = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|```.*$|[-=|:][-=|: ]{3,}$)", re.MULTILINE)
_WORD = re.compile(r"\w+")
_SPACE = re.compile(r"\s+")
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")  # Thai, Lao, kana, Han

Span = tuple[int, int]  # start and end


@dataclass(frozen=True, slots=True)
class Snippet:
    """A stretch of text on one line, and the spans of it to emphasise."""

    text: str
    emphasis: tuple[Span, ...]


def find_query_words(text: str, query: str) -> tuple[Span, ...]:
    """Where the telling words of a query, or longer forms of them, stand in a text."""
    words = list(dict.fromkeys(word.lower() for word in _WORD.findall(query)))[:_MOST_WORDS]
    wanted = [word for word in words if word not in _COMMON] or words
    if not wanted:
        return ()
    pattern = re.compile("|".join(_word_pattern(word) for word in wanted), re.IGNORECASE)
    return tuple(match.span() for match in pattern.finditer(text))


def _word_pattern(word: str) -> str:
    exact = re.escape(word)
    if _UNSPACED.search(word):
        return exact
    return rf"\b{exact}\w*" if len(word) >= _SHORTEST_STEM else rf"\b{exact}\b"


def make_snippet(text: str, query: str, length: int = SNIPPET_LENGTH) -> Snippet:
    """The stretch of about `length` characters with the most different query words in it."""
    # Markdown's marks say nothing once the lines are run together.
    flat = _SPACE.sub(" ", _MARKUP.sub("", text)).strip()
    found = find_query_words(flat, query)
    start = _best_start(flat, found, length)
    end = min(len(flat), start + length)
    if end < len(flat):
        space = flat.rfind(" ", end - _WORD_REACH, end)
        end = space if space > start else end
    head, tail = "… " if start else "", " …" if end < len(flat) else ""
    shift = len(head) - start
    inside = tuple((one + shift, two + shift) for one, two in found if start <= one and two <= end)
    return Snippet(f"{head}{flat[start:end]}{tail}", inside)


def _best_start(text: str, found: tuple[Span, ...], length: int) -> int:
    if len(text) <= length or not found:
        return 0
    kinds = [text[start:end].lower() for start, end in found]

    def different(first: int) -> int:
        limit = found[first][0] - _LEAD + length
        return len({kinds[at] for at in range(first, len(found)) if found[at][1] <= limit})

    best = max(range(len(found)), key=lambda first: (different(first), -first))
    start = min(max(0, found[best][0] - _LEAD), len(text) - length)
    space = text.rfind(" ", max(0, start - _WORD_REACH), start)
    return space + 1 if space >= 0 else start
