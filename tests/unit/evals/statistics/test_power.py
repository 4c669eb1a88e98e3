from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.power import TTestPower

from app.evals.statistics import items_for_rates, items_for_values
from app.evals.statistics.distributions import sign_p_value


@pytest.mark.parametrize(("difference", "spread"), [(0.1, 0.5), (-0.02, 0.3), (1.0, 2.0)])
def test_items_for_values_are_about_those_of_the_paired_t_test(difference: float, spread: float):
    peer = TTestPower().solve_power(abs(difference) / spread, power=0.8, alpha=0.05)

    assert items_for_values(difference, spread) == pytest.approx(peer, abs=4)


@pytest.mark.parametrize(("difference", "discordant"), [(0.1, 0.2), (-0.05, 0.1), (0.2, 0.5)])
def test_items_for_rates_give_mcnemars_test_about_80_percent_power(difference, discordant):
    items = items_for_rates(difference, discordant)
    shares = [(discordant - difference) / 2, (discordant + difference) / 2, 1 - discordant]

    assert items is not None
    draws = np.random.default_rng(5).multinomial(items, shares, size=2_000)

    seen = np.mean([sign_p_value(int(lost), int(won)) < 0.05 for lost, won, _ in draws])
    assert 0.72 < seen < 0.84


def test_items_for_no_difference_are_none():
    assert items_for_rates(0.0, 0.3) is None
    assert items_for_values(0.0, 0.3) is None


def test_items_for_a_difference_without_spread_are_those_of_the_exact_test():
    assert items_for_values(0.4, 0.0) == 6
    assert items_for_rates(1.0, 1.0) == 6


def test_items_for_a_tiny_difference_end_at_a_billion():
    assert items_for_values(1e-300, 1e90) == 1_000_000_000
    assert items_for_rates(1e-9, 0.5) == 1_000_000_000


@settings(deadline=None)  # the machine may be busy
@given(st.floats(0.01, 1.0), st.floats(0.01, 10.0))
def test_items_for_a_smaller_difference_are_more(difference: float, spread: float):
    few, many = items_for_values(difference, spread), items_for_values(difference / 2, spread)

    assert few is not None
    assert many is not None
    assert few <= many
    assert items_for_values(-difference, spread) == few
