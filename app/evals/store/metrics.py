"""The metrics of runs, and what their scores come to."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, select, update

from app.evals.runs.entities import MetricId, RunId, RunMetric
from app.evals.runs.measuring import MetricFacts
from app.evals.tables import RunMetricRow, ScoreRow
from app.storage.db import Session


def add(session: Session, run_id: RunId, metrics: Iterable[MetricFacts]) -> None:
    """Measure by these, too; those that are there already stay as they are."""
    query = select(RunMetricRow.key, RunMetricRow.label).where(RunMetricRow.run_id == run_id)
    there = {key: label for key, label in session.execute(query)}
    for metric in metrics:
        key = json.dumps(metric.document, sort_keys=True, ensure_ascii=False)
        if key in there:
            continue
        label, number = metric.label, 1
        while label in there.values():
            number += 1
            label = f"{metric.label} {number}"
        there[key] = label
        session.add(
            RunMetricRow(
                run_id=run_id,
                key=key,
                document=dict(metric.document),
                label=label,
                higher_is_better=metric.higher_is_better,
                summary=None,
            )
        )


def summaries(session: Session, run_id: RunId) -> dict[int, Any]:
    """What was kept of each metric's summary, by its id; None for nothing."""
    query = select(RunMetricRow.id, RunMetricRow.summary).where(RunMetricRow.run_id == run_id)
    return {metric: summary for metric, summary in session.execute(query)}


def put_summaries(session: Session, found: Mapping[MetricId, Any]) -> None:
    """Keep summaries of metrics, those that are there still."""
    for metric, summary in found.items():
        where = RunMetricRow.id == metric
        session.execute(update(RunMetricRow).where(where).values(summary=summary))


def metrics_of(
    session: Session, ids: Any, samples: Mapping[int, int]
) -> Mapping[int, list[RunMetric]]:
    """The metrics of runs, by run, whose numbers of samples are known."""
    scored = (
        select(func.count())
        .select_from(ScoreRow)
        .where(ScoreRow.metric_id == RunMetricRow.id)
        .correlate(RunMetricRow)
        .scalar_subquery()
    )
    query = select(RunMetricRow, scored).where(RunMetricRow.run_id.in_(ids))
    found: defaultdict[int, list[RunMetric]] = defaultdict(list)
    for row, count in session.execute(query.order_by(RunMetricRow.id)):
        unscored = samples.get(row.run_id, 0) - count
        metric = RunMetric(
            MetricId(row.id), row.document, row.label, row.higher_is_better, unscored
        )
        found[row.run_id].append(metric)
    return found
