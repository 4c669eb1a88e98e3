"""Grows a reply from the bytes of its tokens: whole characters, stop texts, and not too often."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable

BATCH_S = 0.016  # one delta a frame; more messages would cost the window time and show nothing


class ReplyText:
    """A reply on its way out. Text is given to `emit` once it is certain and some time passed."""

    def __init__(
        self,
        emit: Callable[[str], None],
        stops: tuple[str, ...] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # Bytes that are no text become U+FFFD; the start of a character waits for its end.
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._emit = emit
        self._stops = tuple(stop for stop in stops if stop)
        self._clock = clock
        self._held = ""  # may turn out to begin a stop text
        self._ready = ""  # certain, not yet emitted
        self._emitted: list[str] = []
        self._last_emit = float("-inf")

    def add(self, data: bytes) -> bool:
        """Take the bytes of a token; True when the reply has reached a stop text."""
        self._held += self._decoder.decode(data)
        found = [at for at in map(self._held.find, self._stops) if at >= 0]
        if found:
            self._ready += self._held[: min(found)]
            self._held = ""
            return True
        certain = len(self._held) - self._uncertain()
        self._ready += self._held[:certain]
        self._held = self._held[certain:]
        if self._ready and self._clock() - self._last_emit >= BATCH_S:
            self._flush()
        return False

    def finish(self) -> str:
        """Emit the rest and return the whole reply. Half a character at the end is dropped."""
        self._ready += self._held
        self._held = ""
        self._flush()
        return "".join(self._emitted)

    def _uncertain(self) -> int:
        """How much of the end of the held text could be the beginning of a stop text."""
        longest = max((len(stop) for stop in self._stops), default=1) - 1
        for size in range(min(longest, len(self._held)), 0, -1):
            end = self._held[-size:]
            if any(stop.startswith(end) for stop in self._stops):
                return size
        return 0

    def _flush(self) -> None:
        if self._ready:
            self._emit(self._ready)
            self._emitted.append(self._ready)
            self._ready = ""
            self._last_emit = self._clock()
