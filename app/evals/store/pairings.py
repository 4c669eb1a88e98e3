"""Which candidates of runs are compared in pairs, and how much of that is left to do."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import aliased

from app.evals.runs.entities import RunId
from app.evals.runs.pairs import Pairing, PairingId
from app.evals.tables import PairingRow, PairRow, SampleRow
from app.storage.db import Session


def add(session: Session, run_id: RunId, one: int, other: int, judge: Mapping[str, Any]) -> None:
    """Let a judge compare two candidates; if it does already, either way round, that stays."""
    key = json.dumps([*sorted((one, other)), judge], sort_keys=True, ensure_ascii=False)
    values = {"run_id": run_id, "key": key, "one": one, "other": other, "judge": dict(judge)}
    session.execute(insert(PairingRow).on_conflict_do_nothing().values(values))


def remove(session: Session, run_id: RunId, pairing: PairingId) -> None:
    """Forget a pairing and what was found."""
    where = (PairingRow.run_id == run_id, PairingRow.id == pairing)
    session.execute(delete(PairingRow).where(*where))


def pairings_of(session: Session, ids: Any) -> Mapping[int, list[Pairing]]:
    """The pairings of runs, by run."""
    one, other = aliased(SampleRow), aliased(SampleRow)
    answered = (
        select(func.count())
        .select_from(one)
        .join(
            other,
            (other.run_id == one.run_id)
            & (other.position == one.position)
            & (other.repeat == one.repeat),
        )
        .where(
            one.run_id == PairingRow.run_id,
            one.candidate == PairingRow.one,
            other.candidate == PairingRow.other,
            one.problem == "",
            other.problem == "",
        )
        .correlate(PairingRow)
        .scalar_subquery()
    )
    asked = (
        select(func.count())
        .where(PairRow.pairing_id == PairingRow.id)
        .correlate(PairingRow)
        .scalar_subquery()
    )
    query = select(PairingRow, answered - asked).where(PairingRow.run_id.in_(ids))
    found: defaultdict[int, list[Pairing]] = defaultdict(list)
    for row, missing in session.execute(query.order_by(PairingRow.id)):
        found[row.run_id].append(Pairing(PairingId(row.id), row.one, row.other, row.judge, missing))
    return found
