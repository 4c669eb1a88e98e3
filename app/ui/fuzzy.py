"""Fuzzy matching of what a person types against a title. No Qt."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Match:
    """How well a query fits, and which characters of the title it hit."""

    score: int
    positions: tuple[int, ...]


def match(query: str, title: str) -> Match | None:
    """Find the letters of `query` in `title` in this order; None when they are not all there.

    Starts of words and runs of letters count most, so "lm" finds "Load model" before "Film".
    """
    wanted = "".join(query.casefold().split())
    # Characters that change their length in case folding would shift every position after them.
    letters = [each.casefold() if len(each.casefold()) == 1 else each for each in title]
    best: Match | None = None
    for start, letter in enumerate(letters):
        if wanted and letter == wanted[0]:
            found = _match_from(wanted, letters, start)
            if found is not None and (best is None or found.score > best.score):
                best = found
    return best if wanted else Match(0, ())


def _match_from(wanted: str, letters: list[str], start: int) -> Match | None:
    # A leap to the start of a word may leave too few letters behind it; then none is made.
    positions = _walk(wanted, letters, start, leap=True) or _walk(
        wanted, letters, start, leap=False
    )
    return Match(_score(letters, positions), tuple(positions)) if positions else None


def _walk(wanted: str, letters: list[str], start: int, *, leap: bool) -> list[int]:
    positions: list[int] = []
    at = start
    for letter in wanted:
        places = [index for index in range(at, len(letters)) if letters[index] == letter]
        if not places:
            return []
        place = places[0]
        if leap and place != at:
            place = next((each for each in places if _starts_word(letters, each)), place)
        positions.append(place)
        at = place + 1
    return positions


def _starts_word(letters: list[str], index: int) -> bool:
    return index == 0 or not letters[index - 1].isalnum()


def _score(letters: list[str], positions: list[int]) -> int:
    score = 0
    for before, place in zip([None, *positions], positions, strict=False):
        if _starts_word(letters, place):
            score += 10
        if before is not None:
            score += 8 if place == before + 1 else -min(5, place - before)
    return score * 4 - positions[0] - len(letters) // 8
