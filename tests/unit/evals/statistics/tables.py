"""Tables of scores for the tests of the statistics."""

from __future__ import annotations

from collections.abc import Iterable

from app.evals.statistics import Difference, Estimate, Scores


def table(values: Iterable[float | None]) -> Scores:
    """One score an item, items named by their place."""
    return {f"item {place}": [value] for place, value in enumerate(values)}


def passes(passed: int, failed: int) -> Scores:
    return table([1.0] * passed + [0.0] * failed)


def outcomes(*, both: int, lost: int, won: int, neither: int) -> tuple[Scores, Scores]:
    """A baseline and a candidate with so many items that both, one or neither passed."""
    baseline = [1.0] * (both + lost) + [0.0] * (won + neither)
    candidate = [1.0] * both + [0.0] * lost + [1.0] * won + [0.0] * neither
    return table(baseline), table(candidate)


def limits(found: Estimate | Difference) -> tuple[float, float]:
    """The interval of one that has one."""
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def p_of(found: Difference) -> float:
    """The p-value of one that compared something."""
    assert found.p_value is not None
    return found.p_value
