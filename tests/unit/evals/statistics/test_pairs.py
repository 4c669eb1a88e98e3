from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import confint_proportions_2indep

from app.evals.statistics import Method, Scores, paired_difference, unpaired_rate_difference
from app.evals.statistics.pairs import tango
from tests.unit.evals.statistics.tables import limits, outcomes, p_of, passes, table

rows = st.lists(st.none() | st.floats(-100, 100), min_size=1, max_size=2)
flags = st.lists(st.sampled_from([None, 0.0, 1.0]), min_size=1, max_size=2)
keys = st.integers(0, 60).map(str)
tables = st.dictionaries(keys, rows, max_size=40) | st.dictionaries(keys, flags, max_size=40)
clusterings = st.none() | st.dictionaries(keys, st.sampled_from("abc"), max_size=10)


@pytest.mark.parametrize(("lost", "won"), [(0, 0), (0, 5), (3, 12), (20, 21), (60, 30)])
def test_paired_difference_of_rates_is_tested_by_exact_mcnemar(lost: int, won: int):
    found = paired_difference(*outcomes(both=30, lost=lost, won=won, neither=9))

    peer = mcnemar([[30, lost], [won, 9]], exact=True)
    assert found.p_value == pytest.approx(peer.pvalue)
    assert (found.lower, found.higher) == (lost, won)
    assert found.value == pytest.approx((won - lost) / found.items)
    assert found.method is Method.MCNEMAR


def test_tango_of_the_airway_study_is_as_published():
    # Bentur et al. 2009, as computed by Fagerland, Lydersen and Laake (2014): 1, 1, 7, 12.
    assert tango(7, 1, 21) == pytest.approx((-0.517, -0.026), abs=5e-4)


@pytest.mark.parametrize(("lost", "won", "items"), [(3, 12, 40), (0, 9, 30), (25, 20, 300)])
def test_tango_limits_are_what_the_score_test_just_does_not_reject(lost: int, won: int, items: int):
    for limit in tango(lost, won, items):
        # The likelihood at this difference is greatest where P(lost) is ...
        grid = np.linspace(max(0.0, -limit), (1 - limit) / 2, 400_001)[1:-1]
        same = items - lost - won
        likelihood = won * np.log(grid + limit) + same * np.log(1 - 2 * grid - limit)
        share = grid[np.argmax(likelihood + (lost * np.log(grid) if lost else 0.0))]
        variance = items * (2 * share + limit - limit**2)
        assert abs(won - lost - items * limit) / variance**0.5 == pytest.approx(1.96, abs=2e-3)


def test_paired_difference_of_values_is_the_bootstrap_of_the_differences():
    random = np.random.default_rng(3)
    first = random.normal(size=60)
    second = first + random.exponential(0.5, size=60) - 0.3

    found = paired_difference(table(first), table(second))

    peer = stats.bootstrap((second - first,), np.mean, method="BCa", rng=random)
    assert limits(found) == pytest.approx(tuple(peer.confidence_interval), abs=0.02)
    assert found.lower + found.higher == 60
    assert found.method is Method.BOOTSTRAP


def test_paired_difference_of_few_values_has_the_interval_of_the_paired_t_test():
    first, second = [3.0, 5.0, 2.0, 8.0, 6.0, 7.0, 4.0], [4.0, 5.5, 2.5, 9.0, 8.0, 7.5, 4.1]

    found = paired_difference(table(first), table(second))

    peer = stats.ttest_rel(second, first)
    assert limits(found) == pytest.approx(tuple(peer.confidence_interval()))
    assert found.p_value == 2 / 2**7  # all items went one way


def test_paired_difference_that_the_test_does_not_see_has_an_interval_that_holds_0():
    first, second = [3.0, 5.0, 2.0, 8.0, 6.0], [4.0, 6.0, 3.1, 9.0, 7.0]

    found = paired_difference(table(first), table(second))

    assert stats.ttest_rel(second, first).confidence_interval().low > 0.9
    assert found.p_value == 2 / 2**5
    assert limits(found)[0] == 0.0


@pytest.mark.parametrize("count", [9, 60])
def test_paired_difference_of_values_is_tested_by_random_signs(count: int):
    random = np.random.default_rng(4)
    first, second = random.normal(size=(2, count))

    found = paired_difference(table(first), table(second))

    peer = stats.permutation_test(
        (first, second),
        lambda x, y, axis: np.mean(y - x, axis=axis),
        permutation_type="samples",
        vectorized=True,
        rng=random,
    )
    assert found.p_value == pytest.approx(peer.pvalue, abs=1e-12 if count == 9 else 0.02)


