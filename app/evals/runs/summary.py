"""A run summed up. Intervals of many items take seconds, so what they came to is kept beside them.

What is kept holds for as long as baseline and number of scores are what they were: scores of a run
are only ever added. While answers still come it holds for a few more of them, or summing up would
take the processor from the model.
"""

from __future__ import annotations

from typing import Any

from app.chat.plain import from_plain, to_plain
from app.evals.runs.entities import Run, RunId, RunMetric, RunState
from app.evals.runs.results import CandidateResult, MetricResult, RunResults, Speed
from app.evals.runs.summing import metric_results, speeds
from app.evals.statistics import Estimate, Verdict
from app.evals.store import metrics as metric_store
from app.evals.store import runs as run_store
from app.evals.store import samples as store
from app.storage.db import Database, Session

_MORE_WHILE_RUNNING = 0.05  # scores, as a share of those that were summed up


def results_of(database: Database, run_id: RunId) -> RunResults:
    """All results of a run as it is now; what had to be computed is kept.

    While it generates, up to a twentieth of its scores are not summed up yet.

    Raises:
        NotFound: there is no such run.
    """
    with database.read() as session:
        run = run_store.run(session, run_id)
        kept = metric_store.summaries(session, run_id)
        found = {each.id: _from_json(kept.get(each.id), run, each) for each in run.metrics}
        new = {
            each.id: _computed(session, run, each) for each in run.metrics if found[each.id] is None
        }
        counts = store.counts(session, run_id)
        quick = speeds(store.measured(session, run_id), run.task)
    if new:
        summaries = {
            each.id: _to_json(run, each, new[each.id]) for each in run.metrics if each.id in new
        }
        database.write(lambda s: metric_store.put_summaries(s, summaries))
    columns = [new.get(each.id) or found[each.id] or () for each in run.metrics]
    candidates = (
        CandidateResult(
            each,
            *counts.get(each.number, (0, 0, "")),
            metrics=tuple(column[at] for column in columns),
            speed=quick.get(each.number, Speed()),
        )
        for at, each in enumerate(run.candidates)
    )
    return RunResults(run, tuple(candidates))


def shared_by_key(session: Session, run_id: RunId) -> dict[str, str]:
    """What items share, by position as the statistics name it."""
    return {str(position): name for position, name in store.clusters(session, run_id).items()}


def _computed(session: Session, run: Run, metric: RunMetric) -> tuple[MetricResult, ...]:
    table = store.score_table(session, run.id, metric.id)
    return metric_results(run, metric, table, shared_by_key(session, run.id))


def _key(run: Run, metric: RunMetric) -> list[int]:
    return [run.baseline, run.samples - metric.unscored]


def _holds(kept: list[int], run: Run, metric: RunMetric) -> bool:
    (baseline, summed), (wanted, scores) = kept, _key(run, metric)
    more = summed * _MORE_WHILE_RUNNING if run.state is RunState.RUNNING else 0.0
    return baseline == wanted and summed <= scores <= summed + more


def _to_json(run: Run, metric: RunMetric, results: tuple[MetricResult, ...]) -> dict[str, Any]:
    return {
        "key": _key(run, metric),
        "estimates": [to_plain(each.estimate) for each in results],
        "verdicts": [to_plain(each.verdict) for each in results],
    }


def _from_json(data: Any, run: Run, metric: RunMetric) -> tuple[MetricResult, ...] | None:
    if data is None or not _holds(data["key"], run, metric):
        return None
    pairs = zip(data["estimates"], data["verdicts"], strict=True)
    return tuple(
        MetricResult(
            metric,
            from_plain(Estimate, estimate),
            None if verdict is None else from_plain(Verdict, verdict),
        )
        for estimate, verdict in pairs
    )
