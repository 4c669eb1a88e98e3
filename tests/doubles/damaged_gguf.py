"""Damaged copies of GGUF files, each broken in one known place; the same seed breaks the same way.

The file is walked first, so that damage lands in what a reader has to believe: counts, lengths,
types, names and offsets. Nothing here looks at the file through the code under test.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """What a stretch of a GGUF file means."""

    MAGIC = "magic"
    VERSION = "version"
    COUNT = "count"
    KEY_LENGTH = "key length"
    KEY = "key"
    KIND = "kind of an entry"
    NUMBER = "number"
    TEXT_LENGTH = "text length"
    TEXT = "text"
    ARRAY_KIND = "kind of a list"
    ARRAY_LENGTH = "list length"
    ARRAY = "list"
    NAME_LENGTH = "tensor name length"
    NAME = "tensor name"
    DIMENSIONS = "tensor dimensions"
    SIZE = "tensor size"
    TYPE = "tensor type"
    OFFSET = "tensor offset"
    WEIGHTS = "weights"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bytes `start` to `end` of a file; `of` names the entry or tensor they belong to."""

    part: Part
    start: int
    end: int
    of: str = ""


@dataclass(frozen=True, slots=True)
class Damage:
    """A broken file, and in words what was done to it."""

    what: str
    content: bytes


_STRING, _ARRAY = 8, 9
_WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_INTEGERS = {1: "<B", 2: "<H", 4: "<I", 8: "<Q"}
_ODD_SIZES = (3, 5, 24)  # of a file that ends within its first numbers


def stretches(content: bytes) -> list[Stretch]:
    """Every stretch of a file that is whole, in order."""
    return list(_Walk(content).all())


def damages(content: bytes, seed: int) -> Iterator[Damage]:
    """Broken copies without end: every part of the file in turn, each time in another way."""
    draw = random.Random(seed)
    by_part: dict[Part, list[Stretch]] = {}
    for each in stretches(content):
        by_part.setdefault(each.part, []).append(each)
    while True:
        for part, places in by_part.items():
            yield _broken(content, part, draw.choice(places), draw)


def cut_off(content: bytes) -> Iterator[Damage]:
    """The file ended at each border of a stretch, and a byte before it."""
    ends = {end for each in stretches(content) for end in (each.end, each.end - 1)}
    for end in sorted({0, *_ODD_SIZES, *ends} - {len(content)}):
        yield Damage(f"cut off after {end} of {len(content)} bytes", content[:end])


def _broken(content: bytes, part: Part, place: Stretch, draw: random.Random) -> Damage:
    size = place.end - place.start
    # What shifts the rest of the file is soon noticed by any reader, so there is less of that.
    (way,) = draw.choices((_flip, _extreme, _near, _noise, _repeat), (3, 3, 3, 2, 1))
    damaged = bytearray(content)
    damaged[place.start : place.end] = way(content[place.start : place.end], draw)
    where = f"{part.value} of “{place.of}”" if place.of else part.value
    name = way.__name__.lstrip("_")
    return Damage(f"{name} in {where} ({size} bytes at {place.start})", bytes(damaged))


def _flip(old: bytes, draw: random.Random) -> bytes:
    """A single bit, as a bad disk leaves it."""
    new = bytearray(old)
    if new:
        new[draw.randrange(len(new))] ^= 1 << draw.randrange(8)
    return bytes(new)


def _extreme(old: bytes, draw: random.Random) -> bytes:
    """A number at the edge of what it can be; longer stretches become all the same byte."""
    code = _INTEGERS.get(len(old))
    if code is None:
        return bytes([draw.choice((0, 0x7F, 0x80, 0xFF))]) * len(old)
    top = 1 << 8 * len(old)
    return struct.pack(code, draw.choice((0, 1, top // 2 - 1, top // 2, top - 1, 1 << 31)) % top)


def _near(old: bytes, draw: random.Random) -> bytes:
    """A number that is nearly right, which gets further into a reader than a wild one."""
    code = _INTEGERS.get(len(old))
    if code is None:
        return _flip(old, draw)
    (value,) = struct.unpack(code, old)
    other = draw.choice((value + 1, value - 1, value * 2, value // 2, value + 32, -value))
    return struct.pack(code, other % (1 << 8 * len(old)))


def _noise(old: bytes, draw: random.Random) -> bytes:
    """A few bytes anew, anywhere in the stretch."""
    new = bytearray(old)
    for _ in range(min(len(new), draw.choice((1, 2, 8, 64)))):
        new[draw.randrange(len(new))] = draw.randrange(256)
    return bytes(new)


def _repeat(old: bytes, draw: random.Random) -> bytes:
    """Bytes that are there twice, so that all that follows is a little further on."""
    if not old:
        return old
    start = draw.randrange(len(old))
    again = old[start : start + draw.choice((1, 4, 8))]
    return old[:start] + again + old[start:]


class _Walk:
    """Goes through a file that is known to be whole."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def all(self) -> Iterator[Stretch]:
        yield self._next(Part.MAGIC, 4)
        yield self._next(Part.VERSION, 4)
        tensors, entries = (self._number(8, back=False) for _ in range(2))
        yield Stretch(Part.COUNT, 8, 16)
        yield Stretch(Part.COUNT, 16, 24)
        for _ in range(entries):
            yield from self._entry()
        for _ in range(tensors):
            yield from self._tensor()
        yield Stretch(Part.WEIGHTS, self._at, len(self._content))

    def _entry(self) -> Iterator[Stretch]:
        name, found = self._text(Part.KEY_LENGTH, Part.KEY)
        yield from found
        kind = self._number(4)
        yield self._next(Part.KIND, 4, name)
        if kind == _STRING:
            yield from self._text(Part.TEXT_LENGTH, Part.TEXT, name)[1]
        elif kind == _ARRAY:
            yield from self._list(name)
        else:
            yield self._next(Part.NUMBER, _WIDTHS[kind], name)

    def _list(self, name: str) -> Iterator[Stretch]:
        kind = self._number(4)
        yield self._next(Part.ARRAY_KIND, 4, name)
        length = self._number(8)
        yield self._next(Part.ARRAY_LENGTH, 8, name)
        start = self._at
        if kind != _STRING:
            yield self._next(Part.ARRAY, length * _WIDTHS[kind], name)
            return
        for _ in range(length):
            self._at += 8 + self._number(8)
        yield Stretch(Part.ARRAY, start, self._at, name)

    def _tensor(self) -> Iterator[Stretch]:
        name, found = self._text(Part.NAME_LENGTH, Part.NAME)
        yield from found
        dimensions = self._number(4)
        yield self._next(Part.DIMENSIONS, 4, name)
        for _ in range(dimensions):
            yield self._next(Part.SIZE, 8, name)
        yield self._next(Part.TYPE, 4, name)
        yield self._next(Part.OFFSET, 8, name)

    def _text(self, length: Part, part: Part, of: str = "") -> tuple[str, list[Stretch]]:
        size = self._number(8)
        text = self._content[self._at + 8 : self._at + 8 + size].decode("utf-8", "replace")
        of = of or text
        return text, [self._next(length, 8, of), self._next(part, size, of)]

    def _number(self, width: int, *, back: bool = True) -> int:
        (value,) = struct.unpack_from(_INTEGERS[width], self._content, self._at)
        self._at += 0 if back else width
        return int(value)

    def _next(self, part: Part, size: int, of: str = "") -> Stretch:
        start, self._at = self._at, self._at + size
        return Stretch(part, start, self._at, of)
