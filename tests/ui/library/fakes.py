"""Documents to show, and a library service in memory that answers at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.base.changes import Notices, Topic
from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.library.entities import (
    Collection,
    CollectionId,
    ContentHash,
    Document,
    DocumentId,
    DocumentKind,
    DocumentStatus,
    Passage,
    Place,
    Scope,
)
from app.library.intake import Refused
from app.settings.schema import SearchMode

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)


def make_document(number: int, **changes: Any) -> Document:
    """An indexed PDF; `changes` are fields of Document."""
    title = str(changes.pop("title", f"Document {number}"))
    document = Document(
        id=DocumentId(number),
        path=Path("/files") / f"{title}.pdf",
        title=title,
        kind=DocumentKind.PDF,
        status=DocumentStatus.INDEXED,
        size_bytes=1000 * number,
        collection_id=None,
        added_at=NOW - timedelta(minutes=number),
        content=ContentHash(f"{number:064x}"),
        pages=number,
        chunks=4 * number,
        chunks_done=4 * number,
    )
    return replace(document, **changes)


def make_passage(document: Document, text: str, page: int = 3, score: float = 0.9) -> Passage:
    """A passage of a document, found on a page."""
    return Passage(
        document_id=document.id,
        content=document.content or ContentHash("0" * 64),
        title=document.title,
        path=document.path,
        kind=document.kind or DocumentKind.PDF,
        place=Place(part=page - 1, start=10, end=10 + len(text), page=page),
        text=text,
        score=score,
        similarity=0.5,
    )


@dataclass(frozen=True, slots=True)
class AddReport:
    """As the service answers `add`."""

    added: tuple[Document, ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass
class FakeLibrary:
    """Does what LibraryService does, in memory. `calls` records what was asked of it."""

    notices: Notices
    shelf: dict[DocumentId, Document] = field(default_factory=dict)
    groups: dict[CollectionId, str] = field(default_factory=dict)
    calls: list[tuple[object, ...]] = field(default_factory=list)
    passages: tuple[Passage, ...] = ()
    problem: AppError | None = None
    refuse: Callable[[Path], str] = lambda _path: ""
    before_search: Callable[[CancelToken], None] = lambda _cancel: None

    def put(self, *documents: Document) -> None:
        """Set the state of documents and tell the world, as the child's events do."""
        self.shelf |= {each.id: each for each in documents}
        self.notices.changed(Topic.DOCUMENTS)

    def documents(self) -> tuple[Document, ...]:
        self._may_fail()
        return tuple(self.shelf.values())

    def collections(self) -> tuple[Collection, ...]:
        held = [each.collection_id for each in self.shelf.values()]
        return tuple(Collection(each, name, held.count(each)) for each, name in self.groups.items())

    def add(self, paths: Sequence[Path], collection: CollectionId | None = None) -> AddReport:
        self.calls.append(("add", tuple(paths), collection))
        self._may_fail()
        refused = tuple(Refused(path, reason) for path in paths if (reason := self.refuse(path)))
        taken = [path for path in paths if not self.refuse(path)]
        start = max(self.shelf, default=0) + 1
        added = tuple(
            make_document(
                start + at,
                title=path.stem,
                path=path,
                collection_id=collection,
                status=DocumentStatus.QUEUED,
                kind=None,
                content=None,
                pages=0,
                chunks=0,
                chunks_done=0,
            )
            for at, path in enumerate(taken)
        )
        self.put(*added)
        return AddReport(added, refused)

    def remove(self, ids: Sequence[DocumentId]) -> None:
        self._record("remove", ids)
        for each in ids:
            self.shelf.pop(each)
        self.notices.changed(Topic.DOCUMENTS)

    def cancel(self, ids: Sequence[DocumentId]) -> None:
        self._record("cancel", ids)
        self.put(*(replace(self.shelf[each], status=DocumentStatus.CANCELLED) for each in ids))

    def retry(self, ids: Sequence[DocumentId]) -> None:
        self._record("retry", ids)
        queued: dict[str, Any] = {"status": DocumentStatus.QUEUED, "reason": "", "hint": ""}
        self.put(*(replace(self.shelf[each], **queued) for each in ids))

    def move(self, ids: Sequence[DocumentId], collection_id: CollectionId | None) -> None:
        self._record("move", ids, collection_id)
        self.put(*(replace(self.shelf[each], collection_id=collection_id) for each in ids))

    def create_collection(self, name: str) -> Collection:
        self.calls.append(("create_collection", name))
        if name in self.groups.values():
            raise AppError(f"There is already a collection “{name}”.", "Choose another name.")
        made = CollectionId(max(self.groups, default=0) + 1)
        self.groups[made] = name
        self.notices.changed(Topic.DOCUMENTS)
        return Collection(made, name, 0)

    def rename_collection(self, collection_id: CollectionId, name: str) -> None:
        self.calls.append(("rename_collection", collection_id, name))
        self.groups[collection_id] = name
        self.notices.changed(Topic.DOCUMENTS)

    def delete_collection(self, collection_id: CollectionId) -> None:
        self.calls.append(("delete_collection", collection_id))
        del self.groups[collection_id]
        held = [each for each in self.shelf.values() if each.collection_id == collection_id]
        self.put(*(replace(each, collection_id=None) for each in held))

    def retrieve(
        self,
        question: str,
        scope: Scope,
        *,
        mode: SearchMode | None = None,
        limit: int | None = None,
        cancel: CancelToken | None = None,
    ) -> tuple[Passage, ...]:
        self.calls.append(("retrieve", question, scope, mode))
        if cancel is not None:
            self.before_search(cancel)
            cancel.check()
        self._may_fail()
        return self.passages

    def _record(self, name: str, ids: Sequence[DocumentId], *rest: object) -> None:
        self.calls.append((name, tuple(ids), *rest))
        self._may_fail()

    def _may_fail(self) -> None:
        if self.problem is not None:
            raise self.problem
