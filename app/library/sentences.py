"""Where sentences begin and end, in prose, wrapped lines, lists and tables of many languages."""
# ruff: noqa: RUF001 - the punctuation of many languages is the subject here

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_CLOSERS: Final = r"\"'”’»›)\]}」』）】》〉*_"
# A run of stops with what closes it. Western stops need a space after them, the others do not.
_STOP: Final = re.compile(
    rf"(?P<western>[.!?…]+)[{_CLOSERS}]*(?:\[\d{{1,3}}\])*|[。！？｡।॥؟۔։።፧၊။៕]+[{_CLOSERS}]*"
)
_WORD_BEFORE: Final = re.compile(r"[^\s(\[“‘\"'„«/-]*$")
_WORD_AFTER: Final = re.compile(r"\s+[\"'“‘„«»(\[*_¿¡]*([^\W_]*)")
_ORDINAL: Final = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3})*|[a-zA-Z]|[ivxIVX]{1,5})")
_INITIALS: Final = re.compile(r"[^\W\d_](?:\.[^\W\d_])*")
_DAY: Final = re.compile(r"\d{1,2}")

_NEVER_LAST: Final = """
    mr mrs ms dr prof hon rev gov capt lt sgt jr messrs mme mlle vs cf e.g eg i.e ie viz approx ca
    n.b al op p.ex d.h z.b u.a s.o s.u vgl ggf evtl bspw hrsg dipl ing bzw str tel inkl exkl sr sra
    srta dña núm pág págs p.ej sig sigg dott avv geom т.е т.д т.п см ул
"""
# Words or endings of sentences too; they are abbreviations when a number follows.
_BEFORE_NUMBER: Final = """
    no nos nr art arts sec secs para paras cl fig figs tab eq eqs ch chap vol vols p pp s ss st col
    ed ff abs bd ziff rn rz lit jan feb mar apr jun jul aug sept sep oct nov dec n num av гл ст п
    рис табл стр
"""
_MAY_BE_LAST: Final = "inc ltd co corp llc plc bros gmbh ph.d"
_MONTH_NAMES: Final = """
    januar jänner februar märz april mai juni juli august september oktober november dezember
"""
# Words that begin sentences far more often than they follow an initial or "Inc.".
_STARTER_WORDS: Final = """
    the this these those that it its he she they we you in on at by for from with as if when while
    after before since a an and but or so however moreover thus there here such all any each our
    der die das ein eine es er sie wir im am bei für mit wenn als nach le la les un une il elle ils
    nous en el los las una
"""
_ABBREVIATIONS: Final = frozenset(_NEVER_LAST.split())
_NUMBERED: Final = frozenset(_BEFORE_NUMBER.split())
_ENDINGS: Final = frozenset(_MAY_BE_LAST.split())
_MONTHS: Final = frozenset(_MONTH_NAMES.split())
_STARTERS: Final = frozenset(_STARTER_WORDS.split())

_BULLET: Final = re.compile(r"[ \t]*(?:[-–—•·▪◦‣*+>|#]+[ \t]|[|>])")
_ENUMERATED: Final = re.compile(
    r"[ \t]*(?:\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)][ \t]|\d{1,3}(?:\.\d{1,3})+\.?[ \t])"
)
_CODE: Final = re.compile(r"[={}<>\\]|\w\(|[;:]$|^\s*(?://|@|#)")
_UNFINISHED: Final = re.compile(r"[^.!?…:;。！？\"'”’»)\]]$")
# Text is wrapped to some width; lines much narrower or wider than any page are lines for a reason.
_NARROWEST_WRAP: Final = 30
_LONGEST_WRAP: Final = 160
_FULL_LINE: Final = 0.7
_CONTEXT: Final = 40
_LINE_EDGE: Final = 200

_Span = tuple[int, int]


def split_sentences(text: str) -> list[_Span]:
    """Start and end of each sentence, without the space around it; nothing else is left out.

    Headings, list items and table rows count as sentences. Takes time in proportion to the text.
    """
    return [span for block in _blocks(text) for span in _split_block(text, *block)]


