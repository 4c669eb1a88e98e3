"""Suites and their versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, select

from app.base.errors import NotFound
from app.base.folding import fold
from app.evals.errors import BadSuiteName
from app.evals.runs.entities import StoredSuite, SuiteId, SuiteVersion
from app.evals.tables import ItemRow, RunRow, SuiteRow, SuiteVersionRow
from app.storage import named
from app.storage.base import now
from app.storage.db import Session

BOUND = 500  # values in one IN (...): SQLite bounds the number of parameters

_IS_THERE = SuiteRow.deleted_at.is_(None)
_NEWEST = (
    select(func.max(SuiteVersionRow.number))
    .where(SuiteVersionRow.suite_id == SuiteRow.id)
    .correlate(SuiteRow)
    .scalar_subquery()
)
_WITHOUT_TARGETS = (
    select(func.count())
    .where(ItemRow.suite_id == SuiteRow.id, ItemRow.until.is_(None), ~ItemRow.has_target)
    .correlate(SuiteRow)
    .scalar_subquery()
)


def suites(session: Session) -> tuple[StoredSuite, ...]:
    """Every suite by name."""
    return _suites(session)


def suite(session: Session, suite_id: SuiteId) -> StoredSuite:
    """One suite, or `NotFound`."""
    found = _suites(session, SuiteRow.id == suite_id)
    if not found:
        raise _gone()
    return found[0]


def by_name(session: Session, name: str) -> StoredSuite:
    """The suite with this name, whatever the case, or `NotFound`."""
    found = _suites(session, SuiteRow.name_key == fold(name))
    if not found:
        raise NotFound(f"There is no suite “{name[:80]}”.", "`eval list` names them.")
    return found[0]


def add(
    session: Session, name: str, description: str, metrics: Iterable[Mapping[str, Any]]
) -> SuiteId:
    """A suite without items, or `BadSuiteName`."""
    check_free(session, name)
    moment = now()
    row = SuiteRow(
        name=name,
        name_key=fold(name),
        description=description,
        metrics=[dict(each) for each in metrics],
        created_at=moment,
        updated_at=moment,
    )
    session.add(row)
    session.flush()
    return SuiteId(row.id)


def free_name(session: Session, name: str, longest: int) -> str:
    """The name, or the first of name 2, name 3, … that no suite has."""
    return named.free_name(session, SuiteRow, name, joint=" ", longest=longest)


def check_free(session: Session, name: str) -> None:
    """Or `BadSuiteName`."""
    if named.is_taken(session, SuiteRow, name):
        raise BadSuiteName(f"There is a suite “{name}” already.", "Choose another name.")


def change(
    session: Session,
    suite_id: SuiteId,
    *,
    name: str | None = None,
    description: str | None = None,
    metrics: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    """Give a suite another name, description or metrics; None keeps them. Or `BadSuiteName`."""
    row = row_of(session, suite_id)
    if name is not None:
        if fold(name) != row.name_key:
            check_free(session, name)
        row.rename(name)
    row.description = row.description if description is None else description
    row.metrics = row.metrics if metrics is None else [dict(each) for each in metrics]
    row.updated_at = now()


def mark_deleted(session: Session, suite_id: SuiteId) -> None:
    """Hide a suite; its name is free."""
    row_of(session, suite_id).deleted_at = now()


def restore(session: Session, suite_id: SuiteId, longest: int) -> None:
    """Bring a deleted suite back, under another name if its own was taken meanwhile."""
    if named.restored(session, SuiteRow, suite_id, joint=" ", longest=longest) is None:
        raise _gone()


def purge(session: Session) -> None:
    """Let go of the deleted suites that no run has asked."""
    has_runs = exists().where(RunRow.suite_id == SuiteRow.id)
    session.execute(delete(SuiteRow).where(SuiteRow.deleted_at.is_not(None), ~has_runs))


def versions(session: Session, suite_id: SuiteId) -> tuple[SuiteVersion, ...]:
    """Every version of a suite, newest first."""
    row_of(session, suite_id)
    query = select(SuiteVersionRow).where(SuiteVersionRow.suite_id == suite_id)
    rows = session.scalars(query.order_by(SuiteVersionRow.number.desc()))
    return tuple(
        SuiteVersion(suite_id, row.number, row.sha256, row.items, row.created_at) for row in rows
    )


def _suites(session: Session, *conditions: ColumnElement[bool]) -> tuple[StoredSuite, ...]:
    newest = (SuiteVersionRow.suite_id == SuiteRow.id) & (SuiteVersionRow.number == _NEWEST)
    query = (
        select(SuiteRow, SuiteVersionRow, _WITHOUT_TARGETS)
        .outerjoin(SuiteVersionRow, newest)
        .where(_IS_THERE, *conditions)
        .order_by(SuiteRow.name_key)
    )
    return tuple(
        StoredSuite(
            id=SuiteId(row.id),
            name=row.name,
            created_at=row.created_at,
            updated_at=row.updated_at,
            description=row.description,
            metrics=tuple(row.metrics),
            number=0 if version is None else version.number,
            sha256="" if version is None else version.sha256,
            items=0 if version is None else version.items,
            without_targets=without,
        )
        for row, version, without in session.execute(query)
    )


def row_of(session: Session, suite_id: SuiteId) -> SuiteRow:
    """The row of a suite that is not deleted, or `NotFound`."""
    row = named.row_there(session, SuiteRow, suite_id)
    if row is None:
        raise _gone()
    return row


def _gone() -> NotFound:
    return NotFound("This suite is not there any more.")
