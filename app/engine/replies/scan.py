"""Finds where a value that is still being written ends, without understanding it."""

from __future__ import annotations

import re

from app.engine.replies.literals import AFTER_STRING
from app.engine.replies.stream import Markers, Reading, Sink, Source

_OUTSIDE = re.compile(r"[^\"{}\[\]<`]+")
_INSIDE = re.compile(r'[^"\\]+')
_SCALAR_ENDS = Markers([",", "}", "]", " ", "\n", "\r", "\t", "<", "`", ";"])
_GEMMA_QUOTE = Markers(['<|"|>'])
_GEMMA_POINTS = Markers(['<|"|>', "{", "}", "[", "]", '"'])
_PYTHON_POINTS = Markers(["'", '"', "(", ")", "[", "]", "{", "}"])
_ESCAPABLE = {quote: Markers([quote, "\\"]) for quote in "\"'"}


class MalformedError(Exception):
    """A value breaks off where it cannot end."""


def json_value(source: Source, sink: Sink | None = None) -> Reading[str]:
    """A JSON value as it is written; `sink` gets it while it comes.

    Raises:
        MalformedError: there is something in it that JSON does not have.
    """
    scan = _Scan(source, sink)
    char = yield from source.peek()
    if char in "{[":
        yield from scan.balanced_json()
    elif char == '"':
        yield from scan.json_string()
    else:
        yield from source.until(_SCALAR_ENDS, scan.put)
    return "".join(scan.parts)


def gemma_value(source: Source, sink: Sink | None = None) -> Reading[str]:
    """An object in Gemma's notation as it is written."""
    scan = _Scan(source, sink)
    yield from scan.balanced_gemma()
    return "".join(scan.parts)


def python_arguments(source: Source, sink: Sink | None = None) -> Reading[str]:
    """The arguments of a Python call as they are written, from after "(" to before ")"."""
    scan = _Scan(source, sink)
    yield from scan.python_arguments()
    return "".join(scan.parts)


class _Scan:
    def __init__(self, source: Source, sink: Sink | None) -> None:
        self.parts: list[str] = []
        self._source = source
        self._sink = sink

    def put(self, piece: str) -> None:
        self.parts.append(piece)
        if self._sink is not None:
            self._sink(piece)

    def balanced_json(self) -> Reading[None]:
        source = self._source
        depth = 0
        while True:
            char = yield from source.peek()
            if char == '"':
                yield from self.json_string()
                continue
            if char in "<`":
                raise MalformedError
            if (plain := _OUTSIDE.match(source.text, source.at)) is not None:
                source.take(plain.end(), self.put)
                continue
            source.take(source.at + 1, self.put)
            depth += 1 if char in "{[" else -1
            if depth == 0:
                return

    def json_string(self) -> Reading[None]:
        source = self._source
        source.take(source.at + 1, self.put)
        while True:
            char = yield from source.peek()
            if char == "\\":
                yield from self._escaped()
            elif char == '"':
                source.take(source.at + 1, self.put)
                return
            elif (inside := _INSIDE.match(source.text, source.at)) is not None:
                source.take(inside.end(), self.put)

    def balanced_gemma(self) -> Reading[None]:
        source = self._source
        depth = 0
        while True:
            point = yield from source.until(_GEMMA_POINTS, self.put)
            if point == '"':
                yield from self.json_string()
                continue
            source.take(source.at + len(point), self.put)
            if len(point) > 1:
                quote = yield from source.until(_GEMMA_QUOTE, self.put)
                source.take(source.at + len(quote), self.put)
                continue
            depth += 1 if point in "{[" else -1
            if depth == 0:
                return

    def python_arguments(self) -> Reading[None]:
        source = self._source
        depth = 1
        while True:
            point = yield from source.until(_PYTHON_POINTS, self.put)
            if point in "\"'":
                yield from self._python_string(point)
                continue
            depth += 1 if point in "([{" else -1
            if depth == 0:
                return
            source.take(source.at + 1, self.put)

    def _python_string(self, quote: str) -> Reading[None]:
        source = self._source
        source.take(source.at + 1, self.put)
        while True:
            point = yield from source.until(_ESCAPABLE[quote], self.put)
            if point == "\\":
                yield from self._escaped()
                continue
            source.take(source.at + 1, self.put)
            follower = yield from source.ink(self.put)
            if follower in AFTER_STRING:
                return

    def _escaped(self) -> Reading[None]:
        source = self._source
        while len(source.text) - source.at < 2:
            yield from source.more()
        source.take(source.at + 2, self.put)
