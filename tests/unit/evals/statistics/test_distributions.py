from __future__ import annotations

import pytest
from scipy import stats

from app.evals.statistics.distributions import sign_p_value, t_limit, t_within


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 7, 14, 200, 1001])
def test_t_limit_is_that_of_scipy(degrees: int):
    tolerance = 1e-9 if degrees < 1000 else 2e-3
    assert t_limit(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=tolerance)


@pytest.mark.parametrize("degrees", [1, 2, 3, 6, 13, 14])
@pytest.mark.parametrize("t", [0.0, 0.3, 2.0, 40.0])
def test_t_within_is_that_of_scipy(t: float, degrees: int):
    expected = stats.t.cdf(t, degrees) - stats.t.cdf(-t, degrees)
    assert t_within(t, degrees) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("lower", "higher"), [(0, 0), (0, 1), (0, 6), (3, 9), (40, 41), (300, 200)]
)
def test_sign_p_value_is_that_of_scipy(lower: int, higher: int):
    count = lower + higher
    expected = stats.binomtest(lower, count, 0.5).pvalue if count else 1.0
    assert sign_p_value(lower, higher) == pytest.approx(expected, rel=1e-9)


def test_sign_p_value_of_very_many_items_is_a_number():
    assert sign_p_value(0, 20_000) == 0.0
    assert sign_p_value(10_000, 10_000) == 1.0
