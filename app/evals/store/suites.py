"""Suites, their versions and their items.

Items say from which version to which they are in the suite, so a version costs what has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, select, text, update

from app.base.errors import NotFound
from app.evals.entities import Item
from app.evals.errors import BadSuiteName
from app.evals.runs.entities import StoredSuite, SuiteId, SuiteVersion
from app.evals.store.codec import item_columns, item_from_json
from app.evals.suites.suite import version_of_digests
from app.evals.tables import ItemRow, RunRow, SuiteRow, SuiteVersionRow
from app.prompts.naming import fold
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
        raise NotFound(f"There is no suite “{name}”.", "Check how it is written.")
    return found[0]


def is_untouched(session: Session) -> bool:
    """Whether there never was a suite, not even one that is deleted by now."""
    # SQLite makes this table with the first one that counts its rows, and a row with the first id.
    last = text("SELECT seq FROM sqlite_sequence WHERE name = 'eval_suites'")
    return session.scalar(last) is None


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
    tried, number = name, 1
    while _is_taken(session, tried):
        number += 1
        ending = f" {number}"
        tried = name[: longest - len(ending)] + ending
    return tried


def check_free(session: Session, name: str) -> None:
    """Or `BadSuiteName`."""
    if _is_taken(session, name):
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
    row = _row(session, suite_id)
    if name is not None:
        if fold(name) != row.name_key:
            check_free(session, name)
        row.name, row.name_key = name, fold(name)
    row.description = row.description if description is None else description
    row.metrics = row.metrics if metrics is None else [dict(each) for each in metrics]
    row.updated_at = now()


def mark_deleted(session: Session, suite_id: SuiteId) -> None:
    """Hide a suite; its name is free."""
    _row(session, suite_id).deleted_at = now()


def restore(session: Session, suite_id: SuiteId, longest: int) -> None:
    """Bring a deleted suite back, under another name if its own was taken meanwhile."""
    row = session.get(SuiteRow, suite_id)
    if row is None:
        raise _gone()
    if row.deleted_at is not None:
        row.name = free_name(session, row.name, longest)
        row.name_key, row.deleted_at = fold(row.name), None


def purge(session: Session) -> None:
    """Let go of the deleted suites that no run has asked."""
    has_runs = exists().where(RunRow.suite_id == SuiteRow.id)
    session.execute(delete(SuiteRow).where(SuiteRow.deleted_at.is_not(None), ~has_runs))


def versions(session: Session, suite_id: SuiteId) -> tuple[SuiteVersion, ...]:
    """Every version of a suite, newest first."""
    _row(session, suite_id)
    query = select(SuiteVersionRow).where(SuiteVersionRow.suite_id == suite_id)
    rows = session.scalars(query.order_by(SuiteVersionRow.number.desc()))
    return tuple(
        SuiteVersion(suite_id, row.number, row.sha256, row.items, row.created_at) for row in rows
    )


def tags(session: Session, suite_id: SuiteId) -> dict[str, int]:
    """The tags of a suite's items, in order, and how many items have each."""
    query = text(
        "SELECT tag.value, count(*) FROM eval_items, json_each(eval_items.tags) AS tag"
        " WHERE suite_id = :suite AND until IS NULL GROUP BY tag.value ORDER BY tag.value"
    )
    return {tag: count for tag, count in session.execute(query, {"suite": suite_id})}


def count_items(session: Session, suite_id: SuiteId, words: Sequence[str], tag: str) -> int:
    """How many items the newest version has with these folded words and this tag."""
    conditions = _conditions(suite_id, words, tag)
    return session.scalar(select(func.count()).select_from(ItemRow).where(*conditions)) or 0


def items(
    session: Session,
    suite_id: SuiteId,
    words: Sequence[str] = (),
    tag: str = "",
    offset: int = 0,
    limit: int = -1,
) -> tuple[Item, ...]:
    """Items of the newest version, in order; `limit` -1 is all from the offset on."""
    query = select(ItemRow.document).where(*_conditions(suite_id, words, tag))
    page = query.order_by(ItemRow.position).offset(offset).limit(limit)
    return tuple(map(item_from_json, session.scalars(page)))


