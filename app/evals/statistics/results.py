"""What the statistics come to: an estimate of one score, and the difference of two."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

FEW_GROUPS = 30  # below it every interval is to be read with care


class Method(StrEnum):
    """How an interval was found."""

    NONE = "none"
    WILSON = "Wilson"
    T = "Student's t"
    BOOTSTRAP = "BCa bootstrap"
    MCNEMAR = "exact McNemar, Tango interval"
    NEWCOMBE = "Newcombe, not paired"


@dataclass(frozen=True, slots=True)
class Estimate:
    """One score of one candidate with its 95 % interval.

    Attributes:
        value: None where nothing was scored.
        low, high: of the interval; None where there is none, and `note` says why.
        items: that count: scored at least once.
        groups: that are independent: clusters, or items where there are no clusters.
        unscored: items without any score.
        missing_repeats: single scores that are missing from items that count.
        standard_error: of `value`; None with fewer than two groups.
        note: one sentence for people, or nothing.
    """

    value: float | None
    low: float | None
    high: float | None
    method: Method
    items: int
    groups: int
    unscored: int
    missing_repeats: int
    standard_error: float | None = None
    note: str = ""

    @property
    def badge(self) -> str:
        """A warning of two or three words, or nothing."""
        return _badge(self.groups)


@dataclass(frozen=True, slots=True)
class Difference:
    """Candidate less baseline on the items that both were scored on, with its 95 % interval.

    Attributes:
        value, low, high, groups, standard_error, missing_repeats: as in `Estimate`.
        p_value: two-sided, of no difference. Below 0.05 exactly where the interval leaves out 0.
        items: scored in both.
        left_out: items that are not scored in both, or stand in one table only.
        lower, higher: items on which the candidate scored lower and higher than the baseline;
            McNemar's b and c where scores are 0 or 1.
        is_rate: whether every single score is 0 or 1.
    """

    value: float | None
    low: float | None
    high: float | None
    p_value: float | None
    method: Method
    items: int
    groups: int
    left_out: int
    missing_repeats: int
    lower: int
    higher: int
    is_rate: bool
    standard_error: float | None = None

    @property
    def badge(self) -> str:
        """A warning of two or three words, or nothing."""
        return _badge(self.groups)


def _badge(groups: int) -> str:
    return "too few items" if groups < FEW_GROUPS else ""
