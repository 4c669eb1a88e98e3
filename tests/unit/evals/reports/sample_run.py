"""A run with all that a report can hold: repeats, flips, what is unscored, and hostile texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from app.engine.messages import Role, ToolCall, Turn
from app.engine.protocol import FinishReason, ModelFacts, Timings
from app.engine.sampling import Sampling
from app.evals.entities import Item
from app.evals.reports.data import ReportData
from app.evals.runs.entities import (
    AnswerSettings,
    Candidate,
    CandidateModel,
    MetricId,
    Run,
    RunId,
    RunMetric,
    RunState,
    Sample,
    SampleId,
    SampleScore,
    SuiteId,
    Task,
)
from app.evals.runs.results import (
    CandidateResult,
    MatrixRow,
    MetricResult,
    RunResults,
    ScoredSample,
    Speed,
)
from app.evals.statistics import paired_difference, score_interval, verdict

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
EXACT = RunMetric(MetricId(1), {"metric": "exact_match"}, "exact match")
FIRST_TOKEN = RunMetric(
    MetricId(2), {"metric": "time_to_first_token"}, "time to first token", higher_is_better=False
)
SETTINGS = AnswerSettings(Sampling(temperature=0.0), 256)
FACTS = ModelFacts("Qwen3", "qwen3", "Q8_0", 4096, 4096, 2, "", "b1")


def candidate(number: int, label: str, quantization: str, size: int) -> Candidate:
    model = CandidateModel(
        "Qwen3 0.6B", quantization=quantization, sha256="ab" * 32, size_bytes=size
    )
    return Candidate(number, label, model, SETTINGS, facts=FACTS)


CANDIDATES = (
    candidate(0, "Q8_0", "Q8_0", 640_000_000),
    candidate(1, "Q4_K_M", "Q4_K_M", 380_000_000),
    candidate(2, "Q2_K", "Q2_K", 250_000_000),
)

# What each candidate says to each item, and how good it is; None is unscored.
Said = Sequence[tuple[str, float | None]]
ANSWERS: Mapping[str, Said] = {
    f"capital-{number:02}": (
        ("Paris", 1.0),
        ("Paris", 1.0) if number % 5 else ("Lyon", 0.0),
        ("It is Paris, I believe.\n\nOr is it?", 0.0) if number % 2 else ("Paris", 1.0),
    )
    for number in range(1, 41)
}


def sample_run(
    answers: Mapping[str, Said] = ANSWERS,
    *,
    metrics: tuple[RunMetric, ...] = (EXACT, FIRST_TOKEN),
    name: str = "Which quant?",
    asked: str = "What is the capital of France?",
    target: str = "Paris",
    problems: Mapping[tuple[str, int], str] | None = None,
    calls: tuple[ToolCall, ...] = (),
    notes: tuple[str, ...] = (),
    details: Mapping[str, str] | None = None,
) -> ReportData:
    """A report of it."""
    rows = tuple(
        MatrixRow(
            position,
            Item(key, (Turn(Role.USER, asked),), (target,), ("geography",)),
            {
                number: (
                    _scored(
                        position,
                        number,
                        text,
                        value,
                        (problems or {}).get((key, number), ""),
                        calls,
                        details or {},
                    ),
                )
                for number, (text, value) in enumerate(said)
            },
        )
        for position, (key, said) in enumerate(answers.items())
    )
    run = Run(
        RunId(7),
        name,
        RunState.DONE,
        Task.ANSWER,
        SuiteId(1),
        "Capitals",
        3,
        "cd" * 32,
        items=len(rows),
        repeats=1,
        seed=0,
        candidates=CANDIDATES,
        metrics=metrics,
        created_at=NOW,
        samples=len(rows) * 3,
    )
    results = RunResults(run, tuple(_result(rows, each, metrics) for each in CANDIDATES))
    return ReportData(results, rows, NOW, "Cairn 0.1.0", notes)


def _scored(
    position: int,
    number: int,
    text: str,
    value: float | None,
    problem: str,
    calls: tuple[ToolCall, ...],
    details: Mapping[str, str],
) -> ScoredSample:
    ttft_s = 0.2 + 0.1 * number + 0.001 * position
    sample = Sample(
        SampleId(position * 3 + number),
        number,
        position,
        0,
        "" if problem else text,
        calls,
        finish=FinishReason.FAILED if problem else FinishReason.END,
        timings=Timings(ttft_s, 0.02 / (1 + number), 30, 0, 12),
        total_s=0.5,
        problem=problem,
    )
    if problem:
        return ScoredSample(sample)
    reason = "Not scored." if value is None else f"The value is {value}."
    scores = (
        SampleScore(EXACT.id, value, reason, details),
        SampleScore(FIRST_TOKEN.id, ttft_s, "Measured."),
    )
    return ScoredSample(sample, scores)


def _result(
    rows: Sequence[MatrixRow], candidate: Candidate, metrics: Sequence[RunMetric]
) -> CandidateResult:
    results = []
    for metric in metrics:
        own = _table(rows, candidate.number, metric)
        base = _table(rows, 0, metric)
        said = (
            verdict(paired_difference(base, own), higher_is_better=metric.higher_is_better)
            if candidate.number
            else None
        )
        results.append(MetricResult(metric, score_interval(own), said))
    cells = [each for row in rows for each in row.cells[candidate.number]]
    number = candidate.number
    return CandidateResult(
        candidate,
        len(cells),
        sum(bool(each.sample.problem) for each in cells),
        next((each.sample.problem for each in cells if each.sample.problem), ""),
        tuple(results),
        Speed(0.2 + 0.1 * number, 50.0 * (1 + number), 30, 12, 0.5, 900_000_000),
    )


def _table(
    rows: Sequence[MatrixRow], number: int, metric: RunMetric
) -> dict[str, list[float | None]]:
    table: dict[str, list[float | None]] = {}
    for row in rows:
        found = [each.score(metric.id) for each in row.cells[number]]
        table[str(row.position)] = [None if each is None else each.value for each in found]
    return table
