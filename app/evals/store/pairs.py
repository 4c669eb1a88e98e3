"""Answers of a run that a judge compares in pairs, and what it found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import aliased

from app.evals.entities import Item, Output
from app.evals.judging.pairwise import Comparison, Preference
from app.evals.runs.entities import RunId
from app.evals.runs.pairs import PairingId, PairOutcome, PairPage
from app.evals.store.codec import item_from_json, sample_of
from app.evals.tables import ItemRow, PairingRow, PairRow, RunItemRow, SampleRow
from app.storage.db import Session


@dataclass(frozen=True, slots=True)
class Answers:
    """What two candidates said to an item in one repeat."""

    position: int
    repeat: int
    item: Item
    one: Output
    other: Output


def to_compare(session: Session, pairing: PairingId, limit: int) -> tuple[Answers, ...]:
    """Answers that the judge was not asked about yet, in the order of the items."""
    one, other = aliased(SampleRow), aliased(SampleRow)
    is_there = exists().where(
        PairRow.pairing_id == pairing,
        PairRow.position == one.position,
        PairRow.repeat == one.repeat,
    )
    in_run = (RunItemRow.run_id == one.run_id) & (RunItemRow.position == one.position)
    query = (
        select(one, other, ItemRow.document)
        .select_from(PairingRow)
        .join(one, (one.run_id == PairingRow.run_id) & (one.candidate == PairingRow.one))
        .join(
            other,
            (other.run_id == one.run_id)
            & (other.position == one.position)
            & (other.candidate == PairingRow.other)
            & (other.repeat == one.repeat),
        )
        .join(RunItemRow, in_run)
        .join(ItemRow, ItemRow.id == RunItemRow.item_id)
        .where(PairingRow.id == pairing, one.problem == "", other.problem == "", ~is_there)
        .order_by(one.position, one.repeat)
        .limit(limit)
    )
    return tuple(
        Answers(
            first.position,
            first.repeat,
            item_from_json(document),
            sample_of(first).output,
            sample_of(second).output,
        )
        for first, second, document in session.execute(query)
    )


def put(session: Session, pairing: PairingId, found: Iterable[tuple[Answers, Comparison]]) -> None:
    """Keep what the judge found; what is there already stays."""
    values = [
        {
            "pairing_id": pairing,
            "position": answers.position,
            "repeat": answers.repeat,
            "preference": each.preference.value,
            "reasons": list(each.reasons),
            "details": dict(each.details),
        }
        for answers, each in found
    ]
    session.execute(insert(PairRow).on_conflict_do_nothing(), values)


def outcomes(
    session: Session,
    run_id: RunId,
    pairing: PairingId | None = None,
    position: int | None = None,
    offset: int = 0,
    limit: int = -1,
) -> PairPage:
    """Outcomes of a run by item, pairing and repeat; of one pairing or one item, if it is given."""
    where: list[ColumnElement[bool]] = [PairingRow.run_id == run_id]
    where += [] if pairing is None else [PairRow.pairing_id == pairing]
    where += [] if position is None else [PairRow.position == position]
    joined = (
        select(PairRow, ItemRow.key)
        .join(PairingRow, PairingRow.id == PairRow.pairing_id)
        .join(
            RunItemRow,
            (RunItemRow.run_id == PairingRow.run_id) & (RunItemRow.position == PairRow.position),
        )
        .join(ItemRow, ItemRow.id == RunItemRow.item_id)
        .where(*where)
    )
    total = session.scalar(joined.with_only_columns(func.count()))
    order = (PairRow.position, PairRow.pairing_id, PairRow.repeat)
    rows = session.execute(joined.order_by(*order).offset(offset).limit(limit))
    found = tuple(_outcome(row, key) for row, key in rows)
    return PairPage(found, total or 0)


def _outcome(row: PairRow, key: str) -> PairOutcome:
    comparison = Comparison(Preference(row.preference), tuple(row.reasons), row.details)
    return PairOutcome(PairingId(row.pairing_id), row.position, key, row.repeat, comparison)
