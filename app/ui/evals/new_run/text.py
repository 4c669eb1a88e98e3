"""A person's own text as items: passages that each fit one reading window."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.engine.messages import Role, Turn
from app.evals.entities import Item
from app.evals.runs.entities import StoredSuite
from app.evals.suites.suite import version_of

if TYPE_CHECKING:
    from app.evals.suites.service import SuiteService

READ_METRICS = ({"metric": "perplexity"}, {"metric": "bits_per_byte"})
MOST_PASSAGES = 500
FEW_PASSAGES = 20  # with fewer, little can be told apart
# A window has 512 tokens, and what does not fill another one after it is not read. Texts have
# from three to five bytes a token.
_PASSAGE_BYTES = 1_500
_LEAST_BYTES = 300  # a shorter rest joins the passage before it
_SLICE = 400  # characters of what has no gaps; Unicode has up to four bytes each
_SENTENCE = re.compile(
    r".+?(?:[.!?\u2026]+[\"\u201d\u2019')\]]*\s+|[\u3002\uff01\uff1f]|\n\s*\n|\Z)", re.DOTALL
)
_NAME_WORDS = 48
_ABOUT = "A text of your own, cut into passages that fit a reading window."


@dataclass(frozen=True, slots=True)
class Cut:
    """A text in passages; of `total` only the first are used."""

    items: tuple[Item, ...]
    total: int


def cut(text: str) -> Cut:
    """Cut a text into passages of about 1,500 bytes, at the ends of sentences where there are."""
    passages: list[str] = []
    room = 0
    for piece in _pieces(text.strip()):
        size = len(piece.encode("utf-8", "replace"))
        if passages and size <= room:
            passages[-1] += piece
            room -= size
        else:
            passages.append(piece)
            room = _PASSAGE_BYTES - size
    if len(passages) > 1 and len(passages[-1].encode("utf-8", "replace")) < _LEAST_BYTES:
        last = passages.pop()
        passages[-1] += last
    items = tuple(
        Item(f"passage-{number:04}", (Turn(Role.USER, each.strip()),))
        for number, each in enumerate(passages[:MOST_PASSAGES], 1)
        if each.strip()
    )
    return Cut(items, len(passages))


def stored_text(suites: SuiteService, text: str) -> StoredSuite:
    """The suite of a text: the one that was made of the same text before, or a new one."""
    items = cut(text).items
    mark = version_of(items)
    for known in suites.suites():
        if known.sha256 == mark:
            return known
    taken = {each.name.casefold() for each in suites.suites()}
    words = "".join(each if each.isprintable() else " " for each in text[:_NAME_WORDS])
    base = f"Text: {' '.join(words.split())}…"
    names = (base, *(f"{base} {number}" for number in range(2, len(taken) + 3)))
    name = next(each for each in names if each.casefold() not in taken)
    return suites.create(name, items, description=_ABOUT, metrics=READ_METRICS)


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces that are no longer than a passage."""
    for sentence in _SENTENCE.findall(text):
        if len(sentence.encode("utf-8", "replace")) <= _PASSAGE_BYTES:
            yield sentence
            continue
        for word in re.findall(r"\S+\s*|\s+", sentence):
            yield from (word[at : at + _SLICE] for at in range(0, len(word), _SLICE))
