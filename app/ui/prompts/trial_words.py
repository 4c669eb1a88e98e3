"""What the playground says of a trial. No widgets here."""

from __future__ import annotations

from app.engine.protocol import FinishReason
from app.evals.trials import Tried
from app.ui.amounts import count_text

_ENDS = {
    FinishReason.LENGTH: "cut off at the longest answer",
    FinishReason.STOPPED: "stopped by you",
    FinishReason.TOOL_CALLS: "asked for a tool",
}


def facts_text(tried: Tried) -> str:
    """How fast it was, what was read and written, and how it ended, in one line."""
    timings = tried.generated.timings
    parts = [f"loaded in {_seconds(tried.load_s)}"] if tried.load_s >= 1 else []
    if timings.ttft_s:
        parts.append(f"first token after {_seconds(timings.ttft_s)}")
    if timings.tokens_per_second:
        parts.append(f"{timings.tokens_per_second:.1f} tokens/s")
    if timings.prompt_tokens:
        reused = f" ({timings.reused_tokens:,} reused)" if timings.reused_tokens else ""
        parts.append(f"{count_text(timings.prompt_tokens, 'token')} read{reused}")
    if timings.output_tokens:
        parts.append(f"{count_text(timings.output_tokens, 'token')} written")
    parts.append(_ENDS.get(tried.generated.finish, "ended by itself"))
    line = " · ".join(parts)
    return line[:1].upper() + line[1:]


def model_text(tried: Tried) -> str:
    """The model that answered, and where."""
    sampling = tried.sampling
    drawn = "likeliest words" if sampling.is_greedy else f"temperature {sampling.temperature:g}"
    where = f"on {tried.host}" if tried.host else ""
    seed = "" if sampling.is_greedy else f"seed {sampling.seed}"
    return " · ".join(
        part for part in (tried.model, tried.quantization, where, drawn, seed) if part
    )


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 0.0995 else f"{seconds:.2f} s"
