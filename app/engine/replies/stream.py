"""Text that arrives in pieces, read by generators that pause where they need more of it.

Nothing here depends on where the pieces were cut: what may be the beginning of a marker is left
unread until it is certain, and every decision is made on the text alone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

T = TypeVar("T")
Reading = Generator[None, None, T]
Sink = Callable[[str], None]

SPACE = " \t\r\n"
_INK = re.compile(r"[^ \t\r\n]")


class EndOfReplyError(Exception):
    """There is no more text. Ends a reading, is not a failure."""


class NotACallError(Exception):
    """What looked like the beginning of a call is ordinary text."""


class Markers:
    """A set of texts to look for; the leftmost wins, and of those the longest."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = frozenset(text for text in texts if text)
        self._by_first: dict[str, tuple[str, ...]] = {}
        for text in sorted(self.texts, key=lambda each: (-len(each), each)):
            self._by_first[text[0]] = (*self._by_first.get(text[0], ()), text)
        self._beginnings = frozenset(text[:end] for text in self.texts for end in range(len(text)))
        self._longest = max(map(len, self.texts), default=0)
        firsts = "".join(map(re.escape, sorted(self._by_first)))
        self._first = re.compile(f"[{firsts}]" if firsts else r"(?!)")

    def find(self, text: str, start: int, whole: bool, stop: int = sys.maxsize) -> tuple[int, str]:
        """How far `text` is certainly free of markers, and the marker there; "" for none yet.

        Args:
            whole: no more text will follow, so that half a marker is none.
            stop: where no marker begins any more.
        """
        for match in self._first.finditer(text, start, stop):
            at = match.start()
            marker = self.at(text, at, whole)
            if marker is None:
                return at, ""
            if marker:
                return at, marker
        return min(len(text), stop), ""

    def are_far(self, text: str) -> bool:
        """Whether not even the first character of a marker is in `text`."""
        return self._first.search(text) is None

    def at(self, text: str, start: int, whole: bool) -> str | None:
        """The marker that begins at `start`; "" for none, None while that is not certain."""
        rest = len(text) - start
        if not whole and rest < self._longest and text[start:] in self._beginnings:
            return None
        for marker in self._by_first.get(text[start : start + 1], ()):
            if text.startswith(marker, start):
                return marker
        return ""


class Source:
    """The unread text of a reply.

    Attributes:
        text: what is there; read up to `at`.
        ended: no more will come.
    """

    MOST_KEPT = 4000  # characters that a guess may hold back before it is given up

    def __init__(self) -> None:
        self.text = ""
        self.at = 0
        self.ended = False
        self._kept: int | None = None
        self._awaited: tuple[Markers, Sink] | None = None  # by `until`, which has read everything

    def passed_on(self, text: str) -> bool:
        """Give `text` to who waits for a marker, if that is all there is to do; most text is so.

        This takes a third of the time that `add` and going on with the reading would.
        """
        if self._awaited is None or self._kept is not None or self.at < len(self.text):
            return False
        markers, sink = self._awaited
        if not markers.are_far(text):
            return False
        sink(text)
        return True

    def add(self, text: str) -> None:
        """Append what came."""
        start = self.at if self._kept is None else self._kept
        self.text = self.text[start:] + text
        self.at -= start
        if self._kept is not None:
            self._kept = 0

    def keep(self) -> None:
        """Remember this place, to come `back` to."""
        self._kept = self.at

    def release(self) -> None:
        """What was read since `keep` is certain.

        Raises:
            NotACallError: it took too long to become so.
        """
        self._check_kept()
        self._kept = None

    def back(self) -> None:
        """Go back to where `keep` was called, if nothing was released."""
        if self._kept is not None:
            self.at = self._kept
            self._kept = None

    def forget(self) -> None:
        """There is no way back any more."""
        self._kept = None

    def kept_text(self) -> str:
        """What was read since `keep`."""
        return self.text[self.at if self._kept is None else self._kept : self.at]

    @property
    def is_kept(self) -> bool:
        """Whether `back` would go back."""
        return self._kept is not None

    def more(self) -> Reading[None]:
        """Wait for more text.

        Raises:
            EndOfReplyError: none will come.
            NotACallError: too much was held back.
        """
        self._check_kept()
        if self.ended:
            raise EndOfReplyError
        yield

    def peek(self) -> Reading[str]:
        """The next character, left unread."""
        while self.at >= len(self.text):
            yield from self.more()
        return self.text[self.at]

    def ink(self, sink: Sink | None = None) -> Reading[str]:
        """The next character that is not white space, left unread; `sink` gets the space."""
        while True:
            match = _INK.search(self.text, self.at)
            end = match.start() if match else len(self.text)
            if end > self.at:
                self.take(end, sink)
            if match:
                return match[0]
            yield from self.more()

    def take(self, end: int, sink: Sink | None) -> None:
        """Read up to `end`."""
        if sink is not None:
            sink(self.text[self.at : end])
        self.at = end

    def until(self, markers: Markers, sink: Sink | None = None) -> Reading[str]:
        """Read up to the next marker, which is returned and left unread."""
        while True:
            end, marker = markers.find(self.text, self.at, self.ended)
            if end > self.at:
                self.take(end, sink)
            if marker:
                return marker
            if sink is None or self.ended or self._kept is not None:
                yield from self.more()
                continue
            self._awaited = markers, sink
            yield
            self._awaited = None

    def past(self, markers: Markers, sink: Sink | None = None) -> Reading[str]:
        """Read up to the next marker and over it; `sink` gets what is before."""
        marker = yield from self.until(markers, sink)
        self.at += len(marker)
        return marker

    def accept(self, markers: Markers) -> Reading[str]:
        """Read over the marker that is next; "" if none is."""
        while True:
            if self.at < len(self.text) or self.ended:
                marker = markers.at(self.text, self.at, self.ended)
                if marker is not None:
                    self.at += len(marker)
                    return marker
            yield from self.more()

    def bounded(self, markers: Markers, most: int) -> Reading[tuple[str, str]]:
        """Read up to the next marker: what is before it, and the marker, which is left unread.

        Raises:
            NotACallError: there are more than `most` characters before it.
        """
        parts: list[str] = []
        room = most
        while True:
            end, marker = markers.find(self.text, self.at, self.ended, self.at + room + 1)
            room -= end - self.at
            if room < 0:
                raise NotACallError
            self.take(end, parts.append)
            if marker:
                return "".join(parts), marker
            yield from self.more()

    def _check_kept(self) -> None:
        if self._kept is not None and self.at - self._kept > self.MOST_KEPT:
            raise NotACallError
