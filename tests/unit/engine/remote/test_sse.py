from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.remote.errors import ServerFailed
from app.engine.remote.sse import SseEvent, SseReader


def read(*pieces: bytes, **limits: int) -> list[SseEvent]:
    reader = SseReader(**limits)
    events = [event for piece in pieces for event in reader.feed(piece)]
    last = reader.finish()
    return [*events, last] if last else events


def data(*pieces: bytes) -> list[str]:
    return [event.data for event in read(*pieces)]


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (b"data: a\n\ndata: b\n\n", ["a", "b"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
        (b"data: a\r\rdata: b\r\r", ["a", "b"]),
        (b"data: a\ndata: b\n\n", ["a\nb"]),
        (b"data:a\n\n", ["a"]),
        (b"data:  a\n\n", [" a"]),
        (b": ping\n\ndata: a\n\n", ["a"]),
        (b"id: 7\nretry: 10\nunknown: x\ndata: a\n\n", ["a"]),
        (b"\xef\xbb\xbfdata: a\n\n", ["a"]),
        (b"data\n\n", [""]),
        (b"\n\n\n", []),
        (b"data: a: b\n\n", ["a: b"]),
        (b"data: last\n", ["last"]),
        (b"data: last", ["last"]),
        (b"data: \xff\xfe\n\n", ["\ufffd\ufffd"]),
    ],
)
def test_reader_reads(wire: bytes, expected: list[str]) -> None:
    assert data(wire) == expected


def test_event_has_its_name() -> None:
    assert read(b"event: error\ndata: a\n\ndata: b\n\n") == [
        SseEvent("error", "a"),
        SseEvent("message", "b"),
    ]


WIRE = (
    "\ufeff: ping\r\ndata: Grüße — 日本語 😀\r\n\r\nevent: e\rdata: 1\rdata: 2\r\r"
    "data: {}\n\n:\n\ndata: [DONE]\n\n"
).encode()


@given(st.lists(st.integers(0, len(WIRE)), max_size=12))
def test_cutting_anywhere_changes_nothing(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(WIRE)]
    pieces = [WIRE[begin:end] for begin, end in pairwise(ends)]
    assert read(*pieces) == read(WIRE)
    assert [event.data for event in read(WIRE)] == ["Grüße — 日本語 😀", "1\n2", "{}", "[DONE]"]


def test_single_bytes_change_nothing() -> None:
    assert read(*(bytes([byte]) for byte in WIRE)) == read(WIRE)


@pytest.mark.parametrize(
    "pieces",
    [[b"data: " + b"x" * 200], [b"x" * 50] * 4, [b"data: " + b"x" * 200 + b"\n\n"]],
    ids=["no end", "in pieces", "with end"],
)
def test_line_over_the_limit_is_refused(pieces: list[bytes]) -> None:
    with pytest.raises(ServerFailed, match="no reply"):
        read(*pieces, line_limit=100)


def test_event_over_the_limit_is_refused() -> None:
    with pytest.raises(ServerFailed, match="no reply"):
        read(b"data: 1234567890\n" * 20, event_limit=100)
