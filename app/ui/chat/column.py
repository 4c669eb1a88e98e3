"""Where the messages of a conversation lie, most of them by estimate. Plain numbers, no widgets."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

_PIXELS_PER_CHARACTER = 7.4
_LINE_HEIGHT = 25
_ANSWER_EXTRA = 84


@dataclass(frozen=True, slots=True)
class Anchor:
    """A spot that stays where it is on screen while heights change: so far into that row."""

    row: int
    offset: int


class Column:
    """Rows below each other, each with a height."""

    def __init__(self, top: int, gap: int, bottom: int) -> None:
        self._top, self._gap, self._bottom = top, gap, bottom
        self._heights: list[int] = []
        self._tops: list[int] = []

    def __len__(self) -> int:
        return len(self._heights)

    @property
    def total(self) -> int:
        """The height of all, margins included."""
        if not self._heights:
            return self._top + self._bottom
        return self.top(len(self) - 1) + self._heights[-1] + self._bottom

    def set_heights(self, heights: Iterable[int]) -> None:
        """Take other rows."""
        self._heights = list(heights)
        self._tops = []

    def set_height(self, row: int, height: int) -> None:
        """Note the true height of a row."""
        if self._heights[row] != height:
            self._heights[row] = height
            del self._tops[row + 1 :]

    def top(self, row: int) -> int:
        """Where a row begins."""
        while len(self._tops) <= row:
            if self._tops:
                last = len(self._tops) - 1
                self._tops.append(self._tops[last] + self._heights[last] + self._gap)
            else:
                self._tops.append(self._top)
        return self._tops[row]

    def between(self, start: int, end: int) -> range:
        """The rows that reach into this stretch."""
        if not self._heights or end <= start:
            return range(0)
        self.top(len(self) - 1)
        first = max(0, bisect_right(self._tops, start) - 1)
        if self._tops[first] + self._heights[first] <= start:
            first += 1
        return range(first, max(first, bisect_right(self._tops, end - 1)))

    def anchor_at(self, position: int) -> Anchor:
        """The spot at a position."""
        if not self._heights:
            return Anchor(0, 0)
        self.top(len(self) - 1)
        row = max(0, bisect_right(self._tops, position) - 1)
        return Anchor(row, position - self._tops[row])

    def position_of(self, anchor: Anchor) -> int:
        """Where a spot is now."""
        if not self._heights:
            return 0
        row = min(anchor.row, len(self) - 1)
        return self.top(row) + min(anchor.offset, self._heights[row] + self._gap)


def estimated_height(text: str, width: int, *, is_answer: bool) -> int:
    """How high a message will be, more or less."""
    per_line = max(8, int(width / _PIXELS_PER_CHARACTER))
    lines = text.count("\n") + 1 + len(text) // per_line
    return lines * _LINE_HEIGHT + (_ANSWER_EXTRA if is_answer else 20)
