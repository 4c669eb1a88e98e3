"""How likely a model finds given text: perplexity and bits per byte, without generating anything.

Perplexity compares quantizations of one model, since it counts by token. Bits per byte also
compares models whose tokenizers differ.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

from app.base.jobs import CancelToken
from app.engine.engine import Engine
from app.engine.messages import Turn
from app.engine.protocol import ScoreChoices, ScoreText, TextScore
from app.evals.entities import Item, Output, Score
from app.evals.metrics.metric import unscored

WINDOW: Final = 512  # tokens; perplexities are comparable only for one window
_LN2: Final = math.log(2)


@dataclass(frozen=True, slots=True)
class TextLikelihood:
    """What a model's reading of a text comes to.

    Attributes:
        perplexity: only for comparing files with the same tokenizer.
        perplexity_error, bits_per_byte_error: standard errors, tokens taken as independent; None
            where fewer than two tokens were read.
        tokens, text_bytes: that were scored.
    """

    perplexity: float
    perplexity_error: float | None
    bits_per_byte: float
    bits_per_byte_error: float | None
    tokens: int
    text_bytes: int


def read_text(engine: Engine, text: str, cancel: CancelToken | None = None) -> TextScore:
    """Let a model read a text in windows of 512 tokens.

    Raises:
        EngineError: it cannot score texts, or there is too little text.
        Cancelled: it was stopped.
    """
    return engine.score_text(ScoreText(text, WINDOW), cancel)


def read_target(
    engine: Engine,
    turns: tuple[Turn, ...],
    targets: tuple[str, ...],
    cancel: CancelToken | None = None,
) -> TextScore:
    """Let a model read right answers to what it is asked; the likeliest of them counts.

    Raises:
        EngineError: it cannot score texts, or a target is empty or too long.
        Cancelled: it was stopped.
    """
    scores = engine.score_choices(ScoreChoices(turns, targets), cancel)
    best = max(scores, key=lambda each: each.log_likelihood / max(each.text_bytes, 1))
    return TextScore(best.log_likelihood, best.squared, best.tokens, best.text_bytes)


def likelihood_of(reading: TextScore) -> TextLikelihood | None:
    """The numbers of a reading; None if no token was scored."""
    if reading.tokens < 1 or reading.scored_bytes < 1:
        return None
    has_error = reading.tokens > 1
    return TextLikelihood(
        reading.perplexity,
        reading.perplexity_error if has_error else None,
        reading.bits_per_byte,
        _bits_per_byte_error(reading) if has_error else None,
        reading.tokens,
        reading.scored_bytes,
    )


def combined(readings: Iterable[TextScore]) -> TextScore:
    """Several readings as one, as if their texts were one text: sums over all tokens.

    The perplexity of many texts is that of this, not the mean of their perplexities.
    """
    every = tuple(readings)
    return TextScore(
        math.fsum(each.log_likelihood for each in every),
        math.fsum(each.squared for each in every),
        sum(each.tokens for each in every),
        sum(each.scored_bytes for each in every),
    )


def _bits_per_byte_error(reading: TextScore) -> float:
    """From the spread of the tokens' log-likelihoods, the bytes taken as given."""
    mean = reading.log_likelihood / reading.tokens
    variance = max(reading.squared / reading.tokens - mean * mean, 0.0)
    of_sum = reading.tokens * math.sqrt(variance / (reading.tokens - 1))
    return of_sum / _LN2 / reading.scored_bytes


@dataclass(frozen=True, slots=True)
class Perplexity:
    """exp of the mean negative log-likelihood of a token of the text that was read."""

    name: ClassVar[str] = "perplexity"
    description: ClassVar[str] = "How surprised the model is by a token of the text."
    higher_is_better: ClassVar[bool] = False

    def score(self, item: Item, output: Output) -> Score:  # noqa: ARG002 - as all metrics
        """Take it from what the model read."""
        found = _of_output(output)
        if found is None:
            return _not_read()
        if not math.isfinite(found.perplexity):
            return unscored("The perplexity is beyond all numbers.")
        words = f"{found.perplexity:.4f}{_give_or_take(found.perplexity_error)}"
        return Score(found.perplexity, f"{words} over {found.tokens:,} tokens.")


@dataclass(frozen=True, slots=True)
class BitsPerByte:
    """Negative log-likelihood of the text that was read, in bits for each of its UTF-8 bytes."""

    name: ClassVar[str] = "bits_per_byte"
    description: ClassVar[str] = "How many bits the model needs for a byte of the text."
    higher_is_better: ClassVar[bool] = False

    def score(self, item: Item, output: Output) -> Score:  # noqa: ARG002 - as all metrics
        """Take it from what the model read."""
        found = _of_output(output)
        if found is None:
            return _not_read()
        words = f"{found.bits_per_byte:.4f}{_give_or_take(found.bits_per_byte_error)}"
        return Score(found.bits_per_byte, f"{words} over {found.text_bytes:,} bytes.")


def _of_output(output: Output) -> TextLikelihood | None:
    return None if output.reading is None else likelihood_of(output.reading)


def _not_read() -> Score:
    return unscored("The model did not read a text; this is measured by a run that reads.")


def _give_or_take(error: float | None) -> str:
    return "" if error is None else f" ± {error:.4f}"