def test_paired_difference_of_very_many_values_is_tested_at_once_and_alike():
    random = np.random.default_rng(4)
    first = random.normal(size=5_001)
    second = first + random.normal(0.025, 1, size=5_001)

    found = paired_difference(table(first), table(second))

    assert found.p_value == pytest.approx(stats.ttest_rel(second, first).pvalue, rel=0.01)


def test_paired_difference_counts_only_items_scored_in_both():
    baseline: Scores = {"a": [1.0], "b": [None], "c": [0.0], "only here": [1.0]}
    candidate: Scores = {"a": [0.0], "b": [1.0], "c": [None, 1.0], "only there": [None]}

    found = paired_difference(baseline, candidate)

    assert (found.items, found.left_out, found.missing_repeats) == (2, 3, 1)
    assert found.value == 0.0


def test_paired_difference_of_rates_with_scattered_repeats_bootstraps_item_means():
    baseline = {str(n): [0.0, float(n % 3 == 0)] for n in range(40)}
    candidate = {str(n): [1.0, float(n % 2)] for n in range(40)}

    found = paired_difference(baseline, candidate)

    assert found.is_rate
    assert found.method is Method.BOOTSTRAP


def test_paired_difference_of_items_alike_within_clusters_is_less_sure():
    baseline, candidate = outcomes(both=40, lost=10, won=30, neither=20)
    clusters = {key: f"page {n // 10}" for n, key in enumerate(baseline)}

    alone = paired_difference(baseline, candidate)
    clustered = paired_difference(baseline, candidate, clusters)

    assert p_of(alone) < 0.01
    assert p_of(clustered) > 0.05
    assert (clustered.groups, clustered.items) == (10, 100)


def test_paired_difference_by_the_same_amount_needs_six_items():
    five, six = (paired_difference(table([0.5] * n), table([0.8] * n)) for n in (5, 6))

    assert five.p_value == 0.0625
    assert six.p_value == 0.03125
    assert six.low is None


@pytest.mark.parametrize("rows", [{}, {"a": [None]}])
def test_paired_difference_without_common_items_has_no_value(rows):
    found = paired_difference(rows, {"b": [1.0]})

    assert (found.value, found.p_value, found.items) == (None, None, 0)
    assert found.left_out == len(rows) + 1


@settings(deadline=None)  # the machine may be busy
@given(tables, tables, clusterings)
def test_paired_difference_of_swapped_candidates_has_the_other_sign(first, second, clusters):
    found = paired_difference(first, second, clusters)
    swapped = paired_difference(second, first, clusters)

    assert swapped.p_value == found.p_value
    assert (swapped.lower, swapped.higher) == (found.higher, found.lower)
    if found.value is not None:
        assert swapped.value == -found.value
    if found.low is not None:
        low, high = limits(found)
        assert limits(swapped) == (-high, -low)


@settings(deadline=None)  # the machine may be busy
@given(tables, tables, clusterings)
def test_paired_difference_ignores_the_order_of_items(first, second, clusters):
    reordered = dict(reversed(first.items())), dict(reversed(second.items()))

    assert paired_difference(*reordered, clusters) == paired_difference(first, second, clusters)


@settings(deadline=None)  # the machine may be busy
@given(tables, tables, clusterings)
def test_paired_difference_and_its_test_never_disagree(first, second, clusters):
    found = paired_difference(first, second, clusters)

    if found.value is not None and found.low is not None:
        low, high = limits(found)
        assert low <= found.value <= high
        assert (p_of(found) < 0.05) == (low > 0 or high < 0)


@settings(deadline=None)  # the machine may be busy
@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 200))
def test_exact_mcnemar_is_stricter_than_tango_and_its_interval_is_widened(lost, won, rest):
    if lost + won + rest == 0:
        return
    found = paired_difference(*outcomes(both=rest, lost=lost, won=won, neither=0))
    low, high = tango(lost, won, found.items)

    if p_of(found) < 0.05:
        assert limits(found) == (low, high)
        assert low > 0 or high < 0
    else:
        assert limits(found) == (min(low, 0), max(high, 0))


@pytest.mark.parametrize(("passed", "other"), [(30, 40), (0, 5), (50, 50)])
def test_unpaired_rate_difference_is_newcombes(passed: int, other: int):
    found = unpaired_rate_difference(passes(passed, 50 - passed), passes(other, 60 - other))

    peer = confint_proportions_2indep(other, 60, passed, 50, method="newcomb", compare="diff")
    assert limits(found) == pytest.approx(peer)
    assert "different items" in found.note


def test_unpaired_rate_difference_with_one_side_empty_has_no_value():
    found = unpaired_rate_difference({"a": [None]}, passes(3, 3))

    assert found.value is None
    assert found.unscored == 1
