"""One score of one candidate: a rate by Wilson's interval, a mean by the bootstrap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from app.evals.statistics.distributions import Z, t_limit
from app.evals.statistics.items import (
    Clusters,
    Group,
    ItemMeans,
    Scores,
    grouped,
    item_means,
    mean,
    standard_error,
)
from app.evals.statistics.results import Estimate, Method

# Groups: fewer are too few to resample, and with more the bootstrap is Student's t, but slow.
BOOTSTRAPPED = range(15, 5_001)


class Bounds(NamedTuple):
    """An interval, if there is one, and how it was found."""

    low: float | None
    high: float | None
    method: Method


def score_interval(scores: Scores, clusters: Clusters | None = None) -> Estimate:
    """A rate where every score is 0 or 1, else a mean."""
    table = item_means(scores)
    return _rate(table, clusters) if table.is_rate else _mean(table, clusters)


def rate_interval(scores: Scores, clusters: Clusters | None = None) -> Estimate:
    """A share of successes with Wilson's (1927) interval.

    With repeats that disagree, or clusters, it is Wilson's interval for as many independent items
    as would have the same standard error (Korn and Graubard 1998).

    Raises:
        ValueError: a score lies outside 0 to 1.
    """
    table = item_means(scores)
    if any(not 0 <= x <= 1 for x in table.means.values()):
        raise ValueError("A rate is made of scores from 0 to 1.")
    return _rate(table, clusters)


def mean_interval(scores: Scores, clusters: Clusters | None = None) -> Estimate:
    """A mean over items with its BCa bootstrap interval.

    With fewer than 15 groups or more than 5,000 it is Student's t. There is no interval of one
    group or of equal values: `note` says so.
    """
    return _mean(item_means(scores), clusters)


def bounds_of_mean(groups: Sequence[Group]) -> Bounds:
    """The interval of a mean over items, by the method for so many groups."""
    error = standard_error(groups)
    if not error:
        return Bounds(None, None, Method.NONE)
    if len(groups) not in BOOTSTRAPPED:
        centre, reach = mean(groups), t_limit(len(groups) - 1) * error
        return Bounds(centre - reach, centre + reach, Method.T)
    # numpy is slow to import, and whoever only shows results does not need it.
    from app.evals.statistics.resampling import bca

    return Bounds(*bca(groups), Method.BOOTSTRAP)


def wilson(rate: float, count: float) -> tuple[float, float]:
    """Wilson's interval of a rate in `count` independent items, which need not be whole."""
    middle = (rate + Z * Z / (2 * count)) / (1 + Z * Z / count)
    spread = math.sqrt(rate * (1 - rate) / count + Z * Z / (4 * count * count))
    reach = Z * spread / (1 + Z * Z / count)
    # At 0 and 1 the limit is the rate; rounding may miss it.
    return min(max(0.0, middle - reach), rate), max(min(1.0, middle + reach), rate)


def _rate(table: ItemMeans, clusters: Clusters | None) -> Estimate:
    groups = grouped(table.means, clusters)
    if not groups:
        return _nothing(table)
    rate = min(mean(groups), 1.0)
    count = _effective_count(rate, groups, table.scores)
    low, high = wilson(rate, count)
    return Estimate(
        rate,
        low,
        high,
        Method.WILSON,
        items=len(table.means),
        groups=len(groups),
        unscored=table.unscored,
        missing_repeats=table.missing_repeats,
        standard_error=math.sqrt(rate * (1 - rate) / count) if len(groups) > 1 else None,
        note=_rule_of_three(rate, len(table.means), len(groups)),
    )


def _effective_count(rate: float, groups: Sequence[Group], scores: int) -> float:
    """How many independent items with one score each would be as sure as these."""
    error = standard_error(groups)
    if error is None or rate in (0.0, 1.0):
        return len(groups)
    is_plain = all(group.size == 1 for group in groups)
    # Wilson's own variance divides by n, so that plain items count as exactly n.
    variance = error**2 * ((len(groups) - 1) / len(groups) if is_plain else 1.0)
    count = min(rate * (1 - rate) / variance, scores) if variance else scores
    return count if is_plain else count * (Z / t_limit(len(groups) - 1)) ** 2


def _rule_of_three(rate: float, items: int, groups: int) -> str:
    """In words, what no failures or no successes leave open (Hanley and Lippman-Hand 1983)."""
    if rate not in (0.0, 1.0):
        return ""
    what = "failures" if rate else "successes"
    among = f"{items} item{'s' * (items != 1)}"
    if groups != items:
        among += f" from {groups} source{'s' * (groups != 1)}"
    if groups <= 3:
        return f"No {what} in {among}: too few to say how rare they are."
    limit = f"up to about {300 / groups:.2g} %"
    return f"No {what} in {among}; their true rate may still be {limit} (rule of three)."


def _mean(table: ItemMeans, clusters: Clusters | None) -> Estimate:
    groups = grouped(table.means, clusters)
    if not groups:
        return _nothing(table)
    bounds = bounds_of_mean(groups)
    return Estimate(
        mean(groups),
        bounds.low,
        bounds.high,
        bounds.method,
        items=len(table.means),
        groups=len(groups),
        unscored=table.unscored,
        missing_repeats=table.missing_repeats,
        standard_error=standard_error(groups),
        note=_no_interval(len(table.means), len(groups)) if bounds.low is None else "",
    )


def _no_interval(items: int, groups: int) -> str:
    if items == 1:
        return "One item gives no interval."
    if groups == 1:
        return "All items come from one source, which gives no interval."
    what = "item" if groups == items else "source"
    return f"Every {what} scored the same, so how they vary cannot be seen."


def _nothing(table: ItemMeans) -> Estimate:
    note = "No item could be scored." if table.unscored else "There are no items."
    return Estimate(None, None, None, Method.NONE, 0, 0, table.unscored, 0, note=note)
