"""Queries of the prompts: rows in, entities out. Called inside a session.

Whoever adds or changes something ends with `_touch`, so that searches find it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.orm.attributes import flag_modified

from app.base.errors import NotFound
from app.base.folding import fold
from app.prompts.codec import from_json, to_json, to_text
from app.prompts.entities import Content, Draft, Prompt, PromptId, PromptVersion
from app.prompts.errors import NameTaken, NothingNew
from app.prompts.naming import LONGEST_NAME
from app.prompts.tables import DraftRow, LabelRow, PromptRow, TagRow, VersionRow
from app.storage import named
from app.storage.base import now
from app.storage.db import Session

_IS_THERE = PromptRow.deleted_at.is_(None)
_LATEST = (
    select(func.coalesce(func.max(VersionRow.number), 0))
    .where(VersionRow.prompt_id == PromptRow.id)
    .correlate(PromptRow)
    .scalar_subquery()
)
_HAS_DRAFT = exists().where(DraftRow.prompt_id == PromptRow.id).correlate(PromptRow)


def prompts(
    session: Session, folder: str | None = None, tag: str | None = None, words: Iterable[str] = ()
) -> tuple[Prompt, ...]:
    """Prompts by name.

    Args:
        session: to read with.
        folder: only those in it and inside its folders; empty for those in none.
        tag: only those with this folded tag.
        words: only those that have all of these folded texts in them.
    """
    conditions = [func.instr(PromptRow.search_text, word) > 0 for word in words]
    if folder is not None:
        # LIKE would take the letters of folders for the same whatever their case.
        inside = func.substr(PromptRow.folder, 1, len(folder) + 1) == f"{folder}/"
        conditions.append((PromptRow.folder == folder) | inside)
    if tag is not None:
        conditions.append(exists().where(TagRow.prompt_id == PromptRow.id, TagRow.key == tag))
    return _prompts(session, *conditions)


def prompt(session: Session, prompt_id: PromptId) -> Prompt:
    """One prompt, or `NotFound`."""
    found = _prompts(session, PromptRow.id == prompt_id)
    if not found:
        raise _gone()
    return found[0]


def by_name(session: Session, name: str) -> Prompt:
    """The prompt with this name, whatever the case, or `NotFound`."""
    found = _prompts(session, PromptRow.name_key == fold(name))
    if not found:
        raise NotFound(f"There is no prompt “{name[:80]}”.", "`prompt list` names them.")
    return found[0]


def folders(session: Session) -> dict[str, int]:
    """Every folder that holds prompts, and how many are in it, itself or inside its folders."""
    counts: defaultdict[str, int] = defaultdict(int)
    query = select(PromptRow.folder, func.count()).where(_IS_THERE).group_by(PromptRow.folder)
    for folder, count in session.execute(query):
        parts = folder.split("/") if folder else []
        for end in range(1, len(parts) + 1):
            counts["/".join(parts[:end])] += count
    return dict(sorted(counts.items(), key=lambda each: fold(each[0]).split("/")))


def tags(session: Session) -> dict[str, int]:
    """Every tag and how many prompts have it."""
    query = (
        select(func.min(TagRow.name), func.count())
        .join(PromptRow, PromptRow.id == TagRow.prompt_id)
        .where(_IS_THERE)
        .group_by(TagRow.key)
        .order_by(TagRow.key)
    )
    return {name: count for name, count in session.execute(query)}


def add(session: Session, name: str, description: str, folder: str) -> PromptId:
    """A prompt without content, or `NameTaken`."""
    _check_free(session, name)
    moment = now()
    row = PromptRow(
        name=name,
        name_key=fold(name),
        description=description,
        folder=folder,
        created_at=moment,
        updated_at=moment,
    )
    session.add(row)
    session.flush()
    return PromptId(row.id)


def free_name(session: Session, name: str) -> str:
    """The name, or the first of name-2, name-3, … that no prompt has."""
    return named.free_name(session, PromptRow, name, joint="-", longest=LONGEST_NAME)


def change(
    session: Session,
    prompt_id: PromptId,
    *,
    name: str | None = None,
    description: str | None = None,
    folder: str | None = None,
) -> None:
    """Give a prompt another name, description or folder; None keeps it. Or `NameTaken`."""
    row = _row(session, prompt_id)
    if name is not None:
        if fold(name) != row.name_key:
            _check_free(session, name)
        row.rename(name)
    row.description = row.description if description is None else description
    row.folder = row.folder if folder is None else folder
    _touch(session, row)


def set_tags(session: Session, prompt_id: PromptId, names: Mapping[str, str]) -> None:
    """Give a prompt these tags, by their folded forms, and no others."""
    row = _row(session, prompt_id)
    session.execute(delete(TagRow).where(TagRow.prompt_id == prompt_id))
    session.add_all(TagRow(prompt_id=prompt_id, key=key, name=names[key]) for key in names)
    _touch(session, row)


def mark_deleted(session: Session, prompt_id: PromptId) -> None:
    """Hide a prompt; its name is free."""
    _row(session, prompt_id).deleted_at = now()


def restore(session: Session, prompt_id: PromptId) -> None:
    """Bring a deleted prompt back, under another name if its own was taken meanwhile."""
    if named.row_there(session, PromptRow, prompt_id) is not None:
        return
    row = named.restored(session, PromptRow, prompt_id, joint="-", longest=LONGEST_NAME)
    if row is None:
        raise _gone()
    _touch(session, row)


def purge(session: Session) -> None:
    """Let go of the deleted prompts for good."""
    session.execute(delete(PromptRow).where(PromptRow.deleted_at.is_not(None)))


def draft(session: Session, prompt_id: PromptId) -> Draft | None:
    """What is being written of a prompt."""
    _row(session, prompt_id)
    row = session.get(DraftRow, prompt_id)
    return None if row is None else _draft(row)


def newest_content(session: Session, prompt_id: PromptId) -> Content:
    """The draft, or else the newest version; empty if there is neither."""
    current = draft(session, prompt_id) or _newest(session, prompt_id)
    return Content() if current is None else current.content


def save_draft(session: Session, prompt_id: PromptId, content: Content) -> bool:
    """Keep what is being written; what equals the newest version is no draft.

    Returns:
        Whether anything is other than before.
    """
    row = _row(session, prompt_id)
    found = session.get(DraftRow, prompt_id)
    newest = _newest(session, prompt_id)
    if newest is not None and _is_same(newest.content, content):
        if found is None:
            return False
        session.delete(found)
    elif found is None:
        data = DraftRow(
            prompt_id=prompt_id,
            content=to_json(content),
            saved_at=now(),
            based_on=None if newest is None else newest.number,
        )
        session.add(data)
    elif _is_same(from_json(found.content), content):
        return False
    else:
        found.content, found.saved_at = to_json(content), now()
        flag_modified(found, "content")  # another order of a schema's fields is equal to Python
    _touch(session, row)
    return True


def discard_draft(session: Session, prompt_id: PromptId) -> Draft | None:
    """Go back to the newest version. Returns what was discarded."""
    row = _row(session, prompt_id)
    found = session.get(DraftRow, prompt_id)
    if found is None:
        return None
    session.delete(found)
    _touch(session, row)
    return _draft(found)


def versions(session: Session, prompt_id: PromptId) -> tuple[PromptVersion, ...]:
    """Every version of a prompt, newest first."""
    _row(session, prompt_id)
    query = select(VersionRow).where(VersionRow.prompt_id == prompt_id)
    rows = session.scalars(query.order_by(VersionRow.number.desc()))
    return tuple(_version(row) for row in rows)


def version(session: Session, prompt_id: PromptId, number: int) -> PromptVersion:
    """One version of a prompt, or `NotFound`."""
    name = _row(session, prompt_id).name
    row = session.get(VersionRow, (prompt_id, number))
    if row is None:
        raise NotFound(f"“{name}” has no version {number}.", "See which versions it has.")
    return _version(row)


def keep_draft(session: Session, prompt_id: PromptId, note: str) -> PromptVersion:
    """Make a version of the draft, or `NothingNew`."""
    row = _held_row(session, prompt_id)
    found = session.get(DraftRow, prompt_id)
    if found is None:
        raise _nothing_new(_newest(session, prompt_id))
    written = _draft(found)
    session.delete(found)
    return _add_version(session, row, written.content, note, written.based_on)


def keep(
    session: Session, prompt_id: PromptId, content: Content, note: str, parent: int | None
) -> PromptVersion:
    """Make a version of a content, leaving the draft alone, or `NothingNew`."""
    return _add_version(session, _held_row(session, prompt_id), content, note, parent)


def set_label(session: Session, prompt_id: PromptId, label: str, number: int) -> None:
    """Put a folded label on a version, off the one that has it."""
    version(session, prompt_id, number)
    session.merge(LabelRow(prompt_id=prompt_id, name=label, number=number))


def remove_label(session: Session, prompt_id: PromptId, label: str) -> None:
    """Take a folded label off, if it is there."""
    _row(session, prompt_id)
    session.execute(delete(LabelRow).where(LabelRow.prompt_id == prompt_id, LabelRow.name == label))


def _prompts(session: Session, *conditions: ColumnElement[bool]) -> tuple[Prompt, ...]:
    there = (_IS_THERE, *conditions)
    ids = select(PromptRow.id).where(*there)
    names: defaultdict[int, list[str]] = defaultdict(list)
    labels: defaultdict[int, dict[str, int]] = defaultdict(dict)
    of_tags = select(TagRow).where(TagRow.prompt_id.in_(ids)).order_by(TagRow.key)
    for tag in session.scalars(of_tags):
        names[tag.prompt_id].append(tag.name)
    of_labels = select(LabelRow).where(LabelRow.prompt_id.in_(ids)).order_by(LabelRow.name)
    for label in session.scalars(of_labels):
        labels[label.prompt_id][label.name] = label.number
    query = select(PromptRow, _LATEST, _HAS_DRAFT).where(*there).order_by(PromptRow.name_key)
    return tuple(
        Prompt(
            id=PromptId(row.id),
            name=row.name,
            created_at=row.created_at,
            updated_at=row.updated_at,
            description=row.description,
            folder=row.folder,
            tags=tuple(names[row.id]),
            latest=latest,
            labels=labels[row.id],
            has_draft=has_draft,
        )
        for row, latest, has_draft in session.execute(query)
    )


def _row(session: Session, prompt_id: PromptId) -> PromptRow:
    row = named.row_there(session, PromptRow, prompt_id)
    if row is None:
        raise _gone()
    return row


def _held_row(session: Session, prompt_id: PromptId) -> PromptRow:
    # Beginning with a write keeps every other writer out until the end of the transaction.
    session.execute(update(PromptRow).where(PromptRow.id == prompt_id).values(updated_at=now()))
    return _row(session, prompt_id)


def _gone() -> NotFound:
    return NotFound("This prompt is not there any more.")


def _check_free(session: Session, name: str) -> None:
    if named.is_taken(session, PromptRow, name):
        raise NameTaken(f"There is a prompt “{name}” already.", "Choose another name.")


def _newest(session: Session, prompt_id: PromptId) -> PromptVersion | None:
    query = select(VersionRow).where(VersionRow.prompt_id == prompt_id)
    row = session.scalar(query.order_by(VersionRow.number.desc()).limit(1))
    return None if row is None else _version(row)


def _add_version(
    session: Session, row: PromptRow, content: Content, note: str, parent: int | None
) -> PromptVersion:
    prompt_id = PromptId(row.id)
    newest = _newest(session, prompt_id)
    if _is_same(Content() if newest is None else newest.content, content):
        raise _nothing_new(newest)
    number = 1 if newest is None else newest.number + 1
    session.add(
        VersionRow(
            prompt_id=prompt_id,
            number=number,
            content=to_json(content),
            created_at=now(),
            note=note,
            parent=parent,
        )
    )
    _touch(session, row)
    return version(session, prompt_id, number)


def _nothing_new(newest: PromptVersion | None) -> NothingNew:
    if newest is None:
        return NothingNew("There is nothing to keep yet.", "Write the prompt first.")
    return NothingNew(
        f"Version {newest.number}, the newest, is the same.",
        "Change something, then keep a version.",
    )


def _is_same(one: Content, other: Content) -> bool:
    return to_text(one) == to_text(other)


def _touch(session: Session, row: PromptRow) -> None:
    session.flush()
    prompt_id = PromptId(row.id)
    names = session.scalars(select(TagRow.name).where(TagRow.prompt_id == prompt_id))
    body = (part.text for part in newest_content(session, prompt_id).parts)
    row.updated_at = now()
    row.search_text = fold("\n".join((row.name, row.description, *names, *body)))


def _draft(row: DraftRow) -> Draft:
    return Draft(from_json(row.content), row.saved_at, row.based_on)


def _version(row: VersionRow) -> PromptVersion:
    return PromptVersion(
        prompt_id=PromptId(row.prompt_id),
        number=row.number,
        content=from_json(row.content),
        created_at=row.created_at,
        note=row.note,
        parent=row.parent,
    )
