"""Grows a reply from the bytes of its tokens: whole characters, stop texts, and not too often."""

from __future__ import annotations

import codecs
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from enum import Enum

# The window repaints a growing answer at this pace; more messages would cost it time and show
# nothing.
BATCH_S = 0.04


class Heard(Enum):
    """What the bytes of a token led to."""

    MORE = "more"
    STOP = "stop"
    BANNED = "banned"


class ReplyText:
    """A reply on its way out. Text is given to `emit` once it is certain and some time passed.

    Attributes:
        back: after BANNED, how many of the last tokens are taken back; the text is already.
    """

    def __init__(
        self,
        emit: Callable[[str], None],
        stops: tuple[str, ...] = (),
        banned: tuple[str, ...] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start an empty reply.

        Args:
            emit: gets text that will not change any more.
            stops: texts at which the reply ends, before them.
            banned: texts that may not come out; who adds the tokens must find others.
            clock: seconds.
        """
        # Bytes that are no text become U+FFFD; the start of a character waits for its end.
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._emit = emit
        self._stops = tuple(stop for stop in stops if stop)
        self._tokens = _TokenStarts() if any(banned) else None
        self._banned = tuple(text for text in banned if text)
        self._watched = (*self._stops, *self._banned)
        self._longest = max((len(text) for text in self._watched), default=1) - 1
        self._clock = clock
        self._held = ""  # may turn out to begin a stop text
        self._certain = 0  # characters before the held ones
        self._ready = ""  # certain, not yet emitted
        self._emitted: list[str] = []
        self._last_emit = float("-inf")
        self.back = 0

    def add(self, data: bytes) -> Heard:
        """Take the bytes of a token."""
        if self._tokens is not None:
            self._tokens.add(self._certain + len(self._held), self._decoder.getstate())
        self._held += self._decoder.decode(data)
        if self._watched and self._held:
            heard = self._check()
            if heard is not Heard.MORE:
                return heard
        self._release(len(self._held) - self._uncertain(len(self._held)))
        if self._ready and self._clock() - self._last_emit >= BATCH_S:
            self._flush()
        return Heard.MORE

    def finish(self) -> str:
        """Emit the rest and return the whole reply. Half a character at the end is dropped."""
        self._ready += self._held
        self._held = ""
        self._flush()
        return "".join(self._emitted)

    def _check(self) -> Heard:
        stop = _first(self._held, self._stops)
        ban = _first(self._held, self._banned)
        if ban is not None and (stop is None or ban < stop):
            assert self._tokens is not None  # there is one when anything is banned
            self.back, start, state = self._tokens.back_to(self._certain + ban)
            self._held = self._held[: start - self._certain]
            self._decoder.setstate(state)
            return Heard.BANNED
        if stop is None:
            return Heard.MORE
        self._ready += self._held[:stop]
        self._held = ""
        return Heard.STOP

    def _release(self, size: int) -> None:
        if self._tokens is not None and size < len(self._held):
            size = self._out_of_reach(self._tokens, size)
        if size > 0:
            self._ready += self._held[:size]
            self._held = self._held[size:]
            self._certain += size
            if self._tokens is not None:
                self._tokens.forget_before(self._certain)

    def _out_of_reach(self, tokens: _TokenStarts, size: int) -> int:
        """How much of the held text stays whatever is taken back, of so much that begins nothing.

        Going back is by whole tokens, so one that may have to go back is held whole. The text
        before it would be the end again, and may begin a watched text as well: "aa" before "€",
        where "a€" is banned.
        """
        while size > 0:
            start = max(0, tokens.start_of(self._certain + size) - self._certain)
            again = self._uncertain(start)
            size = start - again
            if not again:
                break
        return size

    def _uncertain(self, length: int) -> int:
        """How much of the end of the first held characters could begin a watched text."""
        for size in range(min(self._longest, length), 0, -1):
            end = self._held[length - size : length]
            if any(text.startswith(end) for text in self._watched):
                return size
        return 0

    def _flush(self) -> None:
        if self._ready:
            self._emit(self._ready)
            self._emitted.append(self._ready)
            self._ready = ""
            self._last_emit = self._clock()


class _TokenStarts:
    """Where the last tokens begin in the text, and what the decoder had in hand before each."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._states: list[tuple[bytes, int]] = []

    def add(self, start: int, state: tuple[bytes, int]) -> None:
        self._starts.append(start)
        self._states.append(state)

    def start_of(self, character: int) -> int:
        """Where the token that brought a character begins."""
        return self._starts[max(0, bisect_right(self._starts, character) - 1)]

    def back_to(self, character: int) -> tuple[int, int, tuple[bytes, int]]:
        """Drop the token that brought a character and all after it; how many, and what was then."""
        # Of several tokens that make up one character, the first.
        index = bisect_left(self._starts, self.start_of(character))
        count = len(self._starts) - index
        start, state = self._starts[index], self._states[index]
        del self._starts[index:], self._states[index:]
        return count, start, state

    def forget_before(self, character: int) -> None:
        """No token that begins before this one will be taken back."""
        index = bisect_left(self._starts, character)
        del self._starts[:index], self._states[:index]


def _first(text: str, wanted: tuple[str, ...]) -> int | None:
    found = [at for at in map(text.find, wanted) if at >= 0]
    return min(found) if found else None
