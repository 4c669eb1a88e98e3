"""How often intervals hold the truth, over made-up tables whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from app.evals.statistics import mean_interval, paired_difference
from app.evals.statistics.estimates import wilson
from tests.unit.evals.statistics.tables import limits, p_of, table


@pytest.mark.parametrize("count", [20, 100])
def test_wilson_interval_holds_the_rate_in_95_of_100_tables_on_average(count: int):
    rates = np.linspace(0.02, 0.98, 97)
    limits = [wilson(passed / count, count) for passed in range(count + 1)]
    chances = stats.binom.pmf(np.arange(count + 1)[:, None], count, rates)
    holds = np.array([(low <= rates) & (rates <= high) for low, high in limits])

    coverage = (chances * holds).sum(axis=0)

    assert coverage.mean() == pytest.approx(0.95, abs=0.01)
    assert coverage.min() > 0.83


@pytest.mark.parametrize("count", [8, 30], ids=["t", "bootstrap"])
def test_mean_interval_holds_the_mean_in_about_95_of_100_tables(count: int):
    random = np.random.default_rng(11)
    tables = [table(random.beta(4, 2, size=count)) for _ in range(200)]

    found = [limits(mean_interval(scores)) for scores in tables]

    held = np.mean([low <= 4 / 6 <= high for low, high in found])
    assert 0.92 <= held <= 0.98


def test_mean_interval_of_clusters_holds_the_mean_where_one_without_does_not():
    random = np.random.default_rng(12)
    clusters = {f"item {n}": f"page {n // 5}" for n in range(100)}
    pages = random.normal(size=(60, 20))
    tables = [table(np.repeat(page, 5) + random.normal(size=100) / 2) for page in pages]

    def held(*more) -> float:
        found = [limits(mean_interval(scores, *more)) for scores in tables]
        return float(np.mean([low <= 0 <= high for low, high in found]))

    assert held(clusters) > 0.9
    assert held() < 0.75


def test_paired_difference_of_equal_candidates_is_seldom_taken_for_one():
    random = np.random.default_rng(13)
    p_values = []
    for _ in range(200):
        items = random.normal(size=(1, 25))
        first, second = items + random.exponential(size=(2, 25))
        p_values.append(p_of(paired_difference(table(first), table(second))))

    assert 0.01 <= np.mean(np.array(p_values) < 0.05) <= 0.08
