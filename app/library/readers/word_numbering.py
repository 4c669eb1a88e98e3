"""The automatic numbers of Word: "7.2" and "(a)" stand nowhere in the text and are computed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lxml import etree

from app.library.readers.ooxml import attribute, child, local

BULLET: Final = "-"
_PLACEHOLDER: Final = re.compile(r"%([1-9])")
_ROMAN: Final = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
    (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list is numbered."""

    start: int = 1
    format: str = "decimal"
    pattern: str = ""
    style: str = ""


@dataclass(frozen=True, slots=True)
class _List:
    abstract: str
    restarts: dict[int, int]


class Numbering:
    """The lists of a document and how far each has counted."""

    def __init__(self, root: etree._Element | None = None) -> None:
        self._levels: dict[str, dict[int, Level]] = {}
        self._lists: dict[str, _List] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._begun: set[str] = set()
        for each in root if root is not None else ():
            if local(each) == "abstractNum":
                self._levels[attribute(each, "abstractNumId")] = _levels(each)
            elif local(each) == "num":
                self._lists[attribute(each, "numId")] = _list(each)

    def level_of_style(self, list_id: str, style: str) -> int:
        """The level that a list gives to paragraphs of a style; 0 if it names none."""
        levels = self._levels_of(list_id)
        return next((at for at, level in levels.items() if style and level.style == style), 0)

    def next(self, list_id: str, at: int) -> str:
        """Count one more paragraph and return its number; empty if it shows none."""
        levels = self._levels_of(list_id)
        if at not in levels:
            return ""
        if levels[at].format == "bullet":
            return BULLET
        counts = self._count(list_id, at, levels)
        return _PLACEHOLDER.sub(
            lambda found: _formatted(int(found[1]) - 1, counts, levels), levels[at].pattern
        ).strip()

    def _levels_of(self, list_id: str) -> dict[int, Level]:
        found = self._lists.get(list_id)
        return self._levels.get(found.abstract, {}) if found else {}

    def _count(self, list_id: str, at: int, levels: dict[int, Level]) -> dict[int, int]:
        found = self._lists[list_id]
        counts = self._counts.setdefault(found.abstract, {})
        if list_id not in self._begun:
            self._begun.add(list_id)
            for level, start in found.restarts.items():
                counts[level] = start - 1
        for upper in range(at):
            counts.setdefault(upper, levels[upper].start if upper in levels else 1)
        counts[at] = counts.get(at, levels[at].start - 1) + 1
        for deeper in [level for level in counts if level > at]:
            del counts[deeper]
        return counts


def _levels(abstract: etree._Element) -> dict[int, Level]:
    levels = {}
    for each in abstract:
        if local(each) == "lvl":
            levels[_number(attribute(each, "ilvl"), 0)] = Level(
                start=_number(attribute(child(each, "start"), "val"), 1),
                format=attribute(child(each, "numFmt"), "val") or "decimal",
                pattern=attribute(child(each, "lvlText"), "val"),
                style=attribute(child(each, "pStyle"), "val"),
            )
    return levels


def _list(num: etree._Element) -> _List:
    restarts = {
        _number(attribute(each, "ilvl"), 0): _number(
            attribute(child(each, "startOverride"), "val"), 1
        )
        for each in num
        if local(each) == "lvlOverride" and child(each, "startOverride") is not None
    }
    return _List(attribute(child(num, "abstractNumId"), "val"), restarts)


def _formatted(at: int, counts: dict[int, int], levels: dict[int, Level]) -> str:
    count = counts.get(at, 1)
    match levels[at].format if at in levels else "decimal":
        case "lowerLetter":
            return _letters(count)
        case "upperLetter":
            return _letters(count).upper()
        case "lowerRoman":
            return _roman(count)
        case "upperRoman":
            return _roman(count).upper()
        case "decimalZero":
            return f"{count:02}"
        case "none":
            return ""
        case _:
            return str(count)


def _letters(count: int) -> str:
    # Word goes on after z with aa, bb, cc.
    repeat, letter = divmod(max(1, min(count, 780)) - 1, 26)
    return chr(ord("a") + letter) * (repeat + 1)


def _roman(count: int) -> str:
    left, text = max(0, min(count, 9999)), ""
    for value, sign in _ROMAN:
        times, left = divmod(left, value)
        text += sign * times
    return text


def _number(text: str, default: int) -> int:
    try:
        return int(text[:9])
    except ValueError:
        return default
