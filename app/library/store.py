"""Queries of the library: rows in, entities out. Called inside a session; decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from app.base.errors import NotFound
from app.library.entities import (
    Collection,
    CollectionId,
    ContentHash,
    Document,
    DocumentId,
    DocumentKind,
    DocumentStatus,
    Scope,
)
from app.library.intake import Candidate
from app.library.protocol import ItemFailed, ItemIndexed
from app.library.tables import CollectionRow, DocumentRow
from app.storage.base import now

BOUND = 500  # values in one IN (...): SQLite bounds the number of parameters


def documents(session: Session) -> tuple[Document, ...]:
    """Every document, newest first."""
    rows = session.scalars(select(DocumentRow).order_by(DocumentRow.id.desc()))
    return tuple(_document(row) for row in rows)


def document(session: Session, document_id: DocumentId) -> Document:
    """One document, or `NotFound`."""
    row = session.get(DocumentRow, document_id)
    if row is None:
        raise NotFound(f"There is no document {document_id} in the library.")
    return _document(row)


def by_ids(session: Session, ids: Iterable[DocumentId]) -> tuple[Document, ...]:
    """Those of the documents that exist."""
    wanted = sorted(set(ids))
    found: list[Document] = []
    for start in range(0, len(wanted), BOUND):
        part = wanted[start : start + BOUND]
        rows = session.scalars(select(DocumentRow).where(DocumentRow.id.in_(part)))
        found += [_document(row) for row in rows]
    return tuple(found)


def take_in(
    session: Session, found: Sequence[Candidate], collection: CollectionId | None
) -> tuple[tuple[Document, ...], bool]:
    """Insert or requeue files. Unchanged indexed files stay as they are.

    Returns:
        The documents in the order given, and whether any of them has work to do.
    """
    taken: list[DocumentRow] = []
    for candidate in found:
        row = session.scalar(select(DocumentRow).where(DocumentRow.path == str(candidate.path)))
        if row is None:
            row = _new_row(candidate)
            session.add(row)
        elif _has_to_be_read(row, candidate):
            _requeue(row, candidate)
        if collection is not None:
            row.collection_id = collection
        taken.append(row)
    session.flush()
    entities = tuple(_document(row) for row in taken)
    return entities, any(each.status is DocumentStatus.QUEUED for each in entities)


def requeue(session: Session, ids: Iterable[DocumentId]) -> None:
    """Queue failed or cancelled documents once more."""
    for row in _rows(session, ids):
        if row.status in (DocumentStatus.FAILED, DocumentStatus.CANCELLED):
            row.status = DocumentStatus.QUEUED
            row.reason = row.hint = ""
            row.crashes = 0


def next_batch(session: Session, size: int) -> tuple[Document, ...]:
    """Queued documents, oldest first. One that the child died on before comes last and alone."""
    rows = session.scalars(
        select(DocumentRow)
        .where(DocumentRow.status == DocumentStatus.QUEUED)
        .order_by(DocumentRow.crashes, DocumentRow.id)
        .limit(size)
    ).all()
    calm = [row for row in rows if row.crashes == 0]
    return tuple(_document(row) for row in (calm or rows[:1]))


def queued_ids(session: Session) -> frozenset[DocumentId]:
    """Documents that are not done yet."""
    query = select(DocumentRow.id).where(DocumentRow.status == DocumentStatus.QUEUED)
    return frozenset(DocumentId(each) for each in session.scalars(query))


def cancel_queued(session: Session, ids: Iterable[DocumentId]) -> None:
    """Take documents out of the queue; those that are done or gone are passed over."""
    for row in _rows(session, ids):
        if row.status == DocumentStatus.QUEUED:
            row.status = DocumentStatus.CANCELLED


def note_crash(session: Session, document_id: DocumentId) -> int:
    """Count that the library child died on this document, and queue it again."""
    row = session.get(DocumentRow, document_id)
    if row is None:
        return 0
    row.crashes += 1
    row.status = DocumentStatus.QUEUED
    return row.crashes


def note_ended(
    session: Session, events: Sequence[ItemIndexed | ItemFailed]
) -> tuple[ContentHash, ...]:
    """Write down what became of documents. Returns contents that nothing refers to any more."""
    touched: set[ContentHash] = set()
    for event in events:
        row = session.get(DocumentRow, event.key)
        match event:
            case ItemFailed(_, message, hint):
                if row is not None:
                    row.status = DocumentStatus.FAILED
                    row.reason, row.hint = message, hint
            case ItemIndexed():
                touched.add(event.content)  # in case it was removed while it was being indexed
                if row is not None:
                    if row.content is not None:
                        touched.add(ContentHash(row.content))
                    _set_indexed(row, event)
    session.flush()
    return unused(session, touched)


def remove(session: Session, ids: Iterable[DocumentId]) -> tuple[ContentHash, ...]:
    """Forget documents. Returns the contents that nothing refers to any more."""
    rows = _rows(session, ids)
    contents = {ContentHash(row.content) for row in rows if row.content is not None}
    for row in rows:
        session.delete(row)
    session.flush()
    return unused(session, contents)


def unused(session: Session, contents: Iterable[ContentHash]) -> tuple[ContentHash, ...]:
    """Those of the contents that no document refers to."""
    return tuple(sorted(each for each in contents if not _is_used(session, each)))


def contents_in_use(session: Session) -> tuple[ContentHash, ...]:
    """Every content an indexed document refers to."""
    rows = session.scalars(
        select(DocumentRow.content).where(DocumentRow.content.is_not(None)).distinct()
    )
    return tuple(ContentHash(each) for each in rows if each is not None)


def requeue_contents(session: Session, contents: Iterable[ContentHash]) -> int:
    """Queue the documents whose content is missing from the index; returns how many."""
    wanted = set(contents)
    count = 0
    for row in session.scalars(select(DocumentRow).where(DocumentRow.content.is_not(None))):
        if row.content in wanted and row.status == DocumentStatus.INDEXED:
            row.status, row.content = DocumentStatus.QUEUED, None
            count += 1
    return count


def indexed_in(session: Session, scope: Scope) -> dict[ContentHash, Document]:
    """The searchable contents of a scope, each with the document that stands for it."""
    query = select(DocumentRow).where(DocumentRow.status == DocumentStatus.INDEXED)
    if not scope.is_everything:
        query = query.where(
            or_(
                DocumentRow.collection_id.in_(scope.collections),
                DocumentRow.id.in_(scope.documents),
            )
        )
    found: dict[ContentHash, Document] = {}
    for row in session.scalars(query.order_by(DocumentRow.id)):
        if row.content is not None:
            found.setdefault(ContentHash(row.content), _document(row))
    return found


def collections(session: Session) -> tuple[Collection, ...]:
    """Every collection by name, with how many documents it holds."""
    rows = session.execute(
        select(CollectionRow.id, CollectionRow.name, func.count(DocumentRow.id))
        .join(DocumentRow, DocumentRow.collection_id == CollectionRow.id, isouter=True)
        .group_by(CollectionRow.id)
        .order_by(func.lower(CollectionRow.name))
    )
    return tuple(Collection(CollectionId(row[0]), row[1], row[2]) for row in rows)


def collection_named(session: Session, name: str) -> Collection | None:
    """The collection of this name, whatever its case."""
    return next((one for one in collections(session) if one.name.lower() == name.lower()), None)


def add_collection(session: Session, name: str) -> Collection:
    """Make an empty collection."""
    row = CollectionRow(name=name)
    session.add(row)
    session.flush()
    return Collection(CollectionId(row.id), name, 0)


def rename_collection(session: Session, collection_id: CollectionId, name: str) -> None:
    """Give a collection another name."""
    row = session.get(CollectionRow, collection_id)
    if row is None:
        raise NotFound("This collection is not there any more.")
    row.name = name


def delete_collection(session: Session, collection_id: CollectionId) -> None:
    """Delete the collection; its documents stay in the library."""
    session.execute(delete(CollectionRow).where(CollectionRow.id == collection_id))


def move(session: Session, ids: Iterable[DocumentId], target: CollectionId | None) -> None:
    """Put documents into a collection, or into none."""
    for row in _rows(session, ids):
        row.collection_id = target


def _rows(session: Session, ids: Iterable[DocumentId]) -> list[DocumentRow]:
    found = (session.get(DocumentRow, each) for each in ids)
    return [row for row in found if row is not None]


def _is_used(session: Session, content: ContentHash) -> bool:
    query = select(DocumentRow.id).where(DocumentRow.content == content).limit(1)
    return session.scalar(query) is not None


def _new_row(candidate: Candidate) -> DocumentRow:
    return DocumentRow(
        path=str(candidate.path),
        title=candidate.path.name,
        status=DocumentStatus.QUEUED,
        size_bytes=candidate.size_bytes,
        modified_ns=candidate.modified_ns,
        reason="",
        hint="",
        pages=0,
        chunks=0,
        crashes=0,
        added_at=now(),
    )


def _set_indexed(row: DocumentRow, event: ItemIndexed) -> None:
    row.status = DocumentStatus.INDEXED
    row.content, row.kind, row.title = event.content, event.kind, event.title
    row.pages, row.chunks = event.pages, event.chunks
    row.reason, row.hint = event.warning, ""
    row.crashes = 0


def _has_to_be_read(row: DocumentRow, candidate: Candidate) -> bool:
    changed = (row.size_bytes, row.modified_ns) != (candidate.size_bytes, candidate.modified_ns)
    return changed or row.status in (DocumentStatus.FAILED, DocumentStatus.CANCELLED)


def _requeue(row: DocumentRow, candidate: Candidate) -> None:
    row.size_bytes, row.modified_ns = candidate.size_bytes, candidate.modified_ns
    row.status = DocumentStatus.QUEUED
    row.reason = row.hint = ""
    row.crashes = 0


def _document(row: DocumentRow) -> Document:
    status = DocumentStatus(row.status)
    return Document(
        id=DocumentId(row.id),
        path=Path(row.path),
        title=row.title,
        kind=DocumentKind(row.kind) if row.kind else None,
        status=status,
        size_bytes=row.size_bytes,
        collection_id=None if row.collection_id is None else CollectionId(row.collection_id),
        added_at=row.added_at,
        content=None if row.content is None else ContentHash(row.content),
        reason=row.reason,
        hint=row.hint,
        pages=row.pages,
        chunks=row.chunks,
        chunks_done=row.chunks if status is DocumentStatus.INDEXED else 0,
    )
