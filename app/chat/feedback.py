"""What a person says about an answer: good or bad, and how it should have been."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.base.errors import AppError

LONGEST_CORRECTION = 100_000


class CorrectionTooLong(AppError):
    """More was written than an answer can have."""


class Rating(StrEnum):
    """What a person thinks of an answer."""

    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a person said about an answer. It stands beside the answer and changes nothing in it.

    Attributes:
        rating: None while nothing was said.
        correction: the answer as it should have been; empty for none.
    """

    rating: Rating | None = None
    correction: str = ""

    @property
    def asks_for_better(self) -> bool:
        """Whether the answer was not what it should have been."""
        return self.rating is Rating.BAD or bool(self.correction)


def checked_correction(text: str) -> str:
    """A correction as it is stored.

    Raises:
        CorrectionTooLong: it has more than 100,000 characters.
    """
    text = text.strip()
    if len(text) > LONGEST_CORRECTION:
        raise CorrectionTooLong(
            "The correction is too long.", f"Write up to {LONGEST_CORRECTION:,} characters."
        )
    return text
