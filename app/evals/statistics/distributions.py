"""The few probability distributions that intervals and tests need, without scipy."""

from __future__ import annotations

import math
from statistics import NormalDist

LEVEL = 0.05  # of every test; intervals hold 1 - LEVEL

NORMAL = NormalDist()
Z = NORMAL.inv_cdf(1 - LEVEL / 2)

_NEARLY_NORMAL = 1000  # degrees of freedom from which t at this level is within 0.003 of normal


def t_within(t: float, degrees: int) -> float:
    """P(|T| < t) of Student's t for whole degrees of freedom, t >= 0.

    The finite series of Abramowitz and Stegun, 26.7.3 and 26.7.4.
    """
    angle = math.atan(t / math.sqrt(degrees))
    cosine, sine = math.cos(angle), math.sin(angle)
    is_odd = degrees % 2 == 1
    term = cosine if is_odd else 1.0
    total = 0.0 if degrees == 1 else term
    for k in range(3 if is_odd else 2, degrees - 1, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    return (angle + sine * total) * 2 / math.pi if is_odd else sine * total


def t_limit(degrees: int) -> float:
    """The t that |T| stays within with probability 1 - LEVEL."""
    if degrees > _NEARLY_NORMAL:
        return Z
    low, high = Z, 13.0  # 12.7 at one degree of freedom
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if t_within(middle, degrees) < 1 - LEVEL else (low, middle)
    return high


def sign_p_value(lower: int, higher: int) -> float:
    """Two-sided exact binomial p-value of so many signs each way; McNemar's exact test."""
    count = lower + higher
    term = total = 1
    for k in range(min(lower, higher)):
        term = term * (count - k) // (k + 1)
        total += term
    return min(1.0, 2 * total / (1 << count))
