"""Resampling of independent groups of items: the BCa bootstrap and the sign-flip test.

Random draws depend on the values alone, neither on the order of the groups nor on their sign: the
same table gives the same numbers, and swapped candidates give the mirrored ones.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.evals.statistics.distributions import NORMAL, t_limit
from app.evals.statistics.items import Group, mean

RESAMPLES = 9_999
MOST_FLIPPED = 5_000  # groups
_AT_ONCE = 1 << 20  # numbers; 8 MB

Numbers = NDArray[np.float64]


def bca(groups: Sequence[Group]) -> tuple[float, float]:
    """The 95 % bootstrap interval of the mean over items, bias-corrected and accelerated.

    After Efron (1987), with the normal quantile made wider to that of t times sqrt(G / (G - 1)), as
    the plain bootstrap is too narrow for few groups (Hesterberg 2015, "expanded").
    """
    upright = sorted((group.total + 0.0, group.size) for group in groups)
    mirrored = sorted((0.0 - total, size) for total, size in upright)
    if mirrored > upright:
        low, high = _interval(mirrored)
        return -high, -low
    return _interval(upright)


def sign_flip_p_value(groups: Sequence[Group]) -> float:
    """The two-sided p-value of no difference: how often random signs give a sum as far from 0.

    The randomization test of Fisher and Pitman: if the two candidates were alike, they could as
    well be swapped in any group. Exact where there are at most 8,192 ways to do so; beyond 5,000
    groups by the normal limit, which is then as good and at once.
    """
    sizes = np.array(sorted(abs(group.total) for group in groups if group.total))
    count = len(sizes)
    far = abs(math.fsum(group.total for group in groups)) - 1e-12 * float(sizes.sum())
    if count > MOST_FLIPPED:
        return 2 * NORMAL.cdf(-far / float(np.linalg.norm(sizes)))
    if 2**count <= RESAMPLES:
        flips = np.arange(2**count)[:, None] >> np.arange(count) & 1
        return float(np.mean(_reaches(flips, sizes, far)))
    random = _random(sizes)
    found = sum(
        np.count_nonzero(_reaches(random.integers(0, 2, (rows, count), np.int8), sizes, far))
        for rows in _portions(count)
    )
    return float(found + 1) / (RESAMPLES + 1)


def _reaches(flips: NDArray[np.integer], sizes: Numbers, far: float) -> NDArray[np.bool_]:
    sums: Numbers = sizes.sum() - 2 * (flips @ sizes)
    return np.abs(sums) >= far


def _interval(groups: Sequence[tuple[float, int]]) -> tuple[float, float]:
    table = np.array(groups, dtype="<f8")
    totals, sizes = table[:, 0], table[:, 1]
    centre = mean([Group(*group) for group in groups])
    means = _resampled_means(totals, sizes)
    bias = NORMAL.inv_cdf(_share_below(means, centre))
    acceleration = _acceleration(totals, sizes)
    reach = t_limit(len(groups) - 1) * math.sqrt(len(groups) / (len(groups) - 1))
    shares = [_adjusted_share(bias, acceleration, z) for z in (-reach, reach)]
    low, high = np.quantile(means, shares)
    return min(float(low), centre), max(float(high), centre)


def _resampled_means(totals: Numbers, sizes: Numbers) -> Numbers:
    random, count = _random(totals, sizes), len(totals)
    differ = bool(sizes.min() < sizes.max())
    means = []
    for rows in _portions(count):
        drawn = random.integers(0, count, size=(rows, count))
        items = sizes[drawn].sum(axis=1) if differ else sizes.sum()
        means.append(totals[drawn].sum(axis=1) / items)
    return np.concatenate(means)


def _random(*seed: Numbers) -> np.random.Generator:
    digest = hashlib.sha256(b"".join(numbers.tobytes() for numbers in seed)).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def _portions(count: int) -> list[int]:
    """How many resamples of so many groups to draw at a time."""
    rows = max(1, min(RESAMPLES, _AT_ONCE // count))
    return [min(rows, RESAMPLES - start) for start in range(0, RESAMPLES, rows)]


def _share_below(means: Numbers, point: float) -> float:
    """The share of means below a point, ties half, kept away from 0 and 1."""
    near = 1e-12 * float(np.abs(means).max())
    below = np.count_nonzero(means < point - near)
    not_above = np.count_nonzero(means <= point + near)
    share = (below + not_above) / (2 * RESAMPLES)
    return min(max(share, 1 / (RESAMPLES + 1)), RESAMPLES / (RESAMPLES + 1))


def _acceleration(totals: Numbers, sizes: Numbers) -> float:
    """From the skewness of the jackknife, leaving out one group at a time."""
    left = (totals.sum() - totals) / (sizes.sum() - sizes)
    deviations = left.mean() - left
    largest = np.abs(deviations).max()
    if largest == 0.0:
        return 0.0
    deviations = deviations / largest
    return float((deviations**3).sum() / (6 * (deviations**2).sum() ** 1.5))


def _adjusted_share(bias: float, acceleration: float, z: float) -> float:
    moved = bias + z  # below 6, and |acceleration| <= 1/6: no pole
    return NORMAL.cdf(bias + moved / (1 - acceleration * moved))
