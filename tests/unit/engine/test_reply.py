from __future__ import annotations

import codecs

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.engine.reply import BATCH_S, Heard, ReplyText


def _cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@given(st.text(), st.integers(1, 5))
def test_reply_cut_at_any_byte_comes_out_whole(text: str, size: int) -> None:
    emitted: list[str] = []
    reply = ReplyText(emitted.append, clock=_EveryCall())
    for piece in _cut(text.encode(), size):
        reply.add(piece)
    assert reply.finish() == text
    assert "".join(emitted) == text


@given(st.text("abSTOP", max_size=30), st.text("abSTOP", max_size=10), st.integers(1, 5))
def test_reply_with_stop_text_cut_anywhere_ends_before_it(
    before: str, after: str, size: int
) -> None:
    said = f"{before}STOP{after}"
    emitted: list[str] = []
    reply = ReplyText(emitted.append, ("STOP",), clock=_EveryCall())
    ended = any(reply.add(piece) is Heard.STOP for piece in _cut(said.encode(), size))
    assert ended
    assert reply.finish() == said[: said.index("STOP")]
    assert "".join(emitted) == said[: said.index("STOP")]


def test_reply_that_only_begins_a_stop_text_keeps_it() -> None:
    reply = ReplyText(lambda _text: None, ("</end>",))
    assert reply.add(b"one < two </en") is Heard.MORE
    assert reply.finish() == "one < two </en"


def test_reply_with_invalid_bytes_shows_replacement_characters() -> None:
    reply = ReplyText(lambda _text: None)
    reply.add(b"a\xff\xfeb\xc3(")
    assert reply.finish() == "a��b�("


def test_reply_that_ends_within_a_character_drops_the_half() -> None:
    reply = ReplyText(lambda _text: None)
    reply.add("5 €".encode()[:-1])
    assert reply.finish() == "5 "


def test_reply_emits_first_text_at_once_and_then_one_batch_a_frame() -> None:
    clock = _Clock()
    emitted: list[str] = []
    reply = ReplyText(emitted.append, clock=clock)
    for letter in b"abcd":
        reply.add(bytes([letter]))
    assert emitted == ["a"]
    clock.now += BATCH_S
    reply.add(b"e")
    assert emitted == ["a", "bcde"]
    assert reply.finish() == "abcde"


@pytest.mark.parametrize("stops", [(), ("",)])
def test_reply_without_stop_texts_never_ends_early(stops: tuple[str, ...]) -> None:
    reply = ReplyText(lambda _text: None, stops)
    assert reply.add(b"anything") is Heard.MORE


@given(st.lists(st.sampled_from("abBAD€ "), max_size=40), st.integers(1, 4))
@example(list("aa€€"), 1)
def test_banned_text_never_comes_out_and_the_tokens_taken_back_match_the_text(
    letters: list[str], size: int
) -> None:
    emitted: list[str] = []
    reply = ReplyText(emitted.append, banned=("BAD", "a€"), clock=_EveryCall())
    kept: list[bytes] = []
    for token in _cut("".join(letters).encode(), size):
        kept.append(token)
        if reply.add(token) is Heard.BANNED:
            assert 1 <= reply.back <= len(kept)
            del kept[-reply.back :]
    whole = reply.finish()
    assert whole == "".join(emitted)
    assert not any(text in whole for text in ("BAD", "a€"))
    # What was kept, less a half character at the very end, is what came out.
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    assert whole == decoder.decode(b"".join(kept))


def test_banned_text_across_tokens_takes_back_all_of_them() -> None:
    emitted: list[str] = []
    reply = ReplyText(emitted.append, banned=("forbidden",), clock=_EveryCall())
    heard = [reply.add(piece) for piece in (b"this is ", b"for", b"bid", b"den fruit")]
    assert heard == [Heard.MORE, Heard.MORE, Heard.MORE, Heard.BANNED]
    assert reply.back == 3
    assert "".join(emitted) == "this is "
    reply.add(b"allowed")
    assert reply.finish() == "this is allowed"


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class _EveryCall:
    """A clock on which every look is a second later, so that nothing waits."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        self._now += 1
        return self._now
