"""Server-sent events from bytes, however they were cut. Follows the WHATWG algorithm, with caps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.engine.remote.errors import ServerFailed

LINE_LIMIT = 4 << 20  # a whole reply with log-probabilities in one event stays far below
EVENT_LIMIT = 8 << 20
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event; `name` is "message" where the server gives none."""

    name: str
    data: str


class SseReader:
    """Feed it pieces of a response; it gives back the events that are complete."""

    def __init__(self, line_limit: int = LINE_LIMIT, event_limit: int = EVENT_LIMIT) -> None:
        self._line_limit = line_limit
        self._event_limit = event_limit
        self._partial = bytearray()  # a line whose end has not come
        self._data: list[bytes] = []
        self._size = 0
        self._name = ""
        self._after_cr = False
        self._at_start = True

    def feed(self, piece: bytes) -> Iterator[SseEvent]:
        """Take bytes.

        Raises:
            ServerFailed: a line or an event is larger than any reply.
        """
        if self._after_cr and piece:
            piece = piece.removeprefix(b"\n")  # the second half of a line end
            self._after_cr = False
        for line in piece.splitlines(keepends=True):
            if not line.endswith((b"\n", b"\r")):
                self._hold(line)
                return
            self._after_cr = line.endswith(b"\r")
            self._hold(line.rstrip(b"\r\n"))
            event = self._line(bytes(self._partial))
            self._partial.clear()
            if event is not None:
                yield event

    def finish(self) -> SseEvent | None:
        """The event that the end of the response completes: some servers omit its empty line."""
        if self._partial:
            self._line(bytes(self._partial))
            self._partial.clear()
        return self._dispatch()

    def _hold(self, line: bytes) -> None:
        if len(self._partial) + len(line) > self._line_limit:
            raise _too_large(self._line_limit)
        self._partial += line

    def _line(self, line: bytes) -> SseEvent | None:
        if self._at_start:
            line = line.removeprefix(_BOM)
            self._at_start = False
        if not line:
            return self._dispatch()
        field, _colon, value = line.partition(b":")  # a line that begins with ":" is a comment
        value = value.removeprefix(b" ")
        if field == b"data":
            self._size += len(value)
            if self._size > self._event_limit:
                raise _too_large(self._event_limit)
            self._data.append(value)
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")
        return None

    def _dispatch(self) -> SseEvent | None:
        data, name = self._data, self._name
        self._data, self._name, self._size = [], "", 0
        if not data:
            return None
        return SseEvent(name or "message", b"\n".join(data).decode("utf-8", "replace"))


def _too_large(limit: int) -> ServerFailed:
    return ServerFailed(
        f"The server sent more than {limit >> 20} MB in one piece, which is no reply.",
        "Check that the address is that of a model server.",
    )
