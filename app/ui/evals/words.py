"""Runs, scores and samples in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.evals.reports.data import estimate_words, is_score, mean_score, number_words
from app.evals.runs.entities import (
    Candidate,
    Run,
    RunMetric,
    RunState,
    Sample,
    Task,
)
from app.evals.runs.results import CandidateResult, MetricResult, RunResults, ScoredSample
from app.evals.statistics import Method
from app.ui.amounts import count_text, size_text

HALF = 0.5  # scores below it are failures
DASH = "—"
_FIRST_WORDS = 160  # characters; more would not fit into a cell

_STATES = {
    RunState.WAITING: "Waiting for its turn",
    RunState.RUNNING: "Running",
    RunState.SCORING: "Scoring",
    RunState.PAUSED: "Paused",
    RunState.INTERRUPTED: "Interrupted",
    RunState.CANCELLED: "Stopped",
    RunState.DONE: "Done",
    RunState.FAILED: "Failed",
}
_STATE_SEVERITIES = {
    RunState.RUNNING: "info",
    RunState.SCORING: "info",
    RunState.PAUSED: "warn",
    RunState.INTERRUPTED: "warn",
    RunState.DONE: "ok",
    RunState.FAILED: "danger",
}
_METHODS = {
    Method.WILSON: "Wilson's interval of a share",
    Method.T: "Student's t interval of a mean",
    Method.BOOTSTRAP: "bootstrap interval (BCa) of a mean",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """How a cell did: a shape, a colour and a word, so that none has to be seen to know it."""

    icon: str
    role: str
    word: str


PASSED = Mark("ph.check-circle", "ok", "passed")
FAILED = Mark("ph.x-circle", "danger", "failed")
PARTLY = Mark("ph.circle-half", "warn", "partly")
UNSCORED = Mark("ph.question", "text3", "unscored")
PROBLEM = Mark("ph.warning", "danger", "no answer")


def state_words(run: Run) -> str:
    """The state in one or two words."""
    return _STATES[run.state]


def state_severity(run: Run) -> str:
    """The colour of the state, as tags have it."""
    return _STATE_SEVERITIES.get(run.state, "")


def left_open(run: Run) -> str:
    """What became of a run that was not finished, in a sentence; empty for others."""
    if not run.can_resume:
        return ""
    if not run.samples:
        kept = "Nothing was answered yet."
    elif run.samples < run.total:
        kept = f"{run.samples:,} of {run.total:,} answers are kept."
    elif any(each.unscored for each in run.metrics):
        kept = "All answers are kept; some are not scored yet."
    else:
        left = sum(each.missing for each in run.pairings)
        kept = f"{count_text(left, 'pair')} of answers are not judged side by side yet."
    return {
        RunState.PAUSED: f"This run is paused. {kept}",
        RunState.INTERRUPTED: f"Cairn ended in the middle of this run. {kept}",
        RunState.CANCELLED: f"This run was stopped. {kept}",
        RunState.FAILED: f"This run failed. {kept}",
        RunState.DONE: f"This run is not finished. {kept}",
    }[run.state]


def amount_words(run: Run) -> str:
    """How many answers there are of how many."""
    made = "reading" if run.task is Task.READ else "answer"
    if run.samples >= run.total:
        return count_text(run.total, made)
    return f"{run.samples:,} of {count_text(run.total, made)}"


def what_words(run: Run) -> str:
    """What is measured on what, in one line."""
    asks = "read" if run.task is Task.READ else "asked"
    parts = [
        f"{count_text(run.items, 'item')} of “{run.suite_name}”, version {run.suite_number}",
        f"{asks} {run.repeats} times each" if run.repeats > 1 else "",
        count_text(len(run.candidates), "candidate"),
    ]
    return " · ".join(part for part in parts if part)


def can_be_judged(run: Run) -> bool:
    """Whether there are answers of two candidates to compare, or will be."""
    return run.task is Task.ANSWER and len(run.candidates) > 1 and run.samples > 0


def best_of(results: RunResults) -> str:
    """The best candidate by the first metric, with its score; empty where nothing is scored."""
    metric = next(iter(results.run.metrics), None)
    if metric is None:
        return ""
    sign = 1 if metric.higher_is_better else -1
    scored = [
        (sign * each.metrics[0].estimate.value, each)
        for each in results.candidates
        if each.metrics[0].estimate.value is not None
    ]
    if not scored:
        return ""
    best = max(scored, key=lambda each: each[0])[1]
    words = f"{metric.label} {estimate_words(metric, best.metrics[0].estimate)}"
    return words if len(results.candidates) == 1 else f"Best: {best.candidate.label}, {words}"


def interval_tip(result: MetricResult) -> str:
    """How a number was found, and what has to be known beside it."""
    estimate, metric = result.estimate, result.metric
    way = "higher is better" if metric.higher_is_better else "lower is better"
    lines = [f"{metric.label}: {estimate_words(metric, estimate)}; {way}"]
    if method := _METHODS.get(estimate.method):
        lines.append(f"In brackets: the 95 % interval, {method}, over {_over(result)}.")
    if estimate.unscored:
        lines.append(f"{count_text(estimate.unscored, 'item')} could not be scored: no zero.")
    if estimate.missing_repeats:
        lines.append(f"{count_text(estimate.missing_repeats, 'repeat')} could not be scored.")
    lines += [estimate.note] if estimate.note else []
    if result.verdict is not None:
        lines.append(result.verdict.sentence)
    return "\n".join(lines)


def _over(result: MetricResult) -> str:
    estimate = result.estimate
    items = count_text(estimate.items, "item")
    if estimate.groups == estimate.items:
        return items
    return f"{items} from {count_text(estimate.groups, 'source')}"


def count_words(result: MetricResult) -> str:
    """The items behind a number, and those that could not be scored."""
    unscored = result.estimate.unscored
    words = f"n = {result.estimate.items:,}"
    return f"{words}, {unscored:,} unscored" if unscored else words


def verdict_words(result: MetricResult, *, is_baseline: bool, is_alone: bool) -> str:
    """The comparison with the baseline in a few words; empty where there is none."""
    if is_alone:
        return ""
    if is_baseline:
        return "baseline"
    if result.verdict is None:
        return ""
    return {
        "better": "better than the baseline",
        "worse": "worse than the baseline",
    }.get(result.verdict.outcome.value, result.verdict.outcome.value)


def model_size(candidate: Candidate) -> str:
    """The size of the model's file."""
    size = candidate.model.size_bytes
    return size_text(size) if size > 0 else DASH


