"""Cuts documents into chunks of whole sentences that fit the embedder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from app.base.jobs import CancelToken
from app.library.sentences import split_sentences

CountTokens = Callable[[list[str]], list[int]]

# Sentences are counted in batches of about this many characters.
_BATCH_CHARACTERS: Final = 100_000
# A longer "sentence" is cut before it is counted, so that no text goes to the tokenizer whole.
_LONGEST_PIECE: Final = 1500
# A token stands for four or five letters. One that stands for far more is an unknown "word", such
# as encoded data; without this bound a chunk of them would have no end.
_CHARACTERS_PER_TOKEN: Final = 16


class _HasText(Protocol):
    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Chunk:
    """Characters `start` to `end` of one part's text, and that text."""

    part: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """A sentence, or a piece of one that is too long; `weight` is its tokens."""

    start: int
    end: int
    weight: int = 0


def chunk_parts(
    parts: Sequence[_HasText],
    count_tokens: CountTokens,
    *,
    target: int = 192,
    overlap: int = 32,
    limit: int = 254,
    cancel: CancelToken | None = None,
) -> tuple[Chunk, ...]:
    """Cut parts into chunks of about `target` tokens; no chunk reaches into two parts.

    Args:
        parts: anything with a text, in order.
        count_tokens: tokens of each text; those of two texts together never exceed their sum.
        target: tokens of a full chunk.
        overlap: a chunk begins with the last sentences of the one before, up to so many tokens.
        limit: tokens no chunk exceeds; leave room for what is put in front before embedding.
        cancel: noticed with every batch.
    """
    chunks: list[Chunk] = []
    for batch in _batches(parts):
        if cancel is not None:
            cancel.check()
        weighed = _weighed(parts, batch, count_tokens, limit)
        for (number, _), pieces in zip(batch, weighed, strict=True):
            text = parts[number].text
            for start, end in _packed(pieces, min(target, limit), overlap, limit):
                chunks.append(Chunk(number, start, end, text[start:end]))
    return tuple(chunks)


def _batches(parts: Sequence[_HasText]) -> Iterator[list[tuple[int, list[_Piece]]]]:
    batch: list[tuple[int, list[_Piece]]] = []
    characters = 0
    for number, part in enumerate(parts):
        pieces = [
            piece
            for start, end in split_sentences(part.text)
            for piece in _cut(part.text, start, end, _LONGEST_PIECE)
        ]
        batch.append((number, pieces))
        characters += len(part.text)
        if characters >= _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _weighed(
    parts: Sequence[_HasText],
    batch: list[tuple[int, list[_Piece]]],
    count_tokens: CountTokens,
    limit: int,
) -> list[list[_Piece]]:
    """Each part's pieces with their weight, cut again until each fits the limit."""
    texts = [parts[number].text for number, _ in batch]
    done = [pieces for _, pieces in batch]
    while any(piece.weight == 0 for pieces in done for piece in pieces):
        counts = iter(_count(texts, done, count_tokens))
        done = [
            [
                fitting
                for piece in pieces
                for fitting in _fitted(text, piece, piece.weight or next(counts), limit)
            ]
            for text, pieces in zip(texts, done, strict=True)
        ]
    return done


def _count(texts: list[str], pieces: list[list[_Piece]], count_tokens: CountTokens) -> list[int]:
    new = [
        text[piece.start : piece.end]
        for text, each in zip(texts, pieces, strict=True)
        for piece in each
        if piece.weight == 0
    ]
    counts = count_tokens(new)
    return [
        max(1, count, len(text) // _CHARACTERS_PER_TOKEN)
        for text, count in zip(new, counts, strict=True)
    ]


def _fitted(text: str, piece: _Piece, weight: int, limit: int) -> Iterator[_Piece]:
    length = piece.end - piece.start
    if weight <= limit or length == 1:
        yield replace(piece, weight=weight)
        return
    # Somewhat below the limit, so that one round is usually enough.
    yield from _cut(text, piece.start, piece.end, max(1, length * limit * 3 // (weight * 4)))


def _cut(text: str, start: int, end: int, size: int) -> Iterator[_Piece]:
    """Pieces of at most `size` characters, cut between words where there is a space to cut at."""
    while end - start > size:
        at = max(text.rfind(space, start + size // 2, start + size) for space in " \n\t")
        at = start + size if at <= start else at
        piece_end = at
        while text[piece_end - 1].isspace():
            piece_end -= 1
        yield _Piece(start, piece_end)
        start = at
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        yield _Piece(start, end)


def _packed(
    pieces: list[_Piece], target: int, overlap: int, limit: int
) -> Iterator[tuple[int, int]]:
    filled: list[_Piece] = []
    total = repeated = 0
    previous: tuple[int, int, int] | None = None
    for piece in pieces:
        if filled and total + piece.weight > target:
            if previous is not None:
                yield previous[:2]
            previous = (filled[0].start, filled[-1].end, total)
            filled = _carried_over(filled, min(overlap, target - piece.weight))
            total = repeated = sum(each.weight for each in filled)
        filled.append(piece)
        total += piece.weight
    if previous is not None:
        if (fresh := total - repeated) <= min(target // 4, limit - previous[2]):
            # A scrap says little by itself; it goes with what it belongs to.
            previous, filled = (previous[0], filled[-1].end, previous[2] + fresh), []
        yield previous[:2]
    if filled:
        yield filled[0].start, filled[-1].end


def _carried_over(filled: list[_Piece], room: int) -> list[_Piece]:
    kept: list[_Piece] = []
    for piece in reversed(filled[1:]):
        room -= piece.weight
        if room < 0:
            break
        kept.append(piece)
    return kept[::-1]
