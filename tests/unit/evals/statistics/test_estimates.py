from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from app.evals.statistics import Method, mean_interval, rate_interval, score_interval
from tests.unit.evals.statistics.tables import limits, passes, table

numbers = st.floats(-1e6, 1e6)
some_scores = st.dictionaries(
    st.text(max_size=3), st.lists(st.none() | numbers, max_size=3), max_size=40
)
some_rates = st.dictionaries(
    st.text(max_size=3), st.lists(st.sampled_from([None, 0.0, 1.0]), max_size=3), max_size=40
)
some_clusters = st.dictionaries(st.text(max_size=3), st.sampled_from("abc"), max_size=20)


def skewed(count: int) -> list[float]:
    return list(np.random.default_rng(7).exponential(size=count))


@pytest.mark.parametrize(
    ("passed", "failed"), [(0, 1), (1, 0), (3, 4), (0, 40), (97, 3), (500, 500)]
)
def test_rate_interval_of_plain_items_is_wilsons(passed: int, failed: int):
    found = rate_interval(passes(passed, failed))

    expected = proportion_confint(passed, passed + failed, method="wilson")
    assert limits(found) == pytest.approx(expected, abs=1e-12)
    assert found.value == passed / (passed + failed)
    assert found.method is Method.WILSON


def test_rate_interval_without_failures_words_the_rule_of_three():
    assert rate_interval(passes(60, 0)).note == (
        "No failures in 60 items; their true rate may still be up to about 5 % (rule of three)."
    )
    assert rate_interval(passes(0, 60)).note.startswith("No successes in 60 items")
    assert rate_interval(passes(59, 1)).note == ""


def test_rate_interval_without_failures_counts_sources_as_items():
    found = rate_interval(passes(60, 0), {f"item {n}": f"page {n // 6}" for n in range(60)})

    assert found.low == rate_interval(passes(10, 0)).low
    assert "60 items from 10 sources" in found.note
    assert "30 %" in found.note


def test_rate_interval_of_repeats_that_agree_is_no_surer_than_of_one():
    repeated = {f"item {n}": [float(n < 20)] * 5 for n in range(40)}

    once, five_times = rate_interval(passes(20, 20)), rate_interval(repeated)

    assert limits(five_times) == pytest.approx(limits(once))
    assert five_times.items == 40


def test_rate_interval_of_repeats_that_scatter_counts_each_of_them():
    scattered = {f"item {n}": [0.0, 1.0] for n in range(40)}

    found = rate_interval(scattered)

    expected = proportion_confint(40, 80, method="wilson")
    assert limits(found) == pytest.approx(expected)


