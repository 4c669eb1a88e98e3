"""Finding passages: two legs, by words and by meaning, fused into one order.

Both legs are 100 deep, each is scaled to 0..1 over what it found, and the sum is weighted; on four
standard collections this beats reciprocal ranks (shared research: rag.md, section 3).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from app.library.encoders import Encoder
from app.library.entities import ContentHash
from app.library.index_rows import Found
from app.library.language import looks_english
from app.library.protocol import Hit, Search
from app.settings.schema import SearchMode

if TYPE_CHECKING:
    from app.library.encoders import Vectors

LEG_DEPTH: Final = 100
MEANING_WEIGHT: Final = 0.5
# The embedder learned English; in other languages words find more than meaning does.
MEANING_WEIGHT_OTHER: Final = 0.2
# Neighbours are joined into one passage up to about three chunks.
PASSAGE_CHARACTERS: Final = 2_400
# A question longer than this is searched by its first words; each word costs a posting list.
QUESTION_CHARACTERS: Final = 10_000
QUESTION_WORDS: Final = 64

_WORD: Final = re.compile(r"\S+")


class SearchableIndex(Protocol):
    """What retrieval needs of the index."""

    def nearest(
        self, vector: Vectors, limit: int, contents: Collection[ContentHash] | None = None
    ) -> list[Found]:
        """The chunks closest in meaning, best first."""

    def matching(
        self,
        words: str,
        limit: int,
        contents: Collection[ContentHash] | None = None,
        *,
        vector: Vectors | None = None,
    ) -> list[Found]:
        """The chunks that share words, best first."""


@dataclass(frozen=True, slots=True)
class _Ranked:
    found: Found
    score: float


def find_passages(index: SearchableIndex, encoder: Encoder, search: Search) -> tuple[Hit, ...]:
    """The best `search.limit` passages, best first. Any text is a valid question."""
    question = clean_question(search.question)
    if not question or search.limit < 1:
        return ()
    depth = max(LEG_DEPTH, 2 * search.limit)
    words = key_words(question)
    match search.mode:
        case SearchMode.KEYWORD:
            ranked = _scaled(index.matching(words, depth, search.contents))
        case SearchMode.DENSE:
            ranked = _scaled(index.nearest(_vector(encoder, question), depth, search.contents))
        case SearchMode.HYBRID:
            vector = _vector(encoder, question)
            by_meaning = index.nearest(vector, depth, search.contents)
            by_words = index.matching(words, depth, search.contents, vector=vector)
            ranked = fuse(by_meaning, by_words, _meaning_weight(question))
    return tuple(_hit(each) for each in join_neighbours(ranked, search.limit))


def clean_question(question: str) -> str:
    """The question without what native code cannot take, cut to a sensible length."""
    text = question[:QUESTION_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
    kept = (" " if unicodedata.category(each) == "Cc" else each for each in text)
    return "".join(kept).strip()


def key_words(question: str) -> str:
    """The question's different words, the first few dozen of them."""
    words = dict.fromkeys(each.group()[:100] for each in _WORD.finditer(question))
    return " ".join(list(words)[:QUESTION_WORDS])


def fuse(
    by_meaning: Sequence[Found], by_words: Sequence[Found], meaning_weight: float
) -> list[_Ranked]:
    """One order of both legs; a chunk that a leg did not find gets nothing from it."""
    scores: dict[tuple[ContentHash, int], float] = {}
    rows: dict[tuple[ContentHash, int], Found] = {}
    for leg, weight in ((by_words, 1 - meaning_weight), (by_meaning, meaning_weight)):
        for each in _scaled(leg):
            key = (each.found.content, each.found.ordinal)
            rows[key] = each.found
            scores[key] = scores.get(key, 0.0) + weight * each.score
    return _in_order(_Ranked(rows[key], score) for key, score in scores.items())


def join_neighbours(ranked: Iterable[_Ranked], limit: int) -> list[_Ranked]:
    """The first `limit` passages; chunks that overlap in one part become one passage.

    A joined passage stands where its best chunk stood.
    """
    passages: list[_Ranked] = []
    for each in ranked:
        for place, passage in enumerate(passages):
            joined = _joined(passage.found, each.found)
            if joined is not None:
                passages[place] = replace(passage, found=joined)
                break
        else:
            if len(passages) == limit:
                break
            passages.append(each)
    return passages


def _vector(encoder: Encoder, question: str) -> Vectors:
    row: Vectors = encoder.embed([question])[0]
    return row


def _meaning_weight(question: str) -> float:
    return MEANING_WEIGHT if looks_english(question) else MEANING_WEIGHT_OTHER


def _scaled(leg: Sequence[Found]) -> list[_Ranked]:
    if not leg:
        return []
    low, high = min(each.score for each in leg), max(each.score for each in leg)
    width = high - low
    return _in_order(
        _Ranked(each, (each.score - low) / width if width > 0 else 1.0) for each in leg
    )


def _in_order(ranked: Iterable[_Ranked]) -> list[_Ranked]:
    return sorted(ranked, key=lambda r: (-r.score, r.found.content, r.found.ordinal))


def _joined(passage: Found, chunk: Found) -> Found | None:
    """Both as one piece of text, or None if they do not overlap or it would be too long."""
    if (passage.content, passage.part) != (chunk.content, chunk.part):
        return None
    first, second = sorted((passage, chunk), key=lambda each: (each.start, each.end))
    end = max(first.end, second.end)
    if second.start > first.end or end - first.start > PASSAGE_CHARACTERS:
        return None
    text = first.text + second.text[first.end - second.start :]
    similarities = [s for s in (passage.similarity, chunk.similarity) if s is not None]
    return replace(
        passage,
        start=first.start,
        end=end,
        text=text,
        similarity=max(similarities, default=None),
    )


def _hit(ranked: _Ranked) -> Hit:
    row = ranked.found
    return Hit(
        content=row.content,
        part=row.part,
        page=row.page,
        section=row.section,
        start=row.start,
        end=row.end,
        text=row.text,
        score=ranked.score,
        similarity=row.similarity,
    )
