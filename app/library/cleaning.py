"""Makes extracted text pleasant to read and to search: no debris, no running heads, whole words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Final

from app.base.jobs import CancelToken

# Control characters, lone surrogates, and marks without width that would break up words.
# Joiners (U+200C, U+200D) stay: Persian and Indian scripts and emoji need them.
_DEBRIS: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\ufeff\ufff0-\ufffc\ufffe\uffff"
    "\ud800-\udfff]"
)
_LINE_ENDS: Final = re.compile("\r\n?|[\x0b\x85\u2028]")
_PARAGRAPH_ENDS: Final = re.compile("[\x0c\u2029]")
_GAPS: Final = re.compile("\n{3,}")
# Typesetters' glyphs that stand for plain letters; NFKC elsewhere would turn x² into x2.
_GLYPHS: Final = re.compile("[\ufb00-\ufb4f\ufb50-\ufdf9\ufe70-\ufefc]+")
_SPACED: Final = re.compile("[\u00a0\u2000-\u200a\u202f\u3000]")

# PDFium puts U+FFFE or U+0002 where a line ended in a hyphen. Each pattern begins with its rare
# character and looks at a bounded stretch around it, so that monstrous words cost no more.
_BROKEN_WORD: Final = re.compile("[\ufffe\x02]\\s*|[-\u2010]\n")
_HYPHEN: Final = re.compile("-")
_WORD_BEFORE: Final = re.compile(r"[^\W\d_]*$")
_WORD_AFTER: Final = re.compile(r"[^\W\d_]*")
_LONGEST_WORD: Final = 40

_EDGE_LINES: Final = 3
_LONGEST_HEAD: Final = 200
_PAGES_FOR_PATTERN: Final = 3
_PAGE_OFFSET: Final = 30
_NUMBER: Final = re.compile(r"\d+")
_PAGE_WORDS: Final = re.compile(
    r"(?:page|p|pp|of|seite|s|von|page|sur|de|página|pág|pagina|di|стр|из)?", re.I
)
_WORD: Final = re.compile(r"[^\W\d_]+")
_Edge = tuple[int, str]  # number of a line, and what it is compared by


def clean_text(text: str) -> str:
    """Make line ends uniform and drop characters that nobody sees; line structure stays."""
    text = _LINE_ENDS.sub("\n", text)
    text = _PARAGRAPH_ENDS.sub("\n\n", text)
    lines = _DEBRIS.sub("", text).split("\n")
    return "\n".join([line.rstrip(" \t\u00a0") for line in lines]).strip("\n")


def clean_line(text: str) -> str:
    """One line for a title or heading: clean, single spaces, and not endless."""
    line = " ".join(_SPACED.sub(" ", clean_text(text[:5000])).split())
    return line if len(line) <= 200 else line[:199].rstrip() + "…"


def clean_pages(pages: Sequence[str], cancel: CancelToken | None = None) -> list[str]:
    """Clean the text of all pages of one PDF, as the PDF library gives it.

    Words broken at line ends are joined, running heads and page numbers go (the first of each
    running head stays), ligatures become letters.
    """
    cancel = cancel or CancelToken()
    joined = _join_words([_LINE_ENDS.sub("\n", page) for page in pages], cancel)
    return [_finish_page(page) for page in _watched(_drop_running_heads(joined), cancel)]


def _watched(pages: list[str], cancel: CancelToken) -> Iterator[str]:
    for page in pages:
        cancel.check()
        yield page


def _finish_page(page: str) -> str:
    page = _GLYPHS.sub(lambda found: unicodedata.normalize("NFKC", found[0]), clean_text(page))
    return _GAPS.sub("\n\n", unicodedata.normalize("NFC", _SPACED.sub(" ", page))).strip()


def _join_words(pages: list[str], cancel: CancelToken) -> list[str]:
    # "well-\nknown" keeps its hyphen if the document also writes well-known within a line.
    known = {
        "-".join(_words_around(found)).lower()
        for page in _watched(pages, cancel)
        for found in _HYPHEN.finditer(page)
    }

    def join(found: re.Match[str]) -> str:
        before, after = _words_around(found)
        if found[0][0] in "-\u2010" and not (before and after):
            return found[0]
        keep = not after[:1].islower() or f"{before}-{after}".lower() in known
        return "-" if keep else ""

    return [_BROKEN_WORD.sub(join, page) for page in _watched(pages, cancel)]


def _words_around(found: re.Match[str]) -> tuple[str, str]:
    text, start, end = found.string, found.start(), found.end()
    before = _WORD_BEFORE.search(text[max(0, start - _LONGEST_WORD) : start])
    after = _WORD_AFTER.match(text[end : end + _LONGEST_WORD])
    return before[0] if before else "", after[0] if after else ""


def _drop_running_heads(pages: list[str]) -> list[str]:
    if len(pages) < _PAGES_FOR_PATTERN:
        return pages
    split = [page.split("\n") for page in pages]
    edges = [_edges(lines, number, len(pages)) for number, lines in enumerate(split, 1)]
    repeated = _repeated([{key for edge in pair for _, key in edge} for pair in edges])
    seen: set[str] = set()
    kept = []
    for lines, pair in zip(split, edges, strict=True):
        # From the paper's edge inwards: what lies behind the first other line is body.
        heads = [each for edge in pair for each in takewhile(lambda e: e[1] in repeated, edge)]
        drop = {at for at, key in heads if key in seen or _is_page_number(key)}
        seen.update(key for _, key in heads)
        kept.append("\n".join(line for at, line in enumerate(lines) if at not in drop))
    return kept


def _edges(lines: list[str], number: int, pages: int) -> tuple[list[_Edge], list[_Edge]]:
    """The first and the last few lines, outermost first, with what they are compared by."""
    filled = [at for at, line in enumerate(lines) if line.strip()]
    # A page of few lines, as in a form or a slide, has no lines to spare.
    depth = min(_EDGE_LINES, len(filled) // 4)
    keyed = [(at, _key(lines[at], number, pages)) for at in (*filled[:depth], *filled[-depth:])]
    return (keyed[:depth], keyed[: -depth - 1 : -1]) if depth else ([], [])


def _is_page_number(line: str) -> bool:
    return all(_PAGE_WORDS.fullmatch(word) for word in _WORD.findall(line))


def _key(line: str, number: int, pages: int) -> str:
    line = " ".join(line[:_LONGEST_HEAD].split())
    only_page_words = _is_page_number(line)

    def mask(found: re.Match[str]) -> str:
        value = int(found[0][:9])
        is_page = only_page_words or abs(value - number) <= _PAGE_OFFSET or value == pages
        return "#" if is_page else found[0]

    return _NUMBER.sub(mask, line).lower()


def _repeated(keys: list[set[str]]) -> set[str]:
    """What stands at the edge of half of all pages, or of a few pages one after the other."""
    repeated: set[str] = set()
    # Books change the running head from left to right pages, so each side counts by itself too.
    for pages in (keys, keys[0::2], keys[1::2]):
        counts = Counter(key for page in pages for key in page)
        enough = max(_PAGES_FOR_PATTERN, len(pages) / 2)
        repeated |= {key for key, count in counts.items() if count >= enough}
        run: dict[str, int] = {}
        for page in pages:
            run = {key: run.get(key, 0) + 1 for key in page}
            repeated |= {key for key, length in run.items() if length >= _PAGES_FOR_PATTERN}
    return repeated
