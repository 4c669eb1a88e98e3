"""How far the documents that are being brought in are, as one amount. No Qt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.base.jobs import Pace
from app.library.entities import Document, DocumentId, DocumentStatus

_READING_SHARE = 0.05  # of a document's work; the rest is embedding


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """A moment of a batch.

    Attributes:
        done, total: documents.
        fraction: 0 to 1, with the parts of documents that are under way.
    """

    done: int
    total: int
    fraction: float
    seconds_left: float | None


class Batch:
    """Documents from the first one waiting until none is. What is added meanwhile joins."""

    def __init__(self, pace: type[Pace] = Pace) -> None:
        self._make_pace = pace
        self._pace = pace()
        self._members: set[DocumentId] = set()

    def update(self, documents: Iterable[Document]) -> BatchProgress | None:
        """Note the present state; None when nothing is under way."""
        known = {document.id: document for document in documents}
        pending = tuple(each.id for each in known.values() if each.status.is_pending)
        if not pending:
            self._members.clear()
            self._pace = self._make_pace()
            return None
        self._members = {each for each in self._members if each in known} | set(pending)
        total = len(self._members)
        done = total - len(pending)
        work = done + sum(_share(known[each]) for each in pending)
        return BatchProgress(done, total, work / total, self._pace.seconds_left(work, total))


def _share(document: Document) -> float:
    if document.status is DocumentStatus.EMBEDDING and document.chunks:
        embedded = min(1.0, document.chunks_done / document.chunks)
        return _READING_SHARE + (1 - _READING_SHARE) * embedded
    return 0.0