def _blocks(text: str) -> Iterator[_Span]:
    """Runs of lines that belong together: wrapped prose as one, everything else line by line."""
    for lines in _paragraphs(text):
        widths = sorted(end - start for start, end in lines)
        width = widths[len(widths) * 4 // 5]
        start, last, was_alone = lines[0][0], lines[0], _stands_alone(text, lines[0])
        for line in lines[1:]:
            is_alone = _stands_alone(text, line)
            if was_alone or is_alone or _is_break(text, last, line, width):
                yield start, last[1]
                start = line[0]
            last, was_alone = line, is_alone
        yield start, last[1]


def _paragraphs(text: str) -> Iterator[list[_Span]]:
    lines: list[_Span] = []
    start = 0
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if start < end and not text[start:end].isspace():
            lines.append((start, end))
        elif lines:
            yield lines
            lines = []
        start = end + 1
    if lines:
        yield lines


def _is_break(text: str, above: _Span, below: _Span, width: int) -> bool:
    """Whether a line end within a paragraph ends a unit, rather than being a mere wrap."""
    first = text[above[0] : min(above[1], above[0] + _LINE_EDGE)]
    second = text[below[0] : min(below[1], below[0] + _LINE_EDGE)]
    if not _NARROWEST_WRAP <= width <= _LONGEST_WRAP or _BULLET.match(second):
        return True
    is_full = above[1] - above[0] >= _FULL_LINE * width
    if _ENUMERATED.match(second):
        # "… under section" / "12. The" is a list, "… was founded on" / "12. März" is not.
        return not (is_full and _UNFINISHED.search(text[above[0] : above[1]][-1:]))
    if _indent(second) > _indent(first) and not _begins_item(first):
        return True
    return not is_full and not second.lstrip()[:1].islower()


def _stands_alone(text: str, line: _Span) -> bool:
    """Whether a line is a table row or source code, which is never wrapped."""
    edge = text[line[0] : min(line[1], line[0] + _LINE_EDGE)]
    if "\t" in edge or " | " in edge or _CODE.search(edge):
        return True
    columns = edge.split()[-2:]
    return len(columns) == 2 and all(any(map(str.isdigit, column)) for column in columns)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _begins_item(line: str) -> bool:
    return bool(_BULLET.match(line) or _ENUMERATED.match(line))


def _split_block(text: str, start: int, end: int) -> Iterator[_Span]:
    start = _skip_space(text, start, end)
    for stop in _STOP.finditer(text, start, end):
        if stop.end() < end and _ends_sentence(text, start, stop):
            yield start, stop.end()
            start = _skip_space(text, stop.end(), end)
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        yield start, end


def _skip_space(text: str, start: int, end: int) -> int:
    while start < end and text[start].isspace():
        start += 1
    return start


def _ends_sentence(text: str, start: int, stop: re.Match[str]) -> bool:
    if stop["western"] is None:
        return True
    after = _WORD_AFTER.match(text[stop.end() : stop.end() + _CONTEXT])
    if after is None:  # no space follows: 3.14, example.org
        return False
    found = _WORD_BEFORE.search(text[max(start, stop.start() - _CONTEXT) : stop.start()])
    before = found[0] if found else ""
    if after[1][:1].islower() or not before:
        return False
    if stop["western"] != ".":
        return True
    is_first = stop.start() - len(before) <= start + 1
    return not (is_first and _ORDINAL.fullmatch(before)) and not _abbreviates(before, after[1])


def _abbreviates(word: str, following: str) -> bool:
    """Whether the full stop after `word` is part of it, given what follows."""
    word, next_word = word.lower(), following.lower()
    if word in _ABBREVIATIONS:
        return True
    if word in _NUMBERED and following[:1].isdigit():
        return True
    if _DAY.fullmatch(word):
        return next_word in _MONTHS
    if word in _ENDINGS or _INITIALS.fullmatch(word):
        return bool(following) and next_word not in _STARTERS
    return False
