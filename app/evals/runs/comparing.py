"""Compares two runs on the items that are equal in both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.evals.errors import RunRefused
from app.evals.runs.entities import Candidate, MetricId, Run, RunMetric
from app.evals.statistics import Estimate, Verdict, holm, paired_difference, score_interval, verdict
from app.evals.store import samples as store
from app.storage.db import Session

ByItem = Mapping[str, Sequence[float | None]]


@dataclass(frozen=True, slots=True)
class Compared:
    """A candidate of the second run beside the baseline of the first."""

    candidate: Candidate
    estimate: Estimate
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """Two runs by one metric that both have."""

    metric: RunMetric
    baseline: Candidate
    estimate: Estimate
    others: tuple[Compared, ...]


def compare(session: Session, one: Run, other: Run) -> tuple[MetricComparison, ...]:
    """By every metric that both runs were measured by.

    Raises:
        RunRefused: they share no metric or no item.
    """
    shared = [
        (first, second)
        for first in one.metrics
        for second in other.metrics
        if first.document == second.document
    ]
    if not shared:
        raise RunRefused(
            "The two runs share no metric.", "Measure one of them by a metric of the other."
        )
    items, other_items = store.digests(session, one.id), store.digests(session, other.id)
    if not set(items.values()) & set(other_items.values()):
        raise RunRefused("The two runs share no item.", "Compare runs over the same suite.")
    return tuple(
        _compared(
            one,
            other,
            first,
            _by_item(session, one, first.id, items),
            _by_item(session, other, second.id, other_items),
        )
        for first, second in shared
    )


def _by_item(
    session: Session, run: Run, metric: MetricId, items: Mapping[int, str]
) -> Mapping[int, ByItem]:
    table = store.score_table(session, run.id, metric)
    return {
        candidate: {items[position]: values for position, values in scores.items()}
        for candidate, scores in table.items()
    }


def _compared(
    one: Run,
    other: Run,
    metric: RunMetric,
    tables: Mapping[int, ByItem],
    other_tables: Mapping[int, ByItem],
) -> MetricComparison:
    before = tables.get(one.baseline, {})
    after = {each.number: other_tables.get(each.number, {}) for each in other.candidates}
    differences = {number: paired_difference(before, table) for number, table in after.items()}
    corrected = holm([each.p_value for each in differences.values()])
    others = tuple(
        Compared(
            each,
            score_interval(after[each.number]),
            verdict(
                differences[each.number],
                higher_is_better=metric.higher_is_better,
                corrected_p=p_value if len(after) > 1 else None,
            ),
        )
        for each, p_value in zip(other.candidates, corrected, strict=True)
    )
    return MetricComparison(metric, one.candidates[one.baseline], score_interval(before), others)
