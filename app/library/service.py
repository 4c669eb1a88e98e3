"""The library's use cases: what a pane, the chat or the command line calls. Blocks; knows no Qt."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.base.changes import Notices, Topic
from app.base.child import ChildProcess
from app.base.child_side import Handler
from app.base.errors import AppError, ChildStopped
from app.base.jobs import CancelToken
from app.base.paths import DataPaths
from app.library import store
from app.library.child import library_child
from app.library.entities import (
    Collection,
    CollectionId,
    ContentHash,
    Document,
    DocumentId,
    PagePicture,
    Passage,
    Place,
    QuotedSentence,
    Scope,
)
from app.library.ingestion import Ingestion
from app.library.intake import Candidate, Refused, candidates
from app.library.protocol import (
    EmbedTexts,
    Hit,
    LibraryChildOptions,
    PickedSentence,
    PickSentences,
    ReadPart,
    RenderPage,
    Search,
)
from app.settings.schema import SearchMode
from app.settings.store import SettingsStore
from app.storage.db import Database, Session

log = logging.getLogger(__name__)


class CollectionError(AppError):
    """A collection cannot be made or renamed as asked."""


@dataclass(frozen=True, slots=True)
class AddReport:
    """What became of files that were added."""

    added: tuple[Document, ...]
    refused: tuple[Refused, ...]


class LibraryService:
    """Documents in, passages out."""

    def __init__(
        self,
        paths: DataPaths,
        settings: SettingsStore,
        database: Database,
        notices: Notices,
        entry: Callable[[LibraryChildOptions], Handler] = library_child,
    ) -> None:
        self._settings = settings
        self._database = database
        self._notices = notices
        options = LibraryChildOptions(
            index_dir=str(paths.library),
            artifacts_dir=str(paths.artifacts),
            precision=settings.current.library.precision,
        )
        log_path = paths.logs / "library.log"
        self._child = ChildProcess("library process", entry, options, log_path=log_path)
        self._ingestion = Ingestion(database, self._child, notices)

    def start(self) -> None:
        """Go on with documents that were left over, in the background."""
        self._ingestion.start()

    def close(self) -> None:
        """Stop the background work and the child; queued documents go on at the next start."""
        self._ingestion.close()
        self._child.stop()

    def add(self, paths: Sequence[Path], collection: CollectionId | None = None) -> AddReport:
        """Queue files, and the files in folders, for indexing."""
        found: list[Candidate] = []
        refused: list[Refused] = []
        for each in candidates(paths):
            (found if isinstance(each, Candidate) else refused).append(each)  # type: ignore[arg-type]  # one list each
        added, has_work = self._database.write(
            lambda session: store.take_in(session, found, collection)
        )
        if has_work:
            self._ingestion.wake()
        self._notices.changed(Topic.DOCUMENTS)
        return AddReport(added, tuple(refused))

    def wait(self, ids: Iterable[DocumentId], timeout: float | None = None) -> bool:
        """Wait until none of these documents is pending; False when time ran out."""
        return self._ingestion.wait(ids, timeout)

    def restore_missing(self) -> tuple[DocumentId, ...]:
        """Queue documents that the index has lost; returns all that are not searchable yet.

        The running window does so by itself after each start.
        """
        self._ingestion.agree_with_index()
        with self._database.read() as session:
            return tuple(sorted(store.queued_ids(session)))

    def documents(self) -> tuple[Document, ...]:
        """Every document, newest first."""
        with self._database.read() as session:
            return tuple(map(self._ingestion.seen, store.documents(session)))

    def document(self, document_id: DocumentId) -> Document:
        """One document, or `NotFound`."""
        with self._database.read() as session:
            return self._ingestion.seen(store.document(session, document_id))

    def remove(self, ids: Iterable[DocumentId]) -> None:
        """Take documents out of the library and their chunks out of the index. Files stay."""
        wanted = tuple(ids)
        self._ingestion.cancel(wanted)
        unused = self._database.write(lambda session: store.remove(session, wanted))
        self._notices.changed(Topic.DOCUMENTS)
        self._ingestion.discard(unused)

    def cancel(self, ids: Iterable[DocumentId]) -> None:
        """Stop indexing documents that are not done yet."""
        self._ingestion.cancel(ids)

    def cancel_all(self) -> None:
        """Stop indexing everything that is not done yet."""
        with self._database.read() as session:
            pending = store.queued_ids(session)
        self._ingestion.cancel(pending)

    def retry(self, ids: Iterable[DocumentId]) -> None:
        """Queue failed or cancelled documents once more."""
        wanted = tuple(ids)
        self._database.write(lambda session: store.requeue(session, wanted))
        self._ingestion.wake()
        self._notices.changed(Topic.DOCUMENTS)

    def collections(self) -> tuple[Collection, ...]:
        """Every collection, by name."""
        with self._database.read() as session:
            return store.collections(session)

    def collection_named(self, name: str) -> Collection:
        """The collection of this name, made if there is none."""
        with self._database.read() as session:
            found = store.collection_named(session, " ".join(name.split()))
        return found or self.create_collection(name)

    def create_collection(self, name: str) -> Collection:
        """Make an empty collection.

        Raises:
            CollectionError: the name is empty or taken.
        """
        made = self._database.write(
            lambda session: store.add_collection(session, _free_name(session, name))
        )
        self._notices.changed(Topic.DOCUMENTS)
        return made

    def rename_collection(self, collection_id: CollectionId, name: str) -> None:
        """Give a collection another name.

        Raises:
            CollectionError: the name is empty or taken.
        """

        def rename(session: Session) -> None:
            store.rename_collection(session, collection_id, _free_name(session, name))

        self._database.write(rename)
        self._notices.changed(Topic.DOCUMENTS)

    def delete_collection(self, collection_id: CollectionId) -> None:
        """Delete a collection; its documents stay in the library."""
        self._database.write(lambda session: store.delete_collection(session, collection_id))
        self._notices.changed(Topic.DOCUMENTS)

    def move(self, ids: Iterable[DocumentId], target: CollectionId | None) -> None:
        """Put documents into a collection, or into none."""
        wanted = tuple(ids)
        self._database.write(lambda session: store.move(session, wanted, target))
        self._notices.changed(Topic.DOCUMENTS)

    def retrieve(
        self,
        question: str,
        scope: Scope,
        *,
        mode: SearchMode | None = None,
        limit: int | None = None,
        cancel: CancelToken | None = None,
    ) -> tuple[Passage, ...]:
        """Find the passages of a scope that fit a question, best first.

        Args:
            mode: None takes the setting.
            limit: None takes the setting.
            cancel: gives up waiting, with `Cancelled`.
        """
        with self._database.read() as session:
            found = store.indexed_in(session, scope)
        if not found:
            return ()
        chosen = self._settings.current.library
        request = Search(
            question,
            mode or chosen.search_mode,
            limit or chosen.passages,
            None if scope.is_everything else tuple(found),
        )
        hits: tuple[Hit, ...] = self._ask(request, cancel)
        return tuple(_passage(hit, found[hit.content]) for hit in hits if hit.content in found)

    def pick_sentences(
        self,
        question: str,
        passages: Sequence[Passage],
        limit: int = 5,
        cancel: CancelToken | None = None,
    ) -> tuple[QuotedSentence, ...]:
        """The sentences of the passages that answer the question; none when nothing fits."""
        if not passages:
            return ()
        request = PickSentences(question, tuple(each.text for each in passages), limit)
        picked: tuple[PickedSentence, ...] = self._ask(request, cancel)
        return tuple(_sentence(each, passages[each.index]) for each in picked)

    def embed(
        self, texts: Sequence[str], cancel: CancelToken | None = None
    ) -> tuple[tuple[float, ...], ...]:
        """Vectors of length 1 of what texts mean, one each, by the encoder of the library."""
        vectors: tuple[tuple[float, ...], ...] = self._ask(EmbedTexts(tuple(texts)), cancel)
        return vectors

    def part_text(self, content: ContentHash, part: int) -> str:
        """The whole text of one page, section, slide or sheet, as it was indexed."""
        return str(self._ask(ReadPart(content, part)))

    def render_page(self, path: Path, page: int, width: int, quote: str) -> PagePicture:
        """Draw a PDF page, `width` pixels wide, and find the quote on it."""
        picture = self._ask(RenderPage(str(path), page, width, quote))
        assert isinstance(picture, PagePicture)
        return picture

    def _ask(self, body: object, cancel: CancelToken | None = None) -> Any:
        """Call the child. If it dies on the way, once more with a new one."""
        try:
            return self._ask_once(body, cancel)
        except ChildStopped:
            log.info("asking the library process again after it stopped")
            return self._ask_once(body, cancel)

    def _ask_once(self, body: object, cancel: CancelToken | None) -> Any:
        call = self._child.call(body)
        if cancel is None:
            return call.result()
        while True:
            try:
                return call.result(timeout=0.05)
            except FutureTimeout:
                if cancel.is_cancelled:
                    call.cancel()
                    cancel.check()


def _free_name(session: Session, name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise CollectionError("A collection needs a name.")
    if store.collection_named(session, name) is not None:
        raise CollectionError(f"There is a collection “{name}” already.", "Choose another name.")
    return name


def _passage(hit: Hit, document: Document) -> Passage:
    assert document.kind is not None  # an indexed document was read
    return Passage(
        document_id=document.id,
        content=hit.content,
        title=document.title,
        path=document.path,
        kind=document.kind,
        place=Place(hit.part, hit.start, hit.end, hit.page, hit.section),
        text=hit.text,
        score=hit.score,
        similarity=hit.similarity,
    )


def _sentence(picked: PickedSentence, passage: Passage) -> QuotedSentence:
    start = passage.place.start + picked.start
    place = replace(passage.place, start=start, end=start + picked.end - picked.start)
    return QuotedSentence(passage, place, picked.text, picked.score)
