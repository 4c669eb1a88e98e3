"""Samples and their scores: kept as they end, read for scoring and for sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.sqlite import insert

from app.base.errors import NotFound
from app.evals.entities import Item, Score
from app.evals.runs.entities import MetricId, RunId, Sample, SampleId, SampleScore
from app.evals.store.codec import item_from_json, sample_columns, sample_of, with_turns
from app.evals.tables import ItemRow, RunItemRow, SampleRow, ScoreRow
from app.storage.base import now
from app.storage.db import Session


@dataclass(frozen=True, slots=True)
class Measured:
    """What speed is summed up from, of one sample that has an answer."""

    candidate: int
    prompt_tokens: int
    reused_tokens: int
    output_tokens: int
    ttft_s: float
    per_token_s: float
    total_s: float
    memory_bytes: int


def add(session: Session, run_id: RunId, samples: Iterable[Sample]) -> tuple[Sample, ...]:
    """Keep samples; where there is one of its candidate, item and repeat already, that stays.

    Returns:
        Those that were kept, with their ids.
    """
    ours = {"run_id": run_id, "created_at": now()}
    query = insert(SampleRow).on_conflict_do_nothing().returning(SampleRow.id)
    kept: list[Sample] = []
    for each in samples:  # one by one: ids of several would come in any order
        if (number := session.scalar(query.values(sample_columns(each) | ours))) is not None:
            kept.append(replace(each, id=SampleId(number)))
    return tuple(kept)


def made(session: Session, run_id: RunId, candidate: int) -> frozenset[tuple[int, int]]:
    """Positions and repeats that a candidate has samples of."""
    query = select(SampleRow.position, SampleRow.repeat)
    rows = session.execute(query.where(*_of(run_id), SampleRow.candidate == candidate))
    return frozenset((position, repeat) for position, repeat in rows)


def items(session: Session, run_id: RunId) -> dict[int, Item]:
    """The items of a run by position."""
    query = select(RunItemRow.position, ItemRow.document).join(
        ItemRow, ItemRow.id == RunItemRow.item_id
    )
    rows = session.execute(query.where(RunItemRow.run_id == run_id).order_by(RunItemRow.position))
    return {position: item_from_json(document) for position, document in rows}


def to_score(
    session: Session, run_id: RunId, metric: MetricId, after: SampleId, limit: int
) -> tuple[tuple[Sample, Item], ...]:
    """Samples with an id beyond `after` that the metric has not scored, with their items."""
    is_scored = exists().where(ScoreRow.metric_id == metric, ScoreRow.sample_id == SampleRow.id)
    query = (
        select(SampleRow, ItemRow.document)
        .join(
            RunItemRow,
            (RunItemRow.run_id == SampleRow.run_id) & (RunItemRow.position == SampleRow.position),
        )
        .join(ItemRow, ItemRow.id == RunItemRow.item_id)
        .where(*_of(run_id), SampleRow.id > after, ~is_scored)
        .order_by(SampleRow.id)
        .limit(limit)
    )
    return tuple((sample_of(row), item_from_json(found)) for row, found in session.execute(query))


def put_scores(
    session: Session, metric: MetricId, scores: Iterable[tuple[SampleId, Score]]
) -> None:
    """Keep scores of samples by a metric, in place of those they had."""
    values: list[dict[str, Any]] = [
        {
            "metric_id": metric,
            "sample_id": each,
            "value": score.value,
            "reason": score.reason,
            "details": dict(score.details),
        }
        for each, score in scores
    ]
    if not values:
        return
    added = insert(ScoreRow)
    replaced = {each: added.excluded[each] for each in ("value", "reason", "details")}
    query = added.on_conflict_do_update(
        index_elements=[ScoreRow.metric_id, ScoreRow.sample_id], set_=replaced
    )
    session.execute(query, values)


def sample(session: Session, sample_id: SampleId) -> tuple[Sample, tuple[SampleScore, ...]]:
    """One sample with all that was sent, and its scores; or `NotFound`."""
    row = session.get(SampleRow, sample_id)
    if row is None:
        raise NotFound("This answer is not there any more.")
    return with_turns(row), scores_of(session, [sample_id]).get(sample_id, ())


def scores_of(session: Session, samples: Sequence[int]) -> Mapping[int, tuple[SampleScore, ...]]:
    """The scores of these samples, by sample; as many as one statement takes."""
    query = select(ScoreRow).where(ScoreRow.sample_id.in_(samples)).order_by(ScoreRow.metric_id)
    found: defaultdict[int, tuple[SampleScore, ...]] = defaultdict(tuple)
    for row in session.scalars(query):
        score = SampleScore(MetricId(row.metric_id), row.value, row.reason, row.details)
        found[row.sample_id] += (score,)
    return found


def score_table(
    session: Session, run_id: RunId, metric: MetricId
) -> Mapping[int, Mapping[int, Sequence[float | None]]]:
    """Scores by candidate and position, one for each repeat that was scored or found unscorable.

    Values are read without their reasons.
    """
    query = (
        select(SampleRow.candidate, SampleRow.position, ScoreRow.value)
        .join(ScoreRow, ScoreRow.sample_id == SampleRow.id)
        .where(*_of(run_id), ScoreRow.metric_id == metric)
    )
    table: defaultdict[int, defaultdict[int, list[float | None]]]
    table = defaultdict(lambda: defaultdict(list))
    for candidate, position, value in session.execute(query):
        table[candidate][position].append(value)
    return table


def counts(session: Session, run_id: RunId) -> Mapping[int, tuple[int, int, str]]:
    """Samples of each candidate, how many of them have a problem, and the commonest one."""
    query = select(SampleRow.candidate, SampleRow.problem, func.count()).where(*_of(run_id))
    query = query.group_by(SampleRow.candidate, SampleRow.problem).order_by(func.count())
    found: dict[int, tuple[int, int, str]] = {}
    for candidate, problem, count in session.execute(query):
        samples, failed, commonest = found.get(candidate, (0, 0, ""))
        if problem:
            failed, commonest = failed + count, problem
        found[candidate] = (samples + count, failed, commonest)
    return found


def measured(session: Session, run_id: RunId) -> tuple[Measured, ...]:
    """What the samples with an answer took."""
    query = select(
        SampleRow.candidate,
        SampleRow.prompt_tokens,
        func.json_extract(SampleRow.document, "$.timings.reused_tokens"),
        SampleRow.output_tokens,
        SampleRow.ttft_s,
        SampleRow.per_token_s,
        SampleRow.total_s,
        SampleRow.memory_bytes,
    ).where(*_of(run_id), SampleRow.problem == "")
    return tuple(Measured(*row) for row in session.execute(query))


def clusters(session: Session, run_id: RunId) -> Mapping[int, str]:
    """What items share by position, where their metadata name a cluster."""
    shared = func.json_extract(ItemRow.document, "$.metadata.cluster")
    query = select(RunItemRow.position, shared).join(ItemRow, ItemRow.id == RunItemRow.item_id)
    rows = session.execute(query.where(RunItemRow.run_id == run_id, shared.is_not(None)))
    return {position: str(cluster) for position, cluster in rows}


def digests(session: Session, run_id: RunId) -> Mapping[int, str]:
    """What tells items of equal content apart from others, by position."""
    query = select(RunItemRow.position, ItemRow.digest).join(
        ItemRow, ItemRow.id == RunItemRow.item_id
    )
    rows = session.execute(query.where(RunItemRow.run_id == run_id))
    return {position: digest for position, digest in rows}


def _of(run_id: RunId) -> tuple[Any]:
    return (SampleRow.run_id == run_id,)
