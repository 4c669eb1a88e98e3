"""Samples of a run and comparisons as plain JSON, with all that it takes to analyse them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from enum import Enum
from math import isfinite
from typing import Any

from app.evals.reports.data import ReportData
from app.evals.reports.pairs import outcome_to_json
from app.evals.runs.entities import Candidate, MetricId, RunMetric, Sample
from app.evals.runs.results import MatrixRow, ScoredSample
from app.evals.suites.item_json import item_to_json


def samples_to_json(data: ReportData) -> Iterator[dict[str, Any]]:
    """Every sample, by item, candidate and repeat."""
    run = data.results.run
    about_run = _run(data)
    candidates = {each.number: plain(candidate_to_json(each)) for each in run.candidates}
    metrics = {each.id: each for each in run.metrics}
    for row in data.rows:
        item = _item(row)
        for scored in scored_samples(row):
            sample = scored.sample
            yield {
                "run": about_run,
                "item": item,
                "candidate": candidates[sample.candidate],
                "sample": plain(_sample(sample)),
                "scores": plain(_scores(scored, metrics)),
            }


def pairs_to_json(data: ReportData) -> Iterator[dict[str, Any]]:
    """Every comparison by a judge, in the order of the items."""
    about_run = _run(data)
    pairs = {each.pairing.id: each for each in data.pairs}
    items = {row.position: _item(row) for row in data.rows} if pairs else {}
    for outcome in data.outcomes:
        found = outcome_to_json(outcome, pairs[outcome.pairing])
        yield {"run": about_run, "item": items[outcome.position], "pair": plain(found)}


def scored_samples(row: MatrixRow) -> Iterator[ScoredSample]:
    """The samples of an item, by candidate and repeat."""
    for number in sorted(row.cells):
        yield from sorted(row.cells[number], key=lambda each: each.sample.repeat)


def plain(value: Any) -> Any:
    """The value in what JSON knows; a number that it cannot hold becomes null."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and not isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return value if isinstance(value, str | int | float | None) else str(value)


def candidate_to_json(candidate: Candidate) -> dict[str, Any]:
    """All that is known of a candidate; not yet in plain JSON."""
    model, prompt, facts = candidate.model, candidate.prompt, candidate.facts
    return {
        "number": candidate.number,
        "label": candidate.label,
        "model": asdict(model),
        "prompt": None
        if prompt is None
        else {"name": prompt.name, "version": prompt.number, "content": asdict(prompt.content)},
        "settings": asdict(candidate.settings),
        "engine": None if facts is None else asdict(facts),
    }


def _run(data: ReportData) -> Any:
    run = data.results.run
    return plain(
        {
            "id": run.id,
            "name": run.name,
            "state": run.state,
            "task": run.task,
            "suite": run.suite_name,
            "suite_version": run.suite_number,
            "suite_sha256": run.suite_sha256,
            "written_by": data.written_by,
        }
    )


def _item(row: MatrixRow) -> Any:
    return plain({"position": row.position, **item_to_json(row.item)})


def _sample(sample: Sample) -> dict[str, Any]:
    return {
        "repeat": sample.repeat,
        "seed": sample.seed,
        "text": sample.text,
        "reasoning": sample.reasoning,
        "tool_calls": [asdict(each) for each in sample.tool_calls],
        "finish": sample.finish,
        "problem": sample.problem,
        "total_s": sample.total_s,
        "timings": asdict(sample.timings),
        "rounding": asdict(sample.rounding),
        "reading": None if sample.reading is None else asdict(sample.reading),
    }


def _scores(scored: ScoredSample, metrics: Mapping[MetricId, RunMetric]) -> list[dict[str, Any]]:
    return [
        {
            "label": metrics[each.metric].label,
            "metric": metrics[each.metric].document,
            "higher_is_better": metrics[each.metric].higher_is_better,
            "value": each.value,
            "reason": each.reason,
            "details": each.details,
        }
        for each in scored.scores
    ]
