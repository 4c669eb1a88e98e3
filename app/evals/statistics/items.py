"""A table of scores as one mean an item, and its items in independent groups."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

# Item key to the scores of its repeats, None where there is none.
Scores = Mapping[str, Sequence[float | None]]

# Item key to what it shares with others, such as a source. An item without one stands alone.
Clusters = Mapping[str, str]

_LARGEST = 1e90  # its square times a million items is still a float


class Group(NamedTuple):
    """Items that are drawn together: the sum of their means, and how many they are."""

    total: float
    size: int


@dataclass(frozen=True, slots=True)
class ItemMeans:
    """The mean over repeats of each item that was scored.

    Attributes:
        means: by item key; only items with a score.
        scores: how many single scores they were made of.
        unscored, missing_repeats: as in `Estimate`.
        is_rate: whether every single score is 0 or 1.
    """

    means: Mapping[str, float]
    scores: int
    unscored: int
    missing_repeats: int
    is_rate: bool


def item_means(scores: Scores, keys: Iterable[str] | None = None) -> ItemMeans:
    """Reduce repeats to one mean an item, of all items or of these.

    None, NaN, infinities and numbers beyond 1e90 are not scores: they are counted as missing.
    """
    means: dict[str, float] = {}
    count = missing = 0
    is_rate = True
    chosen = list(scores if keys is None else keys)
    for key in chosen:
        values = [float(x) for x in scores[key] if x is not None and abs(x) <= _LARGEST]
        if not values:
            continue
        means[key] = math.fsum(values) / len(values)
        count += len(values)
        missing += len(scores[key]) - len(values)
        is_rate = is_rate and all(value in (0.0, 1.0) for value in values)
    return ItemMeans(means, count, len(chosen) - len(means), missing, is_rate and count > 0)


def grouped(means: Mapping[str, float], clusters: Clusters | None) -> tuple[Group, ...]:
    """Put items of a cluster together; in an order that does not depend on that of the items."""
    members: dict[tuple[bool, str], list[float]] = {}
    for key, value in means.items():
        cluster = clusters.get(key) if clusters else None
        name = (False, key) if cluster is None else (True, cluster)
        members.setdefault(name, []).append(value)
    return tuple(sorted(Group(math.fsum(group), len(group)) for group in members.values()))


def mean(groups: Sequence[Group]) -> float:
    """The mean over items. Needs at least one group."""
    return math.fsum(group.total for group in groups) / sum(group.size for group in groups)


def standard_error(groups: Sequence[Group]) -> float | None:
    """The standard error of the mean over items; None with fewer than two groups.

    Robust to correlation within groups: residuals are summed by group before they are squared
    (Liang and Zeger 1986), times G / (G - 1). With one item a group it is s / sqrt(n).
    """
    if len(groups) < 2:
        return None
    centre = mean(groups)
    residuals = [group.total - group.size * centre for group in groups]
    # What rounding leaves of equal values is not a spread.
    if max(map(abs, residuals)) <= 1e-12 * max(abs(group.total) for group in groups):
        return 0.0
    factor = len(groups) / (len(groups) - 1)
    squares = math.fsum(residual * residual for residual in residuals)
    return math.sqrt(factor * squares) / sum(group.size for group in groups)
