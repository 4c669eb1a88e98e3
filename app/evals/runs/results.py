"""What runs come to: sums by candidate and metric, the matrix of items, and what to expect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from app.evals.entities import Item
from app.evals.runs.entities import (
    Candidate,
    CandidateModel,
    MetricId,
    Run,
    RunId,
    RunMetric,
    Sample,
    SampleScore,
)
from app.evals.runs.pairs import Pairing

if TYPE_CHECKING:
    from app.evals.judging.pairwise import Tally
    from app.evals.statistics import Estimate, Verdict
    from app.modelhub.fit import Fit


@dataclass(frozen=True, slots=True)
class Speed:
    """How quick a candidate was: medians over its samples that have an answer; 0 if unknown.

    Attributes:
        ttft_s: time to first token, without waiting in the queue of requests.
        tokens_per_s: of output.
        prompt_tokens, output_tokens: of one sample.
        total_s: of one sample from asking to the end.
        peak_memory_bytes: the most that its engine had.
        read_tokens_per_s: of prompt that was computed; only known of reading runs, since answers
            are computed beside others.
    """

    ttft_s: float = 0.0
    tokens_per_s: float = 0.0
    prompt_tokens: float = 0.0
    output_tokens: float = 0.0
    total_s: float = 0.0
    peak_memory_bytes: int = 0
    read_tokens_per_s: float = 0.0


@dataclass(frozen=True, slots=True)
class MetricResult:
    """One candidate by one metric.

    Attributes:
        verdict: beside the baseline, corrected for the number of candidates; None for the
            baseline itself.
    """

    metric: RunMetric
    estimate: Estimate
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class CandidateResult:
    """All that was measured of one candidate.

    Attributes:
        samples: it has so far; `problems` of them have no answer.
        problem: the commonest reason for that, in words.
        metrics: in the order of the run's.
    """

    candidate: Candidate
    samples: int
    problems: int
    problem: str = ""
    metrics: tuple[MetricResult, ...] = ()
    speed: Speed = field(default_factory=Speed)


@dataclass(frozen=True, slots=True)
class RunResults:
    """A run summed up, at any moment of its life."""

    run: Run
    candidates: tuple[CandidateResult, ...]


@dataclass(frozen=True, slots=True)
class ScoredSample:
    """A sample, without the turns that were sent, and its scores."""

    sample: Sample
    scores: tuple[SampleScore, ...] = ()

    def score(self, metric: MetricId) -> SampleScore | None:
        """By this metric; None where it was not asked yet."""
        return next((each for each in self.scores if each.metric == metric), None)


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """An item and what each candidate made of it.

    Attributes:
        position: of the item in the run, from 0.
        cells: by candidate number, the repeats that there are.
    """

    position: int
    item: Item
    cells: Mapping[int, tuple[ScoredSample, ...]]


@dataclass(frozen=True, slots=True)
class MatrixFilter:
    """Which items of a run are shown; all conditions hold together.

    Attributes:
        text: occurs in the key, the input, a target or an answer, whatever the case.
        tag: of the item.
        below: with `metric`: some candidate has a mean score below this; 1 shows failures.
        unscored: with `metric`: some sample of it was asked about and has no value.
        problems: some sample has no answer but a problem.
        flips: with `metric`: the mean scores of these two candidates lie on two sides of one half.
        candidate: limits `below`, `unscored` and `problems` to this one.
    """

    text: str = ""
    tag: str = ""
    metric: MetricId | None = None
    below: float | None = None
    unscored: bool = False
    problems: bool = False
    flips: tuple[int, int] | None = None
    candidate: int | None = None


@dataclass(frozen=True, slots=True)
class MatrixPage:
    """Some rows of the matrix, of `total` that the filter lets through."""

    rows: tuple[MatrixRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class ModelFit:
    """Whether a model of a run fits into memory; `problem` says why that is not known."""

    model: CandidateModel
    fit: Fit | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RunEstimate:
    """What a run would take. An estimate, and said to be one.

    Attributes:
        items: that would be asked.
        requests: to models.
        prompt_tokens: of all requests, counted or guessed from a few of them.
        most_output_tokens: if every answer is as long as it may be.
        seconds: None where no earlier run with these models tells how quick they are.
        fits: each model once, in the order in which they would be loaded.
        problems: what would go wrong, in words, such as an item that a prompt cannot take.
    """

    items: int
    requests: int
    prompt_tokens: int
    most_output_tokens: int
    seconds: float | None = None
    fits: tuple[ModelFit, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LastScore:
    """The newest score of a prompt version, for a badge beside it."""

    run: RunId
    run_name: str
    suite_name: str
    metric: RunMetric
    estimate: Estimate
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class PairResult:
    """What the comparisons of two candidates by one judge come to, at any moment.

    Attributes:
        pairing: which; `pairing.missing` comparisons are not made yet.
        tally: wins are those of `one`.
        verdict: of `other` beside `one`: the difference of how often they win, corrected for other
            pairs that the same judge compared in this run.
        sentence: who is better and how sure that is, for people.
        warnings: what makes the judge doubtful, in sentences.
    """

    pairing: Pairing
    one: Candidate
    other: Candidate
    tally: Tally
    verdict: Verdict
    sentence: str
    warnings: tuple[str, ...] = ()
