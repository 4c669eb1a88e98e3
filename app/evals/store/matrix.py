"""The matrix of a run: its items and what each candidate made of them, filtered and by the page."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import ColumnElement, Subquery, exists, func, or_, select

from app.base.folding import fold
from app.evals.runs.entities import MetricId, RunId
from app.evals.runs.results import MatrixFilter, MatrixPage, MatrixRow, ScoredSample
from app.evals.store.codec import item_from_json, sample_of
from app.evals.store.items import has_tag
from app.evals.store.samples import scores_of
from app.evals.store.suites import BOUND
from app.evals.tables import ItemRow, RunItemRow, SampleRow, ScoreRow
from app.storage.db import Session

MIDDLE = 0.5  # between passed and failed


def page(
    session: Session, run_id: RunId, chosen: MatrixFilter, offset: int, limit: int
) -> MatrixPage:
    """Some rows of the matrix, in the order of the items."""
    where = (RunItemRow.run_id == run_id, *_conditions(run_id, chosen))
    joined = select(RunItemRow.position, ItemRow.document).join(
        ItemRow, ItemRow.id == RunItemRow.item_id
    )
    total = session.scalar(select(func.count()).select_from(joined.where(*where).subquery()))
    query = joined.where(*where).order_by(RunItemRow.position).offset(offset).limit(limit)
    items = {position: item_from_json(document) for position, document in session.execute(query)}
    cells = _cells(session, run_id, list(items))
    rows = tuple(MatrixRow(at, item, dict(cells[at])) for at, item in items.items())
    return MatrixPage(rows, total or 0)


def _cells(
    session: Session, run_id: RunId, positions: list[int]
) -> defaultdict[int, defaultdict[int, tuple[ScoredSample, ...]]]:
    found: list[SampleRow] = []
    for start in range(0, len(positions), BOUND):
        some = positions[start : start + BOUND]
        query = select(SampleRow).where(SampleRow.run_id == run_id, SampleRow.position.in_(some))
        found += session.scalars(query.order_by(SampleRow.repeat))
    scores: dict[int, Any] = {}
    for start in range(0, len(found), BOUND):
        scores |= scores_of(session, [row.id for row in found[start : start + BOUND]])
    cells: defaultdict[int, defaultdict[int, tuple[ScoredSample, ...]]]
    cells = defaultdict(lambda: defaultdict(tuple))
    for row in found:
        scored = ScoredSample(sample_of(row), scores.get(row.id, ()))
        cells[row.position][row.candidate] += (scored,)
    return cells


def _conditions(run_id: RunId, chosen: MatrixFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    of_candidate = () if chosen.candidate is None else (SampleRow.candidate == chosen.candidate,)
    here = (
        SampleRow.run_id == RunItemRow.run_id,
        SampleRow.position == RunItemRow.position,
        *of_candidate,
    )
    if chosen.tag:
        conditions.append(has_tag(chosen.tag))
    if chosen.text:
        conditions.append(_mentions(chosen.text))
    if chosen.problems:
        conditions.append(exists().where(*here, SampleRow.problem != ""))
    if chosen.metric is None:
        return conditions
    if chosen.unscored:
        no_value = (ScoreRow.metric_id == chosen.metric, ScoreRow.value.is_(None))
        conditions.append(exists().where(*here, ScoreRow.sample_id == SampleRow.id, *no_value))
    if chosen.below is not None:
        means = _means(run_id, chosen.metric)
        low = select(means.c.position).where(means.c.mean < chosen.below)
        if chosen.candidate is not None:
            low = low.where(means.c.candidate == chosen.candidate)
        conditions.append(RunItemRow.position.in_(low))
    if chosen.flips is not None:
        conditions.append(RunItemRow.position.in_(_flipped(run_id, chosen.metric, chosen.flips)))
    return conditions


def _mentions(text: str) -> ColumnElement[bool]:
    # SQLite knows the two cases of plain letters only; what an item says is folded beforehand.
    answers = exists().where(
        SampleRow.run_id == RunItemRow.run_id,
        SampleRow.position == RunItemRow.position,
        or_(
            func.instr(SampleRow.text, text) > 0,
            func.instr(func.lower(SampleRow.text), text.lower()) > 0,
        ),
    )
    return or_(func.instr(ItemRow.search_text, fold(text)) > 0, answers)


def _flipped(run_id: RunId, metric: MetricId, pair: tuple[int, int]) -> Any:
    one, other = _means(run_id, metric), _means(run_id, metric)
    return (
        select(one.c.position)
        .join(other, other.c.position == one.c.position)
        .where(
            one.c.candidate == pair[0],
            other.c.candidate == pair[1],
            (one.c.mean >= MIDDLE) != (other.c.mean >= MIDDLE),
        )
    )


def _means(run_id: RunId, metric: MetricId) -> Subquery:
    return (
        select(SampleRow.position, SampleRow.candidate, func.avg(ScoreRow.value).label("mean"))
        .join(ScoreRow, ScoreRow.sample_id == SampleRow.id)
        .where(SampleRow.run_id == run_id, ScoreRow.metric_id == metric)
        .group_by(SampleRow.position, SampleRow.candidate)
        .subquery()
    )
