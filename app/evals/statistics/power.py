"""How many items it takes to see a difference: paired, 5 % level, 80 % power."""

from __future__ import annotations

import math

from app.evals.statistics.distributions import LEVEL, NORMAL
from app.evals.statistics.results import Difference, Method

POWER = 0.8
FEWEST = 6  # all one way, and no fewer, the exact test takes them for no chance
_MOST = 1e9  # past counting


def items_for_rates(difference: float, discordant: float, level: float = LEVEL) -> int | None:
    """Items for McNemar's test to see a difference of two rates (Connor 1987).

    Args:
        difference: of the rates.
        discordant: share of items that one of the two passes and the other fails.

    Returns:
        None for a difference of 0, which no number of items would show.
    """
    if difference == 0:
        return None
    alpha, beta = _quantiles(level)
    rest = math.sqrt(max(0.0, discordant - difference**2))
    root = (alpha * math.sqrt(discordant) + beta * rest) / abs(difference)
    return _whole(root * root)


def items_for_values(difference: float, spread: float, level: float = LEVEL) -> int | None:
    """Items to see a mean difference of values whose differences by item deviate by `spread`.

    `spread` is the standard deviation; None for a difference of 0.
    """
    if difference == 0:
        return None
    root = sum(_quantiles(level)) * spread / abs(difference)
    return _whole(root * root)


def items_for(difference: Difference, level: float = LEVEL) -> int | None:
    """Items to see a difference of the size that was measured, were it the true one.

    With clusters: items in clusters of the same kind.
    """
    if not difference.value:
        return None
    if difference.method is Method.MCNEMAR:
        discordant = (difference.lower + difference.higher) / difference.items
        return items_for_rates(difference.value, discordant, level)
    if difference.standard_error is None:
        return None
    spread = difference.standard_error * math.sqrt(difference.items)
    return items_for_values(difference.value, spread, level)


def _whole(items: float) -> int:
    return max(FEWEST, math.ceil(min(items, _MOST)))


def _quantiles(level: float) -> tuple[float, float]:
    return -NORMAL.inv_cdf(max(level / 2, 1e-300)), NORMAL.inv_cdf(POWER)
