"""What a metric is, and what all of them share: scoring by the best target, limits, words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import Field
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from app.base.errors import AppError
from app.evals.entities import Item, Output, Score

LONGEST_TEXT = 1_000_000  # characters of an output or a target; metrics stay quick up to here


class MetricError(AppError):
    """A metric was asked for that does not exist, or with settings that it cannot have."""


class Needs(StrEnum):
    """What a metric cannot do without, beside the output."""

    NOTHING = "nothing"
    EMBEDDER = "embedder"
    JUDGE = "judge model"
    LIKELIHOOD = "likelihood"  # of a run in which models read given text


class Metric(Protocol):
    """Scores outputs. A frozen dataclass whose fields are its settings, each with a default.

    Attributes:
        name: stable; suites and runs store it.
        description: one sentence for a person.

    One with `higher_is_better = False` points the other way.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def score(self, item: Item, output: Output) -> Score:
        """Score what a model made of an item; without a value where that cannot be done."""
        ...


def unscored(reason: str) -> Score:
    """A score without a value."""
    return Score(None, reason)


def verdict(is_right: bool, reason: str) -> Score:
    """A score of one or zero."""
    return Score(float(is_right), reason)


def best(targets: Sequence[str], judge: Callable[[str], Score]) -> Score:
    """The score by the target that is met best, of one at least.

    Unless a target is met fully, one that could not be compared leaves the whole without a value:
    it might have been the one that is met.
    """
    scores: list[Score] = []
    for target in targets:
        scores.append(judge(target))
        if scores[-1].value == 1.0:
            return scores[-1]
    open_ones = [each for each in scores if each.value is None]
    return open_ones[0] if open_ones else max(scores, key=lambda each: each.value or 0.0)


def not_comparable(item: Item, output: Output) -> Score | None:
    """Why this output cannot be compared with the targets at all; None if it can."""
    if not item.targets:
        return unscored("The item has no target to compare with.")
    return too_long(output.text) or too_long(max(item.targets, key=len), "target")


def too_long(text: str, what: str = "output") -> Score | None:
    """Why this text is not scored; None if it is short enough."""
    if len(text) <= LONGEST_TEXT:
        return None
    return unscored(
        f"The {what} is too long to score: {len(text):,} characters, at most {LONGEST_TEXT:,}."
    )
