"""The items of suites. They say from which version to which they are in their suite, so a version
costs what has changed.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, func, select, text, update

from app.evals.entities import Item
from app.evals.runs.entities import SuiteId
from app.evals.store.codec import item_columns, item_from_json
from app.evals.store.suites import BOUND, row_of
from app.evals.suites.suite import version_of_digests
from app.evals.tables import ItemRow, SuiteRow, SuiteVersionRow
from app.storage.base import now
from app.storage.db import Session


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


def add(session: Session, suite_id: SuiteId, new: Sequence[Item]) -> None:
    """Add items with different keys at the end, as one new version; keys that are there stay.

    Where that is all of them, there is no new version.
    """
    row_of(session, suite_id)
    number = _newest(session, suite_id) + 1
    known = items_with_keys(session, suite_id, [each.key for each in new])
    last = session.scalar(
        select(func.coalesce(func.max(ItemRow.position), -1)).where(ItemRow.suite_id == suite_id)
    )
    begin = 0 if last is None else last + 1
    missing = [each for each in new if each.key not in known]
    session.add_all(
        ItemRow(suite_id=suite_id, position=place, since=number, **item_columns(each))
        for place, each in enumerate(missing, begin)
    )
    if missing:
        _keep_version(session, suite_id, number)


def replace(session: Session, suite_id: SuiteId, old: ItemRow, new: Item) -> None:
    """Put an item where another is, as one new version; none where they are the same."""
    columns = item_columns(new)
    if old.digest == columns["digest"]:
        return
    number = _newest(session, suite_id) + 1
    old.until = number
    session.flush()  # or two items could have the key at once
    session.add(ItemRow(suite_id=suite_id, position=old.position, since=number, **columns))
    _keep_version(session, suite_id, number)


def take_out(session: Session, suite_id: SuiteId, keys: Sequence[str]) -> None:
    """Remove items as one new version."""
    row_of(session, suite_id)
    number = _newest(session, suite_id) + 1
    found = items_with_keys(session, suite_id, keys)
    for row in found.values():
        row.until = number
    if found:
        _keep_version(session, suite_id, number)


def bring_back(session: Session, suite_id: SuiteId, keys: Sequence[str]) -> None:
    """Put items that were removed where they were, as they were last, as one new version."""
    row_of(session, suite_id)
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


def _newest(session: Session, suite_id: SuiteId) -> int:
    query = select(func.max(SuiteVersionRow.number)).where(SuiteVersionRow.suite_id == suite_id)
    return session.scalar(query) or 0
