"""Refuses sampler values that llama.cpp would misread, wrap around or crash on, in words."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from app.engine.errors import SamplingError
from app.engine.sampling import Sampling

_MOST_COUNT = 2**31 - 1
_MOST_BIAS = 1e6
_SMALLEST = 1e-6  # of values that must be above zero

# Field, its name in words, and the least and the greatest value it may have.
_RANGES: tuple[tuple[str, str, float, float], ...] = (
    ("temperature", "The temperature", -1e6, 100),
    ("top_k", "Top-k", 0, _MOST_COUNT),
    ("top_p", "Top-p", 0, 1),
    ("min_p", "Min-p", 0, 1),
    ("typical_p", "Typical-p", 0, 1),
    ("top_n_sigma", "Top-n-sigma", -1e6, 1e6),
    ("xtc_probability", "The XTC probability", 0, 1),
    ("xtc_threshold", "The XTC threshold", 0, 1),
    ("dry_multiplier", "The DRY multiplier", 0, 1000),
    ("dry_base", "The DRY base", 1, 1000),
    ("dry_allowed_length", "The DRY allowed length", 0, _MOST_COUNT),
    ("dry_last_n", "The DRY range", -1, _MOST_COUNT),
    ("repeat_penalty", "The repetition penalty", _SMALLEST, 1000),
    ("frequency_penalty", "The frequency penalty", -1000, 1000),
    ("presence_penalty", "The presence penalty", -1000, 1000),
    ("penalty_last_n", "The penalty range", -1, _MOST_COUNT),
    ("dynamic_temperature", "The dynamic temperature range", 0, 100),
    ("dynamic_exponent", "The dynamic temperature exponent", 0, 100),
    ("mirostat_tau", "The mirostat target", _SMALLEST, 1000),
    ("mirostat_eta", "The mirostat learning rate", 0, 1000),
    ("adaptive_target", "The adaptive-p target", -1e6, 1),
    ("adaptive_decay", "The adaptive-p decay", 0, 0.99),
)
_HINT = "Change it in the sampling settings."


def check_sampling(sampling: Sampling, vocabulary_size: int) -> None:
    """Look at every value.

    Raises:
        SamplingError: one is not a number, or out of its range; which one, and what it may be.
    """
    for field, name, least, most in _RANGES:
        value = getattr(sampling, field)
        if not least <= value <= most:  # NaN fails too
            raise SamplingError(
                f"{name} must be a number from {least:g} to {most:g}; it is {value:g}.", _HINT
            )
    if len(set(sampling.order)) != len(sampling.order):
        raise SamplingError("A sampler is twice in the order of samplers.", _HINT)
    if any("\0" in breaker for breaker in sampling.dry_breakers):
        raise SamplingError("A DRY breaker contains a zero byte.", _HINT)
    _check_bias(sampling.logit_bias, vocabulary_size)


def _check_bias(bias: Iterable[tuple[int, float]], vocabulary_size: int) -> None:
    forbidden: set[int] = set()
    for token, amount in bias:
        if not 0 <= token < vocabulary_size:
            raise SamplingError(
                f"The logit bias names token {token}; this model has tokens 0 to"
                f" {vocabulary_size - 1:,}.",
                "Tokens are numbered by each model for itself. Correct the bias.",
            )
        if amount != -inf and not -_MOST_BIAS <= amount <= _MOST_BIAS:
            raise SamplingError(
                f"The logit bias of token {token} must be a number from {-_MOST_BIAS:g} to"
                f" {_MOST_BIAS:g}, or minus infinity; it is {amount:g}.",
                _HINT,
            )
        if amount == -inf:
            forbidden.add(token)
    if len(forbidden) >= vocabulary_size:
        raise SamplingError("The logit bias forbids every token of the model.", _HINT)
