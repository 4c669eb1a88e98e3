"""What a measured difference means, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.evals.statistics.distributions import LEVEL
from app.evals.statistics.power import items_for
from app.evals.statistics.results import Difference


class Outcome(StrEnum):
    """What can be said of a candidate beside its baseline."""

    BETTER = "better"
    WORSE = "worse"
    NO_DIFFERENCE = "no difference could be seen"
    NOTHING_TO_COMPARE = "nothing to compare"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A difference and what can be said of it.

    Attributes:
        p_value: after correction for other comparisons, where there is one.
        items_needed: to see a difference of this size with 80 % power, where none could be seen;
            None where the two came out equal, or there is but one item to judge by.
        sentence: all of it, for people.
    """

    outcome: Outcome
    difference: Difference
    p_value: float | None
    items_needed: int | None
    sentence: str

    @property
    def badge(self) -> str:
        """A warning of two or three words, or nothing."""
        return self.difference.badge


def verdict(
    difference: Difference,
    *,
    higher_is_better: bool = True,
    corrected_p: float | None = None,
) -> Verdict:
    """Say whether the candidate is better or worse, or that no difference could be seen.

    Args:
        corrected_p: the p-value of this difference after `holm`, if it is one of many.
    """
    value, raw_p = difference.value, difference.p_value
    if value is None or raw_p is None:
        sentence = f"Nothing to compare: no item was scored for both.{_left_out(difference)}"
        return Verdict(Outcome.NOTHING_TO_COMPARE, difference, None, None, sentence)
    p_value = raw_p if corrected_p is None else corrected_p
    needed = None
    if p_value < LEVEL:
        outcome = Outcome.BETTER if (value > 0) is higher_is_better else Outcome.WORSE
    else:
        outcome = Outcome.NO_DIFFERENCE
        # Holm divides the level, by as much as it multiplied this p-value.
        needed = items_for(difference, LEVEL * min(1.0, raw_p / p_value))
    if needed is not None:
        needed = max(needed, difference.items + 1)
    sure = certainty(p_value, needed, is_corrected=corrected_p is not None)
    text = f"{outcome.value.capitalize()}: {_numbers(difference)}, {sure}"
    sentence = f"{text}.{_left_out(difference)}"
    return Verdict(outcome, difference, p_value, needed, sentence)


def certainty(p_value: float, items_needed: int | None, *, is_corrected: bool) -> str:
    """A p-value in words, and how many items would be needed where it is too large."""
    text = "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"
    if is_corrected:
        text += " after correction"
    if items_needed is not None:
        text += f"; about {_about(items_needed)} items would be needed"
    return text


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Correct p-values for being many (Holm 1979); None, for nothing to compare, does not count."""
    order = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, index) in enumerate(order):
        largest = max(largest, min(1.0, p * (len(order) - rank)))
        corrected[index] = largest
    return tuple(corrected)


def _numbers(difference: Difference) -> str:
    scale, digits = (100.0, "+z.1f") if difference.is_rate else (1.0, "+z.3g")

    def shown(number: float) -> str:
        return format(number * scale, digits)

    text = shown(difference.value or 0.0)
    if difference.is_rate:
        text += " percentage points"
    if difference.low is not None and difference.high is not None:
        text += f" (95 % interval {shown(difference.low)} to {shown(difference.high)})"
    plural = "" if difference.items == 1 else "s"
    return f"{text} over {difference.items:,} item{plural}"


def _left_out(difference: Difference) -> str:
    count = difference.left_out
    if not count:
        return ""
    were = "1 item was" if count == 1 else f"{count:,} items were"
    return f" {were} left out, not scored for both."


def _about(count: int) -> str:
    """A count to two digits, upwards."""
    if count > 1_000_000:
        return "more than a million"
    step = 10 ** max(0, len(str(count)) - 2)
    return f"{-(-count // step) * step:,}"
