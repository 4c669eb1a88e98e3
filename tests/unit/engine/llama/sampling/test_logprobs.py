from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.engine.llama.sampling import logprobs
from tests.unit.engine.llama.conftest import Native


def reference(logits: logprobs.Logits) -> NDArray[np.float64]:
    wide = logits.astype(np.float64)
    result: NDArray[np.float64] = wide - np.logaddexp.reduce(wide)
    return result


@pytest.mark.parametrize("offset", [0.0, 1000.0, -1000.0])
@pytest.mark.parametrize("size", [1, 2, 1000, 151_936])
def test_logprob_is_the_logarithm_of_the_softmax(size: int, offset: float) -> None:
    logits = np.random.default_rng(size).normal(offset, 4.0, size).astype(np.float32)
    expected = reference(logits)
    for token in {0, size // 2, size - 1}:
        assert logprobs.logprob_of(logits, token) == pytest.approx(expected[token], abs=1e-5)


def test_probabilities_of_all_tokens_are_one_together() -> None:
    logits = np.random.default_rng(0).normal(0.0, 3.0, 5000).astype(np.float32)
    total = sum(math.exp(logprobs.logprob_of(logits, token)) for token in range(len(logits)))
    assert total == pytest.approx(1.0, abs=1e-6)


def test_token_that_a_model_rules_out_has_no_probability() -> None:
    logits = np.array([0.0, -np.inf, 0.0], np.float32)
    assert logprobs.logprob_of(logits, 1) == -math.inf
    assert logprobs.best(logits, 3)[2] == (1, -math.inf)


@given(
    st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=300),
    st.integers(min_value=-1, max_value=320),
)
def test_best_are_the_most_probable_in_order(values: list[float], count: int) -> None:
    logits = np.array(values, np.float32)
    found = logprobs.best(logits, count)
    order = sorted(range(len(values)), key=lambda token: (-logits[token], token))
    assert [token for token, _ in found] == order[: max(count, 0)]
    expected = reference(logits)
    assert [value for _, value in found] == pytest.approx(
        [expected[token] for token, _ in found], abs=1e-4
    )


def test_best_of_equal_logits_are_the_first_tokens() -> None:
    found = logprobs.best(np.zeros(1000, np.float32), 3)
    assert [token for token, _ in found] == [0, 1, 2]


def test_greedy_choice_is_the_first_of_the_highest() -> None:
    logits = np.array([0.0, 2.0, 2.0, 1.0], np.float32)
    assert [logprobs.is_best(logits, token) for token in range(4)] == [False, True, False, False]


def test_row_is_a_view_of_what_the_context_computed(native: Native) -> None:
    native.decode(native.vocabulary.tokenize("hello there", parse_special=True))
    one = logprobs.row(native.context, -1, native.vocabulary.size)
    other = logprobs.row(native.context, -1, native.vocabulary.size)
    assert one.shape == (native.vocabulary.size,)
    assert one.dtype == np.float32
    assert np.shares_memory(one, other)
    assert np.isfinite(one).all()


def test_row_that_is_not_there_is_refused(native: Native) -> None:
    native.decode(native.vocabulary.tokenize("hello", parse_special=True))
    with pytest.raises(IndexError):
        logprobs.row(native.context, 99, native.vocabulary.size)
