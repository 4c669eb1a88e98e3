"""How quick an answer came, by the engine's clock; the time it queued is left out.

A reading run has no answers. There a model goes on with the text of its first few items for a few
tokens, and that is timed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.engine.engine import Engine
from app.engine.errors import EngineStopped
from app.engine.messages import Role, Turn
from app.engine.protocol import FinishReason, Generate, Priority, Timings
from app.engine.sampling import Sampling
from app.evals.entities import Item, Output, Score
from app.evals.errors import LOST
from app.evals.metrics.metric import unscored

MEASURED_ITEMS: Final = 5  # of each candidate of a reading run, once each
CONTINUED_TOKENS: Final = 32
_MOST_CHARACTERS = 2_000  # of the text; about the tokens of a window that is scored


def measure_speed(engine: Engine, text: str, cancel: CancelToken) -> Timings:
    """Let a model read the beginning of a text and write on, greedily and without a template.

    The engine does nothing else meanwhile and reuses nothing, so that reading speed is the tokens
    of the prompt over the time to first token without the queue, and decode speed is that of up to
    32 tokens after the first. The model should have computed something before, or the time includes
    its file being paged in.

    Returns:
        What the engine measured; zeros where it cannot do that with this text.

    Raises:
        Cancelled: it was broken off.
        AppError: one of `LOST`: the engine is gone.
    """
    turn = Turn(Role.USER, text[:_MOST_CHARACTERS])
    request = Generate(
        (turn,),
        Sampling(temperature=0.0),
        CONTINUED_TOKENS,
        priority=Priority.BACKGROUND,
        exact=True,
        raw=True,
    )
    try:
        said = engine.generate(request, cancel=cancel)
    except LOST:
        raise
    except AppError:
        cancel.check()
        return Timings()
    cancel.check()
    if said.finish is FinishReason.STOPPED:
        raise EngineStopped("The model was unloaded.", "Let the run go on.", said.text)
    return Timings() if said.finish is FinishReason.FAILED else said.timings


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
            return _not_measured(output, "The time to the first token was not measured.")
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
            why = "It takes two tokens of an answer to measure the time between them."
            return _not_measured(output, why)
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
            why = "It takes two tokens of an answer to measure how quickly they come."
            return _not_measured(output, why)
        speed = timings.tokens_per_second
        return Score(speed, f"{speed:.1f} tokens a second{_over(output)}.")


def _not_measured(output: Output, why: str) -> Score:
    if output.reading is None or output.timings.output_tokens:
        return unscored(why)
    return unscored(
        f"Speed was not measured here: a run that reads measures it with its first {MEASURED_ITEMS}"
        " items only."
    )


def _over(output: Output) -> str:
    return f", over {output.timings.output_tokens:,} tokens"
