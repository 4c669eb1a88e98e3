from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from app.evals.statistics import Outcome, holm, paired_difference, verdict
from tests.unit.evals.statistics.tables import outcomes, table

CLEAR = paired_difference(*outcomes(both=60, lost=5, won=25, neither=10))


def test_verdict_of_many_items_won_is_better():
    found = verdict(CLEAR)

    assert found.outcome is Outcome.BETTER
    assert found.items_needed is None
    assert found.badge == ""
    assert found.sentence == (
        "Better: +20.0 percentage points (95 % interval +10.0 to +30.3) over 100 items, p < 0.001."
    )


def test_verdict_of_many_items_lost_is_worse():
    baseline, candidate = outcomes(both=60, lost=25, won=5, neither=10)

    assert verdict(paired_difference(baseline, candidate)).outcome is Outcome.WORSE


def test_verdict_where_lower_is_better_turns_round():
    slow, fast = table(range(20, 60)), table(range(10, 50))

    found = verdict(paired_difference(slow, fast), higher_is_better=False)

    assert found.outcome is Outcome.BETTER
    assert found.sentence == "Better: -10 over 40 items, p < 0.001."


def test_verdict_of_a_small_difference_says_how_many_items_would_be_needed():
    found = verdict(paired_difference(*outcomes(both=60, lost=8, won=12, neither=20)))

    assert found.outcome is Outcome.NO_DIFFERENCE
    assert found.items_needed == 979
    assert found.sentence == (
        "No difference could be seen: +4.0 percentage points (95 % interval -5.1 to +13.3)"
        " over 100 items, p = 0.5; about 980 items would be needed."
    )


def test_verdict_of_equal_candidates_names_no_number_of_items():
    found = verdict(paired_difference(table([0.2, 0.4]), table([0.2, 0.4])))

    assert found.outcome is Outcome.NO_DIFFERENCE
    assert found.items_needed is None
    assert found.sentence == "No difference could be seen: +0 over 2 items, p = 1."
    assert found.badge == "too few items"


def test_verdict_after_correction_asks_for_more_items():
    corrected = verdict(CLEAR, corrected_p=0.2)

    assert corrected.outcome is Outcome.NO_DIFFERENCE
    assert corrected.p_value == 0.2
    assert corrected.items_needed == 168
    assert "p = 0.2 after correction; about 170 items would be needed" in corrected.sentence


def test_verdict_without_common_items_says_so():
    found = verdict(paired_difference({"a": [1.0]}, {"a": [None]}))

    assert found.outcome is Outcome.NOTHING_TO_COMPARE
    assert found.sentence == (
        "Nothing to compare: no item was scored for both. 1 item was left out, not scored for both."
    )


def test_verdict_of_a_correction_beyond_all_reason_still_ends():
    certain = paired_difference(*outcomes(both=0, lost=0, won=2_000, neither=0))

    assert verdict(certain, corrected_p=1.0).items_needed == 2_001


@pytest.mark.parametrize("count", [1, 3])
def test_verdict_of_very_few_items_is_no_difference(count: int):
    rates = verdict(paired_difference(*outcomes(both=0, lost=0, won=count, neither=0)))
    values = verdict(paired_difference(table([0.1] * count), table([0.9] * count)))

    assert rates.outcome is values.outcome is Outcome.NO_DIFFERENCE
    assert rates.items_needed == 6


def test_holm_is_that_of_statsmodels():
    p_values = [0.01, 0.04, 0.03, 0.005, 0.9, 0.02]

    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_holm_leaves_out_what_was_not_compared():
    assert holm([0.02, None, 0.01]) == (0.02, None, 0.02)
    assert holm([]) == ()


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.floats(0, 1)))
def test_holm_only_raises_p_values_and_keeps_their_order(p_values: list[float]):
    corrected = [p for p in holm(p_values) if p is not None]

    assert all(p <= raised <= 1 for p, raised in zip(p_values, corrected, strict=True))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [corrected[n] for n in order] == sorted(corrected)