def test_rate_interval_of_items_alike_within_clusters_is_about_that_of_the_clusters():
    scores = table(float(n // 10 % 2) for n in range(400))
    clusters = {key: f"page {n // 10}" for n, key in enumerate(scores)}

    clustered, pages = rate_interval(scores, clusters), rate_interval(passes(20, 20))

    assert limits(clustered) == pytest.approx(limits(pages), abs=0.01)
    assert clustered.groups == 40
    assert clustered.items == 400


def test_rate_interval_of_a_score_beyond_one_is_refused():
    with pytest.raises(ValueError, match="from 0 to 1"):
        rate_interval(table([0.5, 1.5]))


@pytest.mark.parametrize("count", [15, 40, 200])
def test_mean_interval_of_many_items_is_near_scipys_bca(count: int):
    values = skewed(count)

    found = mean_interval(table(values))

    # Ours is wider, as Student's t is than the normal.
    reach = stats.t.ppf(0.975, count - 1) * np.sqrt(count / (count - 1))
    level, random = 1 - 2 * stats.norm.sf(reach), np.random.default_rng(1)
    peer = stats.bootstrap((values,), np.mean, confidence_level=level, method="BCa", rng=random)
    low, high = peer.confidence_interval
    assert limits(found) == pytest.approx((low, high), abs=0.04 * (high - low))
    assert found.standard_error == pytest.approx(stats.sem(values))
    assert found.method is Method.BOOTSTRAP


@pytest.mark.parametrize("count", [2, 14, 5_001])
def test_mean_interval_of_few_or_very_many_items_is_students(count: int):
    values = skewed(count)

    found = mean_interval(table(values))

    peer = stats.ttest_1samp(values, 0).confidence_interval()
    assert limits(found) == pytest.approx((peer.low, peer.high), rel=1e-4)
    assert found.method is Method.T
    assert found.badge == ("too few items" if count < 30 else "")


def test_mean_interval_takes_repeats_of_an_item_as_one():
    values = skewed(30)
    repeated = {str(n): [x - 0.1, x + 0.1, None] for n, x in enumerate(values)}

    once, thrice = mean_interval(table(values)), mean_interval(repeated)

    assert limits(thrice) == pytest.approx(limits(once), abs=0.02)
    assert thrice.standard_error == pytest.approx(once.standard_error)
    assert thrice.missing_repeats == 30


def test_mean_interval_of_copies_in_clusters_is_that_of_the_originals():
    values = skewed(40)
    copies = {f"{key} copy {n}": row for key, row in table(values).items() for n in range(5)}
    clusters = {key: key.partition(" copy")[0] for key in copies}

    alone, copied = mean_interval(table(values)), mean_interval(copies, clusters)

    assert copied.standard_error == pytest.approx(alone.standard_error)
    assert limits(copied) == pytest.approx(limits(alone), abs=0.03)
    assert limits(mean_interval(copies))[0] > limits(copied)[0] + 0.1


@pytest.mark.parametrize("missing", [None, math.nan, math.inf, -math.inf, 1e300])
def test_scores_that_are_no_numbers_are_unscored_and_not_zero(missing: float | None):
    found = mean_interval({"a": [4.0, missing], "b": [missing, missing], "c": [2.0], "d": []})

    assert found.value == 3.0
    assert (found.items, found.unscored, found.missing_repeats) == (2, 2, 1)


@pytest.mark.parametrize("interval", [rate_interval, mean_interval, score_interval])
def test_interval_of_nothing_has_no_value(interval):
    assert interval({}).note == "There are no items."
    found = interval({"a": [None]})
    assert (found.value, found.low, found.unscored) == (None, None, 1)
    assert found.note == "No item could be scored."


@pytest.mark.parametrize(
    ("values", "clusters", "note"),
    [
        ([0.7], None, "One item gives no interval."),
        ([0.1] * 3, None, "Every item scored the same"),
        ([0.7] * 100, None, "Every item scored the same"),
        (
            [0.1, 0.3] * 2,
            {f"item {n}": f"page {n // 2}" for n in range(4)},
            "Every source scored the same",
        ),
        ([0.1, 0.2], {"item 0": "page", "item 1": "page"}, "All items come from one source"),
    ],
)
def test_mean_interval_without_a_spread_says_why(values, clusters, note: str):
    found = mean_interval(table(values), clusters)

    assert found.value == pytest.approx(sum(values) / len(values))
    assert found.low is None
    assert found.high is None
    assert found.note.startswith(note)


def test_score_interval_takes_zeros_and_ones_for_a_rate_and_all_else_for_a_mean():
    assert score_interval(passes(20, 20)).method is Method.WILSON
    assert score_interval(table([0.0, 1.0, 0.5] * 10)).method is Method.BOOTSTRAP


@settings(deadline=None)  # the machine may be busy
@given(some_scores, some_clusters)
def test_mean_interval_holds_the_mean_and_ignores_the_order(scores, clusters):
    found = mean_interval(scores, clusters)

    if found.value is not None and found.low is not None:
        low, high = limits(found)
        assert low <= found.value <= high
    assert mean_interval(dict(reversed(scores.items())), clusters) == found
    assert found.items + found.unscored == len(scores)


@settings(deadline=None)  # the machine may be busy
@given(some_scores)
def test_mean_interval_of_negated_scores_is_negated(scores):
    negated = {key: [None if x is None else -x for x in row] for key, row in scores.items()}

    found, mirrored = mean_interval(scores), mean_interval(negated)

    if found.low is not None:
        low, high = limits(found)
        assert limits(mirrored) == (-high, -low)


@settings(deadline=None)  # the machine may be busy
@given(some_rates, some_clusters)
def test_rate_interval_holds_the_rate_within_0_and_1(scores, clusters):
    found = rate_interval(scores, clusters)

    if found.value is not None:
        low, high = limits(found)
        assert 0 <= low <= found.value <= high <= 1
    assert rate_interval(dict(reversed(scores.items())), clusters) == found
