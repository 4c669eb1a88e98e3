from __future__ import annotations

import pytest

from app.engine.messages import Role, Turn
from app.engine.protocol import TextScore, Timings
from app.evals.entities import Item, Output
from app.evals.metrics.metric import Metric
from app.evals.metrics.registry import KINDS
from app.evals.speed import TimePerToken, TimeToFirstToken, TokensPerSecond

ITEM = Item("1", (Turn(Role.USER, "?"),))
TIMINGS = Timings(
    ttft_s=0.75,
    per_token_s=0.05,
    prompt_tokens=100,
    reused_tokens=90,
    output_tokens=21,
    queue_s=0.5,
)


@pytest.mark.parametrize(
    ("metric", "value", "reason"),
    [
        (TimeToFirstToken(), 0.25, "0.250 s; 10 of 100 tokens of the prompt were computed."),
        (TimePerToken(), 0.05, "0.0500 s, over 21 tokens."),
        (TokensPerSecond(), 20.0, "20.0 tokens a second, over 21 tokens."),
    ],
)
def test_speed_is_read_from_the_timings(metric: Metric, value: float, reason: str):
    found = metric.score(ITEM, Output("Yes.", timings=TIMINGS))
    assert found.value == pytest.approx(value)
    assert found.reason == reason


@pytest.mark.parametrize("metric", [TimeToFirstToken(), TimePerToken(), TokensPerSecond()])
def test_speed_that_was_not_measured_is_no_zero(metric: Metric):
    found = metric.score(ITEM, Output("Yes."))
    assert found.value is None
    assert "measure" in found.reason


@pytest.mark.parametrize("metric", [TimeToFirstToken(), TimePerToken(), TokensPerSecond()])
def test_item_that_a_reading_run_did_not_time_says_which_are(metric: Metric):
    found = metric.score(ITEM, Output("", reading=TextScore(-1.0, 1.0, 1, 4)))
    assert found.value is None
    assert "first 5 items" in found.reason


def test_shorter_times_and_higher_speeds_are_better():
    better = {name: kind.higher_is_better for name, kind in KINDS.items() if kind.unit}
    assert better == {
        "bits_per_byte": False,
        "time_to_first_token": False,
        "time_per_token": False,
        "tokens_per_second": True,
    }
    assert not KINDS["perplexity"].higher_is_better
