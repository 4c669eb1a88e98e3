"""Collects headings, paragraphs, list items and table rows into parts of readable text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from app.library.cleaning import clean_line, clean_text
from app.library.readers.contract import Part

CELL_GAP: Final = " | "
# A part is what the window shows at once and what a citation opens.
LONGEST_PART: Final = 60_000
# Deeper headings stay inside their section; a part for each would leave no context to search.
_DEEPEST_SECTION: Final = 3
_BORDERS: Final = ("\n\n", "\n", " ")
_NO_TEXT: Final = re.compile(r"[\W_]*")


class Sections:
    """Text in reading order. A heading of the first three levels begins a new part."""

    def __init__(self, section: str = "") -> None:
        self._section = section
        self._blocks: list[str] = []
        self._has_body = False
        self._tight = False
        self._parts: list[Part] = []

    def heading(self, text: str, level: int) -> None:
        """Begin a section; its heading is also its first line."""
        text = " ".join(clean_text(text).split())
        if not text:
            return
        if level <= _DEEPEST_SECTION:
            if self._has_body:
                self._close()
            self._section = clean_line(text)
        self._add(text)

    def paragraph(self, text: str) -> None:
        """Add a paragraph."""
        self._add_body(text, tight=False)

    def line(self, text: str) -> None:
        """Add a list item or table row; several in a row stay close together."""
        self._add_body(text, tight=True)

    def row(self, cells: Iterable[str]) -> None:
        """Add a table row."""
        self.line(join_cells(cells))

    def begin(self, section: str) -> None:
        """Begin a part that has a name but no heading in its text."""
        if self._has_body:
            self._close()
        self._section = clean_line(section)

    def parts(self) -> tuple[Part, ...]:
        """Everything so far, in parts of bounded size."""
        self._close()
        return tuple(split_long(self._parts))

    def _add_body(self, text: str, tight: bool) -> None:
        text = clean_text(text)
        if text.strip():
            self._add(text, tight=tight and self._tight)
            self._tight = tight
            self._has_body = True

    def _add(self, text: str, tight: bool = False) -> None:
        if self._blocks:
            self._blocks.append("\n" if tight else "\n\n")
        self._blocks.append(text)
        self._tight = False

    def _close(self) -> None:
        if self._blocks:
            self._parts.append(Part("".join(self._blocks), section=self._section))
        self._blocks, self._has_body, self._tight = [], False, False


def join_cells(cells: Iterable[str]) -> str:
    """One table row as a line; empty cells are left out."""
    return CELL_GAP.join(filled for cell in cells if (filled := " ".join(cell.split())))


def split_long(parts: Iterable[Part]) -> Iterator[Part]:
    """Split parts that are too long to show, at the end of a paragraph, line or word."""
    for part in parts:
        start = 0
        while len(part.text) - start > LONGEST_PART:
            end = _border(part.text, start, start + LONGEST_PART)
            yield Part(part.text[start:end].strip("\n"), part.page, part.section)
            start = end
        yield Part(part.text[start:].strip("\n"), part.page, part.section)


def has_text(parts: Iterable[Part]) -> bool:
    """Whether there is at least one letter or digit."""
    return any(not _NO_TEXT.fullmatch(part.text) for part in parts)


def _border(text: str, start: int, end: int) -> int:
    for border in _BORDERS:
        at = text.rfind(border, start + LONGEST_PART // 2, end)
        if at >= 0:
            return at + len(border)
    return end
