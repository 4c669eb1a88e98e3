from __future__ import annotations

import math

import pytest

from app.engine.messages import Role, Turn
from app.engine.protocol import TextScore
from app.evals.entities import Item, Output
from app.evals.likelihood import BitsPerByte, Perplexity, combined, likelihood_of

ITEM = Item("1", (Turn(Role.USER, "?"),))


def reading(*logprobs: float, text_bytes: int = 8) -> TextScore:
    return TextScore(sum(logprobs), sum(x * x for x in logprobs), len(logprobs), text_bytes)


def test_coin_toss_for_each_byte_is_one_bit_and_a_perplexity_of_two():
    found = likelihood_of(reading(*[-math.log(2)] * 8))
    assert found is not None
    assert found.perplexity == pytest.approx(2)
    assert found.bits_per_byte == pytest.approx(1)
    assert found.perplexity_error == pytest.approx(0, abs=1e-6)
    assert found.bits_per_byte_error == pytest.approx(0, abs=1e-6)


def test_errors_are_those_of_a_mean_over_tokens():
    values = [-0.5, -1.5, -3.0, -0.25, -2.0]
    found = likelihood_of(reading(*values, text_bytes=20))
    assert found is not None
    mean = sum(values) / 5
    error = math.sqrt(sum((x - mean) ** 2 for x in values) / 4 / 5)
    assert found.perplexity_error == pytest.approx(found.perplexity * error)
    assert found.bits_per_byte_error == pytest.approx(error * 5 / math.log(2) / 20)


def test_readings_combine_as_if_their_texts_were_one():
    one, other = reading(-1.0, -2.0, text_bytes=5), reading(-3.0, text_bytes=7)
    assert combined([one, other]) == reading(-1.0, -2.0, -3.0, text_bytes=12)
    assert likelihood_of(combined([])) is None


def test_single_token_has_no_error():
    found = likelihood_of(reading(-1.0))
    assert found is not None
    assert found.perplexity_error is None
    assert found.bits_per_byte_error is None


@pytest.mark.parametrize("metric", [Perplexity(), BitsPerByte()])
def test_output_without_a_reading_is_unscored(metric: Perplexity | BitsPerByte):
    assert metric.score(ITEM, Output("Yes.")).value is None
    assert metric.score(ITEM, Output("", reading=reading(text_bytes=0))).value is None


def test_scores_say_how_sure_they_are_and_over_how_much():
    output = Output("", reading=reading(*[-math.log(2)] * 8))
    assert Perplexity().score(ITEM, output).reason == "2.0000 ± 0.0000 over 8 tokens."
    assert BitsPerByte().score(ITEM, output).reason == "1.0000 ± 0.0000 over 8 bytes."


def test_perplexity_beyond_all_numbers_is_unscored():
    output = Output("", reading=reading(-math.inf, -1.0))
    assert Perplexity().score(ITEM, output).value is None
