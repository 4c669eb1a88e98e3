"""How quick an answer came, by the engine's clock; the time it queued is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.evals.entities import Item, Output, Score
from app.evals.metrics.metric import unscored


@dataclass(frozen=True, slots=True)
class TimeToFirstToken:
    """Seconds from the moment the prompt was begun to the first token."""

    name: ClassVar[str] = "time_to_first_token"
    description: ClassVar[str] = "How long it takes until the answer begins, in seconds."
    higher_is_better: ClassVar[bool] = False

    def score(self, item: Item, output: Output) -> Score:  # noqa: ARG002 - as all metrics
        """Read the timings."""
        timings = output.timings
        if timings.ttft_s <= 0:
            return unscored("The time to the first token was not measured.")
        seconds = max(timings.ttft_s - timings.queue_s, 0.0)
        computed = timings.prompt_tokens - timings.reused_tokens
        return Score(
            seconds,
            f"{seconds:.3f} s; {computed:,} of {timings.prompt_tokens:,} tokens of the prompt were "
            "computed.",
        )


@dataclass(frozen=True, slots=True)
class TimePerToken:
    """Mean seconds from one token of the answer to the next."""

    name: ClassVar[str] = "time_per_token"
    description: ClassVar[str] = "How long each further token of the answer takes, in seconds."
    higher_is_better: ClassVar[bool] = False

    def score(self, item: Item, output: Output) -> Score:  # noqa: ARG002 - as all metrics
        """Read the timings."""
        timings = output.timings
        if timings.per_token_s <= 0:
            return unscored("It takes two tokens of an answer to measure the time between them.")
        return Score(timings.per_token_s, f"{timings.per_token_s:.4f} s{_over(output)}.")


@dataclass(frozen=True, slots=True)
class TokensPerSecond:
    """How many tokens of the answer came in a second, after the first."""

    name: ClassVar[str] = "tokens_per_second"
    description: ClassVar[str] = "How many tokens of the answer come in a second."

    def score(self, item: Item, output: Output) -> Score:  # noqa: ARG002 - as all metrics
        """Read the timings."""
        timings = output.timings
        if timings.per_token_s <= 0:
            return unscored("It takes two tokens of an answer to measure how quickly they come.")
        speed = timings.tokens_per_second
        return Score(speed, f"{speed:.1f} tokens a second{_over(output)}.")


def _over(output: Output) -> str:
    return f", over {output.timings.output_tokens:,} tokens"