def speed_words(result: CandidateResult) -> tuple[str, str]:
    """Time to first token and tokens per second."""
    speed = result.speed
    first = f"{speed.ttft_s:.2f} s" if speed.ttft_s else DASH
    return first, f"{speed.tokens_per_s:.1f}" if speed.tokens_per_s else DASH


def first_words(sample: Sample) -> str:
    """How an answer begins, on one line."""
    if sample.problem:
        return sample.problem
    if sample.reading is not None:
        return f"{sample.reading.bits_per_byte:.3f} bits/byte, {sample.reading.tokens:,} tokens"
    calls = " ".join(f"→ {each.name}" for each in sample.tool_calls)
    words = " ".join(f"{sample.text[:_FIRST_WORDS]} {calls}".split())
    return words or "(empty answer)"


def mark_of(samples: Sequence[ScoredSample], metric: RunMetric | None) -> Mark | None:
    """How a cell did by a metric; None where there is no telling pass from fail."""
    if any(each.sample.problem for each in samples):
        return PROBLEM
    if metric is None or not samples:
        return None
    mean = mean_score(samples, metric)
    if mean is None:
        return UNSCORED
    if not is_score(metric):
        return None
    if mean >= 1:
        return PASSED
    if mean < HALF:
        return FAILED
    return PARTLY


def cell_facts(samples: Sequence[ScoredSample], metric: RunMetric | None) -> str:
    """Score and time of a cell, in a few words."""
    if not samples:
        return ""
    parts = []
    mean = None if metric is None else mean_score(samples, metric)
    if metric is not None and mean is not None and not (is_score(metric) and mean in (0.0, 1.0)):
        parts.append(number_words(metric, mean))
    if len(samples) > 1:
        parts.append(f"mean of {len(samples)}")
    seconds = [each.sample.total_s for each in samples if each.sample.total_s]
    if seconds:
        parts.append(seconds_words(sum(seconds) / len(seconds)))
    return " · ".join(parts)


def seconds_words(seconds: float) -> str:
    """A short time: "42 ms", "1.3 s"."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def timing_words(sample: Sample) -> str:
    """All that was measured of a sample."""
    times = sample.timings
    parts = [seconds_words(sample.total_s)] if sample.total_s else []
    if times.prompt_tokens:
        parts.append(f"{times.prompt_tokens:,} tokens read")
    if times.output_tokens:
        parts.append(f"{times.output_tokens:,} written")
    if times.ttft_s:
        first = max(times.ttft_s - times.queue_s, 0.0)
        parts.append(f"first token after {seconds_words(first)}")
    if times.per_token_s:
        parts.append(f"{times.tokens_per_second:.1f} tokens/s")
    return " · ".join(parts)