def items_with_keys(session: Session, suite_id: SuiteId, keys: Sequence[str]) -> dict[str, ItemRow]:
    """The rows of the newest version's items with these keys, as far as there are any."""
    found: dict[str, ItemRow] = {}
    for start in range(0, len(keys), BOUND):
        some = keys[start : start + BOUND]
        query = select(ItemRow).where(*_conditions(suite_id), ItemRow.key.in_(some))
        found |= {row.key: row for row in session.scalars(query)}
    return found


def put(session: Session, suite_id: SuiteId, changed: Sequence[Item], *, replacing: bool) -> None:
    """Add items, or change those with the same keys, as one new version.

    What is the same already is left alone; where that is all, there is no new version.
    """
    _row(session, suite_id)
    number = _newest(session, suite_id) + 1
    known = items_with_keys(session, suite_id, [each.key for each in changed])
    last = session.scalar(
        select(func.coalesce(func.max(ItemRow.position), -1)).where(ItemRow.suite_id == suite_id)
    )
    position = -1 if last is None else last
    has_changed = False
    for item in changed:
        old = known.get(item.key)
        columns = item_columns(item)
        if old is not None and (not replacing or old.digest == columns["digest"]):
            continue
        if old is not None:
            old.until = number
            session.flush()  # or two items would have the key at once
            place = old.position
        else:
            position += 1
            place = position
        session.add(ItemRow(suite_id=suite_id, position=place, since=number, **columns))
        has_changed = True
    if has_changed:
        _keep_version(session, suite_id, number)


def take_out(session: Session, suite_id: SuiteId, keys: Sequence[str]) -> None:
    """Remove items as one new version."""
    _row(session, suite_id)
    number = _newest(session, suite_id) + 1
    found = items_with_keys(session, suite_id, keys)
    for row in found.values():
        row.until = number
    if found:
        _keep_version(session, suite_id, number)


def bring_back(session: Session, suite_id: SuiteId, keys: Sequence[str]) -> None:
    """Put items that were removed where they were, as they were last, as one new version."""
    _row(session, suite_id)
    number = _newest(session, suite_id) + 1
    there = items_with_keys(session, suite_id, keys)
    has_changed = False
    for key in dict.fromkeys(keys):
        query = select(ItemRow).where(ItemRow.suite_id == suite_id, ItemRow.key == key)
        row = session.scalar(query.order_by(ItemRow.since.desc()).limit(1))
        if row is None or key in there:
            continue
        copy = item_columns(item_from_json(row.document))
        session.add(ItemRow(suite_id=suite_id, position=row.position, since=number, **copy))
        has_changed = True
    if has_changed:
        _keep_version(session, suite_id, number)


def _keep_version(session: Session, suite_id: SuiteId, number: int) -> None:
    session.flush()
    digests = session.scalars(select(ItemRow.digest).where(*_conditions(suite_id))).all()
    moment = now()
    session.add(
        SuiteVersionRow(
            suite_id=suite_id,
            number=number,
            sha256=version_of_digests(digests),
            items=len(digests),
            created_at=moment,
        )
    )
    session.execute(update(SuiteRow).where(SuiteRow.id == suite_id).values(updated_at=moment))


def _conditions(
    suite_id: SuiteId, words: Sequence[str] = (), tag: str = ""
) -> tuple[ColumnElement[bool], ...]:
    tagged = () if not tag else (has_tag(tag),)
    texts = (func.instr(ItemRow.search_text, word) > 0 for word in words)
    return (ItemRow.suite_id == suite_id, ItemRow.until.is_(None), *tagged, *texts)


def has_tag(tag: str) -> ColumnElement[bool]:
    """Whether an item has a tag."""
    each = func.json_each(ItemRow.tags).table_valued("value")
    return exists(select(each.c.value).where(each.c.value == tag))


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


def _row(session: Session, suite_id: SuiteId) -> SuiteRow:
    row = session.get(SuiteRow, suite_id)
    if row is None or row.deleted_at is not None:
        raise _gone()
    return row


def _newest(session: Session, suite_id: SuiteId) -> int:
    query = select(func.max(SuiteVersionRow.number)).where(SuiteVersionRow.suite_id == suite_id)
    return session.scalar(query) or 0


def _is_taken(session: Session, name: str) -> bool:
    query = select(SuiteRow.id).where(SuiteRow.name_key == fold(name), _IS_THERE)
    return session.scalar(query) is not None


def _gone() -> NotFound:
    return NotFound("This suite is not there any more.")
