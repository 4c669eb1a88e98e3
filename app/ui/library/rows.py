"""Which documents the table shows, in which order, and the smallest change from one list to the
next. No Qt here: this is what must be right, and fast for 10,000 rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from app.library.entities import (
    CollectionId,
    Document,
    DocumentId,
    DocumentStatus,
    Scope,
)
from app.ui.library.labels import display_title, kind_label

MOST_RUNS = 64  # past this many separate runs, telling the view to start over is cheaper


class Column(IntEnum):
    """The columns of the document table, in order."""

    NAME = 0
    KIND = 1
    PAGES = 2
    SIZE = 3
    STATUS = 4
    ADDED = 5


class StatusFilter(StrEnum):
    """Which documents a chip lets through."""

    ALL = "all"
    INDEXED = "indexed"
    IN_PROGRESS = "in progress"
    FAILED = "failed"
    CANCELLED = "cancelled"

    def accepts(self, status: DocumentStatus) -> bool:
        """Whether a document of this status is shown."""
        match self:
            case StatusFilter.ALL:
                return True
            case StatusFilter.INDEXED:
                return status is DocumentStatus.INDEXED
            case StatusFilter.IN_PROGRESS:
                return status.is_pending
            case StatusFilter.FAILED:
                return status is DocumentStatus.FAILED
            case StatusFilter.CANCELLED:
                return status is DocumentStatus.CANCELLED


class ShelfKind(StrEnum):
    """What an entry of the left column stands for."""

    EVERYTHING = "everything"
    LOOSE = "loose"
    COLLECTION = "collection"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A choice in the left column: all documents, those in no collection, or one collection."""

    kind: ShelfKind = ShelfKind.EVERYTHING
    collection_id: CollectionId | None = None

    def accepts(self, document: Document) -> bool:
        """Whether the document stands on this shelf."""
        if self.kind is ShelfKind.EVERYTHING:
            return True
        return document.collection_id == self.collection_id

    def scope(self, documents: Iterable[Document]) -> Scope:
        """What a search over this shelf covers."""
        if self.collection_id is not None:
            return Scope(collections=(self.collection_id,))
        if self.kind is ShelfKind.LOOSE:
            return Scope(documents=tuple(each.id for each in documents if self.accepts(each)))
        return Scope()


EVERYTHING = Shelf()


@dataclass(frozen=True, slots=True)
class RowOrder:
    """How rows are sorted; equal rows keep the newest first."""

    column: Column = Column.ADDED
    descending: bool = True


_STATUS_RANK = {
    DocumentStatus.FAILED: 0,
    DocumentStatus.CANCELLED: 1,
    DocumentStatus.EMBEDDING: 2,
    DocumentStatus.READING: 3,
    DocumentStatus.QUEUED: 4,
    DocumentStatus.INDEXED: 5,
}
_DIGITS = re.compile(r"(\d+)")


def natural_key(text: str) -> tuple[tuple[int, int | str], ...]:
    """A sort key by which "Part 9" comes before "Part 10"."""
    pieces = _DIGITS.split(text.casefold())  # every second piece is digits
    return tuple(
        (0, int(piece)) if place % 2 else (1, piece) for place, piece in enumerate(pieces) if piece
    )


_KEYS: dict[Column, Callable[[Document], Any]] = {
    Column.NAME: lambda document: natural_key(display_title(document)),
    Column.KIND: lambda document: kind_label(document.kind),
    Column.PAGES: lambda document: document.pages,
    Column.SIZE: lambda document: document.size_bytes,
    Column.STATUS: lambda document: _STATUS_RANK[document.status],
    Column.ADDED: lambda document: document.added_at,
}


def arrange(
    documents: Iterable[Document], shelf: Shelf, status: StatusFilter, order: RowOrder
) -> list[Document]:
    """The documents of a shelf that pass the chip, sorted."""
    shown = [each for each in documents if shelf.accepts(each) and status.accepts(each.status)]
    shown.sort(key=lambda document: document.id, reverse=True)
    shown.sort(key=_KEYS[order.column], reverse=order.descending)
    return shown


def count_by_filter(documents: Iterable[Document], shelf: Shelf) -> dict[StatusFilter, int]:
    """How many documents of a shelf each chip would show."""
    by_status = dict.fromkeys(DocumentStatus, 0)
    for document in documents:
        if shelf.accepts(document):
            by_status[document.status] += 1
    return {
        each: sum(count for status, count in by_status.items() if each.accepts(status))
        for each in StatusFilter
    }


Run = tuple[int, int]  # first and last row, both included


@dataclass(frozen=True, slots=True)
class RowPlan:
    """The steps from one list of rows to the next, to be done in this order.

    Attributes:
        removed: runs in rows of the old list, last first.
        reordered: whether what remains changes its order.
        inserted: runs in rows of the new list, first first.
        changed: runs in rows of the new list whose content is new.
    """

    removed: tuple[Run, ...]
    reordered: bool
    inserted: tuple[Run, ...]
    changed: tuple[Run, ...]


def plan_rows(old: Sequence[Document], new: Sequence[Document]) -> RowPlan | None:
    """Plan the change from `old` to `new`; None when starting over is cheaper."""
    before = {document.id: document for document in old}
    after = {document.id for document in new}
    removed = runs(row for row, document in enumerate(old) if document.id not in after)
    inserted = runs(row for row, document in enumerate(new) if document.id not in before)
    if len(removed) + len(inserted) > MOST_RUNS:
        return None
    changed = runs(
        row
        for row, document in enumerate(new)
        if (was := before.get(document.id)) is not None and was is not document and was != document
    )
    return RowPlan(tuple(reversed(removed)), _reordered(old, new, before, after), inserted, changed)


def _reordered(
    old: Sequence[Document],
    new: Sequence[Document],
    before: dict[DocumentId, Document],
    after: set[DocumentId],
) -> bool:
    kept_old = (document.id for document in old if document.id in after)
    kept_new = (document.id for document in new if document.id in before)
    return any(one != other for one, other in zip(kept_old, kept_new, strict=True))


def runs(rows: Iterable[int]) -> tuple[Run, ...]:
    """Ascending row numbers gathered into runs of neighbours."""
    gathered: list[Run] = []
    for row in rows:
        if gathered and gathered[-1][1] == row - 1:
            gathered[-1] = (gathered[-1][0], row)
        else:
            gathered.append((row, row))
    return tuple(gathered)
