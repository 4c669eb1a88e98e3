"""What a report is made of, and how its numbers are put in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import fsum

from app.evals.metrics.metric import Needs
from app.evals.metrics.registry import KINDS
from app.evals.runs.entities import Candidate, RunMetric
from app.evals.runs.pairs import PairOutcome
from app.evals.runs.results import (
    CandidateResult,
    MatrixRow,
    MetricResult,
    PairResult,
    RunResults,
    ScoredSample,
)
from app.evals.statistics import Estimate


@dataclass(frozen=True, slots=True)
class ReportData:
    """A run, all that it came to, and every item with what became of it.

    Attributes:
        rows: of the whole matrix, in order.
        written_at: when the report is written, in the time zone to show.
        written_by: name and version of the program.
        notes: what else a reader should know, in sentences.
        pairs: candidates that were compared by a judge.
        outcomes: all that it found, in the order of the items.
    """

    results: RunResults
    rows: Sequence[MatrixRow]
    written_at: datetime
    written_by: str
    notes: tuple[str, ...] = ()
    pairs: Sequence[PairResult] = ()
    outcomes: Sequence[PairOutcome] = ()

    @property
    def title(self) -> str:
        """What it is called."""
        return self.results.run.name or f"Run {self.results.run.id}"


def is_score(metric: RunMetric) -> bool:
    """Whether its values are scores from 0 for the worst to 1 for the best."""
    kind = KINDS.get(metric.name)
    return kind is not None and not kind.unit and kind.needs is not Needs.LIKELIHOOD


def number_words(metric: RunMetric, value: float) -> str:
    """A value as people read it, with its unit."""
    if is_score(metric):
        return f"{value * 100:.1f} %"
    return f"{_digits(value)}{_unit(metric)}"


def tick_words(metric: RunMetric, value: float) -> str:
    """A round value at an axis, in no more digits than it has."""
    if is_score(metric):
        return f"{value * 100:.6g} %"
    return f"{value:.6g}{_unit(metric)}"


def estimate_words(metric: RunMetric, estimate: Estimate) -> str:
    """An estimate with its interval, or a dash."""
    if estimate.value is None:
        return "—"
    text = number_words(metric, estimate.value)
    if estimate.low is None or estimate.high is None:
        return text
    if is_score(metric):
        return f"{text} ({estimate.low * 100:.1f} to {estimate.high * 100:.1f})"
    return f"{text} ({_digits(estimate.low)} to {_digits(estimate.high)})"


def remarks(result: MetricResult) -> tuple[str, ...]:
    """What has to be known beside an estimate: how much is missing, how few items, why."""
    estimate = result.estimate
    missing = f"{estimate.unscored:,} unscored" if estimate.unscored else ""
    badge = estimate.badge if estimate.value is not None else ""
    return tuple(each for each in (missing, badge, estimate.note) if each)


def verdict_words(data: ReportData, result: CandidateResult, metric: MetricResult) -> str:
    """What the comparison with the baseline comes to, in a few words; empty if there is none."""
    if len(data.results.candidates) < 2:
        return ""
    if result.candidate.number == data.results.run.baseline:
        return "baseline"
    return "" if metric.verdict is None else metric.verdict.outcome.value


def counted(count: int, what: str) -> str:
    """So many of something: "1 item", "2 items"."""
    return f"{count:,} {what}{'s' * (count != 1)}"


def without_answer(result: CandidateResult) -> str:
    """How many samples have no answer, and the commonest reason."""
    return f"{counted(result.problems, 'sample')} without an answer: {result.problem}"


def size_words(size_bytes: int) -> str:
    """The size of a file; a dash if it is unknown."""
    if size_bytes <= 0:
        return "—"
    if size_bytes < 1_000_000_000:
        return f"{size_bytes / 1e6:.0f} MB"
    return f"{size_bytes / 1e9:.1f} GB"


def model_words(candidate: Candidate) -> str:
    """The model of a candidate, its quantization and where it runs."""
    model = candidate.model
    named = " ".join(each for each in (model.name, model.quantization) if each)
    return f"{named} on {model.host}" if model.host else named


def prompt_words(candidate: Candidate) -> str:
    """The prompt version of a candidate; empty if it has none."""
    prompt = candidate.prompt
    return "" if prompt is None else f"{prompt.name}, version {prompt.number}"


def mean_score(samples: Sequence[ScoredSample], metric: RunMetric) -> float | None:
    """The mean over the repeats that have a value; None if none has."""
    found = (each.score(metric.id) for each in samples)
    values = [each.value for each in found if each is not None and each.value is not None]
    return fsum(values) / len(values) if values else None


def _unit(metric: RunMetric) -> str:
    kind = KINDS.get(metric.name)
    return f" {kind.unit}" if kind and kind.unit else ""


def _digits(value: float) -> str:
    if value and not 0.001 <= abs(value) < 1e6:
        return f"{value:.3g}"
    return f"{value:,.{3 if abs(value) < 10 else 2 if abs(value) < 100 else 1}f}"
