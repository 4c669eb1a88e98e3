"""Sums scores and times of a run up: intervals, verdicts beside the baseline, and speed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from app.evals.runs.entities import Run, RunMetric, Task
from app.evals.runs.results import MetricResult, Speed
from app.evals.statistics import (
    Clusters,
    Estimate,
    Scores,
    Verdict,
    holm,
    paired_difference,
    score_interval,
    verdict,
)
from app.evals.store.samples import Measured

# Scores by candidate and position of the item.
Table = Mapping[int, Mapping[int, Sequence[float | None]]]


def estimate_of(scores: Mapping[int, Sequence[float | None]], clusters: Clusters) -> Estimate:
    """The score of one candidate by one metric."""
    return score_interval(by_key(scores), clusters or None)


def by_key(scores: Mapping[int, Sequence[float | None]]) -> Scores:
    """Scores as the statistics take them."""
    return {str(position): values for position, values in scores.items()}


def metric_results(
    run: Run, metric: RunMetric, table: Table, clusters: Clusters
) -> tuple[MetricResult, ...]:
    """Every candidate by one metric, in their order.

    Args:
        run: which.
        metric: of the run.
        table: its scores.
        clusters: by position of the item, as text.
    """
    verdicts = _verdicts(run, metric, table, clusters)
    return tuple(
        MetricResult(
            metric,
            estimate_of(table.get(each.number, {}), clusters),
            verdicts.get(each.number),
        )
        for each in run.candidates
    )


def _verdicts(
    run: Run, metric: RunMetric, table: Table, clusters: Clusters
) -> Mapping[int, Verdict]:
    baseline = by_key(table.get(run.baseline, {}))
    others = [each.number for each in run.candidates if each.number != run.baseline]
    differences = {
        number: paired_difference(baseline, by_key(table.get(number, {})), clusters or None)
        for number in others
    }
    corrected = holm([differences[number].p_value for number in others])
    return {
        number: verdict(
            differences[number],
            higher_is_better=metric.higher_is_better,
            corrected_p=p_value if len(others) > 1 else None,
        )
        for number, p_value in zip(others, corrected, strict=True)
    }


def speeds(measured: Iterable[Measured], task: Task) -> Mapping[int, Speed]:
    """How quick each candidate was at its task."""
    groups: dict[int, list[Measured]] = {}
    for each in measured:
        groups.setdefault(each.candidate, []).append(each)
    return {
        candidate: Speed(
            ttft_s=_median(each.ttft_s for each in group),
            tokens_per_s=_median(1 / each.per_token_s for each in group if each.per_token_s),
            read_tokens_per_s=_median(map(_reading_speed, group)) if task is Task.READ else 0.0,
            prompt_tokens=_median(each.prompt_tokens for each in group),
            output_tokens=_median(each.output_tokens for each in group),
            total_s=_median(each.total_s for each in group),
            peak_memory_bytes=max(each.memory_bytes for each in group),
        )
        for candidate, group in groups.items()
    }


def _reading_speed(measured: Measured) -> float:
    computed = measured.prompt_tokens - measured.reused_tokens
    return computed / measured.ttft_s if measured.ttft_s > 0 else 0.0


def _median(values: Iterable[float]) -> float:
    known = [each for each in values if each > 0]
    return float(median(known)) if known else 0.0
