"""The difference of two candidates, on the same items or, for rates, on different ones."""

from __future__ import annotations

import math
from collections.abc import Mapping

from app.evals.statistics.distributions import LEVEL, Z, sign_p_value
from app.evals.statistics.estimates import Bounds, bounds_of_mean, rate_interval
from app.evals.statistics.items import Clusters, Scores, grouped, item_means, mean, standard_error
from app.evals.statistics.results import Difference, Estimate, Method


def paired_difference(
    baseline: Scores, candidate: Scores, clusters: Clusters | None = None
) -> Difference:
    """Candidate less baseline over the items that are scored in both.

    Where every item is simply passed or failed and stands alone: the exact McNemar test and
    Tango's interval. Else the sign-flip test of the differences of item means, of which McNemar's
    is a case, and their interval as in `mean_interval`. Where test and interval disagree on
    whether there is a difference, the more careful of the two holds, see `_agreeing`.
    """
    both = item_means(baseline).means.keys() & item_means(candidate).means.keys()
    first, second = item_means(baseline, both), item_means(candidate, both)
    gains = {key: second.means[key] - first.means[key] for key in both}
    groups = grouped(gains, clusters)
    lower = sum(gain < 0 for gain in gains.values())
    higher = sum(gain > 0 for gain in gains.values())
    is_rate = first.is_rate and second.is_rate
    value = error = p_value = None
    bounds = Bounds(None, None, Method.NONE)
    if groups:
        value, error = mean(groups), standard_error(groups)
        if is_rate and len(groups) == len(gains) and _is_whole(first.means, second.means):
            bounds = Bounds(*tango(lower, higher, len(gains)), Method.MCNEMAR)
            p_value = sign_p_value(lower, higher)
        else:
            # For its numpy, see `bounds_of_mean`.
            from app.evals.statistics.resampling import sign_flip_p_value

            bounds, p_value = bounds_of_mean(groups), sign_flip_p_value(groups)
        bounds, p_value = _agreeing(bounds, p_value)
    return Difference(
        value,
        bounds.low,
        bounds.high,
        p_value,
        bounds.method,
        items=len(gains),
        groups=len(groups),
        left_out=len(baseline.keys() | candidate.keys()) - len(gains),
        missing_repeats=first.missing_repeats + second.missing_repeats,
        lower=lower,
        higher=higher,
        is_rate=is_rate,
        standard_error=error,
    )


def unpaired_rate_difference(
    baseline: Scores,
    candidate: Scores,
    clusters: Clusters | None = None,
) -> Estimate:
    """Candidate less baseline for rates on different items, by Newcombe's (1998) interval.

    It squares and adds the reaches of both Wilson intervals. Far less sure than a paired
    difference, and biased where one set of items is harder. Items are those of both, groups those
    of the smaller.

    Raises:
        ValueError: a score lies outside 0 to 1.
    """
    first, second = rate_interval(baseline, clusters), rate_interval(candidate, clusters)
    counts = {
        "items": first.items + second.items,
        "groups": min(first.groups, second.groups),
        "unscored": first.unscored + second.unscored,
        "missing_repeats": first.missing_repeats + second.missing_repeats,
    }
    ends = (first.value, first.low, first.high, second.value, second.low, second.high)
    known = [end for end in ends if end is not None]
    if len(known) < len(ends):
        note = "One of the two has no scores."
        return Estimate(None, None, None, Method.NONE, **counts, note=note)
    rate, low, high, other, other_low, other_high = known
    value = other - rate
    return Estimate(
        value,
        value - math.hypot(other - other_low, high - rate),
        value + math.hypot(other_high - other, rate - low),
        Method.NEWCOMBE,
        **counts,
        note="Measured on different items: the difference may be that of the items.",
    )


def _is_whole(*tables: Mapping[str, float]) -> bool:
    return all(value in (0.0, 1.0) for table in tables for value in table.values())


def _agreeing(bounds: Bounds, p_value: float) -> tuple[Bounds, float]:
    """Stretch the interval to 0 if the test rejects nothing; else raise p if it holds 0."""
    low, high, method = bounds
    if low is None or high is None:
        return bounds, p_value
    if p_value >= LEVEL:
        return Bounds(min(low, 0.0), max(high, 0.0), method), p_value
    return bounds, LEVEL if low <= 0.0 <= high else p_value


def tango(lower: int, higher: int, items: int) -> tuple[float, float]:
    """Tango's (1998) score interval of the difference (higher - lower) / items of paired rates.

    Its limits are the differences that a score test at this level just does not reject.
    """
    return -_tango_upper(higher, lower, items), _tango_upper(lower, higher, items)


def _tango_upper(lower: int, higher: int, items: int) -> float:
    def is_inside(difference: float) -> bool:
        middle = (2 * items - higher + lower) * difference - lower - higher
        product = 8 * items * lower * difference * (1 - difference)
        share = (math.sqrt(max(0.0, middle * middle + product)) - middle) / (4 * items)
        variance = items * (2 * share + difference * (1 - difference))
        return (higher - lower - items * difference) ** 2 <= Z * Z * variance

    inside, outside = (higher - lower) / items, 1.0
    for _ in range(60):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if is_inside(middle) else (inside, middle)
    return outside
