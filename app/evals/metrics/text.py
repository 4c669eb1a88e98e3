"""Metrics that compare texts as they are written, but for the differences one may overlook."""

from __future__ import annotations

import re
import string
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from app.base.quoting import shown
from app.evals.entities import Item, Output, Score
from app.evals.metrics.metric import best, not_comparable, unscored, verdict

_MOST_MARKS = 30


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What is overlooked when texts are compared.

    Attributes:
        nfkc: other codes of what reads the same, as wide letters and ligatures (Unicode NFKC).
        casefold: upper and lower case.
        collapse_space: how long white space is, and white space at the ends.
        strip_punctuation: punctuation and ASCII symbols, unless the text is nothing else.
    """

    nfkc: bool = True
    casefold: bool = False
    collapse_space: bool = True
    strip_punctuation: bool = False

    def clean(self, text: str) -> str:
        """The text without what is overlooked."""
        text = self._normal(text)
        if self.casefold:
            text = text.casefold()
        if self.strip_punctuation:
            text = text.translate({ord(each): None for each in set(text) if _is_mark(each)}) or text
        if self.casefold or self.strip_punctuation:
            text = self._normal(text)  # they can bring characters together that combine
        return " ".join(text.split()) if self.collapse_space else text

    def _normal(self, text: str) -> str:
        return unicodedata.normalize("NFKC", _without_piles(text)) if self.nfkc else text


def _without_piles(text: str) -> str:
    """The text without more marks on one letter than any language has (Unicode UAX 15, 13).

    Normalizing takes the square of their number: a hostile megabyte would take an hour.
    """
    marks = "".join(map(re.escape, filter(unicodedata.combining, set(text))))
    return re.sub(f"([{marks}]{{{_MOST_MARKS}}})[{marks}]+", r"\1", text) if marks else text


def _is_mark(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")


@dataclass(frozen=True, slots=True)
class ExactMatch(Cleaning):
    """1 if the output is one of the targets."""

    name: ClassVar[str] = "exact_match"
    description: ClassVar[str] = "The output is the same as a target."

    def score(self, item: Item, output: Output) -> Score:
        """Compare the whole output with each target."""
        if (score := not_comparable(item, output)) is not None:
            return score
        said = self.clean(output.text)

        def judge(target: str) -> Score:
            if said == self.clean(target):
                return verdict(True, f"The same as {shown(target)}.")
            return verdict(False, f"{shown(output.text)} is not {shown(target)}.")

        return best(item.targets, judge)


class Needed(StrEnum):
    """How many of the targets must be there."""

    ANY = "any"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Contains(Cleaning):
    """1 if the targets, or one of them, occur in the output.

    Attributes:
        needed: how many of the targets must occur.
    """

    name: ClassVar[str] = "contains"
    description: ClassVar[str] = "The output contains a target, or all of them."

    needed: Needed = Needed.ANY

    def score(self, item: Item, output: Output) -> Score:
        """Look for the targets anywhere in the output."""
        if (score := not_comparable(item, output)) is not None:
            return score
        wanted = {target: self.clean(target) for target in item.targets}
        if not all(wanted.values()):
            return unscored("A target is empty, and every text contains that.")
        said = self.clean(output.text)
        missing = [target for target, cleaned in wanted.items() if cleaned not in said]
        if not missing:
            return verdict(True, f"Contains {_listed(list(wanted))}.")
        found = [target for target in wanted if target not in missing]
        if found and self.needed is Needed.ANY:
            return verdict(True, f"Contains {_listed(found)}.")
        return verdict(False, f"Does not contain {_listed(missing)}.")


def _listed(texts: list[str]) -> str:
    named = ", ".join(shown(each) for each in texts[:3])
    return named if len(texts) <= 3 else f"{named} and {len(texts) - 3} more"
