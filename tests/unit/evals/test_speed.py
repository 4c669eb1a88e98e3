from __future__ import annotations

from typing import cast

import pytest

from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from app.engine.engine import Engine
from app.engine.errors import EngineError, EngineStopped, NoModelLoaded, PromptTooLong
from app.engine.messages import Role, Turn
from app.engine.protocol import FinishReason, Generated, TextScore, Timings
from app.evals.entities import Item, Output
from app.evals.metrics.metric import Metric
from app.evals.metrics.registry import KINDS
from app.evals.speed import TimePerToken, TimeToFirstToken, TokensPerSecond, measure_speed
from tests.unit.evals.judging.panel import Panel

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


def measured(reply: Generated | EngineError, cancel: CancelToken | None = None) -> Timings:
    return measure_speed(cast("Engine", Panel((reply,))), "One, two,", cancel or CancelToken())


def said(finish: FinishReason) -> Generated:
    return Generated("", finish, TIMINGS)


def test_speed_is_measured_alone_with_the_beginning_of_the_text():
    panel = Panel((said(FinishReason.LENGTH),))
    assert measure_speed(cast("Engine", panel), "a" * 5_000, CancelToken()) == TIMINGS
    (request,) = panel.asked
    assert (request.exact, request.raw, request.max_tokens) == (True, True, 32)
    assert request.sampling.temperature == 0
    assert request.turns == (Turn(Role.USER, "a" * 2_000),)


@pytest.mark.parametrize("reply", [said(FinishReason.FAILED), PromptTooLong("Too long.", "")])
def test_text_that_an_engine_cannot_go_on_with_is_not_timed(reply: Generated | EngineError):
    assert measured(reply) == Timings()


@pytest.mark.parametrize("reply", [said(FinishReason.STOPPED), NoModelLoaded("None.", "")])
def test_engine_that_is_gone_is_told_of(reply: Generated | EngineError):
    with pytest.raises((EngineStopped, NoModelLoaded)):
        measured(reply)


def test_measuring_can_be_broken_off():
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        measured(said(FinishReason.STOPPED), cancel)
