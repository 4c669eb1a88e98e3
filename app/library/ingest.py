"""Files into the index, in groups: read, cut, embedded together, stored in one commit.

Grouping makes many small files as cheap as one large file: their chunks share batches, and the
index gets one version a group instead of one a file.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from app.base.errors import AppError, Cancelled
from app.base.jobs import CancelToken
from app.library.chunking import Chunk, chunk_parts
from app.library.encoders import MAX_TOKENS, Encoder
from app.library.entities import ContentHash
from app.library.errors import no_text
from app.library.index_rows import EmbeddedDocument
from app.library.protocol import (
    IngestItem,
    ItemEmbedding,
    ItemEvent,
    ItemFailed,
    ItemIndexed,
    ItemReading,
)
from app.library.readers import ReadDocument

if TYPE_CHECKING:
    from app.library.encoders import Vectors

log = logging.getLogger(__name__)

GROUP_CHUNKS: Final = 256
GROUP_DOCUMENTS: Final = 32
GROUP_SECONDS: Final = 2.0
PROGRESS_SECONDS: Final = 0.25
# The title goes in front of each chunk; a longer one would push text out of the model's sight.
TITLE_CHARACTERS: Final = 150
MAX_TITLE: Final = 64
# Start and end marks, and the longest chunk that still fits whole behind its title.
CHUNK_LIMIT: Final = MAX_TOKENS - 2

Emit = Callable[[ItemEvent], None]
ReadFile = Callable[[Path, CancelToken], ReadDocument]


class WritableIndex(Protocol):
    """What ingestion needs of the index."""

    @property
    def contents(self) -> frozenset[ContentHash]:
        """Every content that is indexed."""

    def count_chunks(self, content: ContentHash | None = None) -> int:
        """Chunks of one content, or of all."""

    def write(self, documents: Sequence[EmbeddedDocument]) -> None:
        """Store these documents in one commit."""

    def tidy(self) -> None:
        """Keep the index fast, when enough has come in."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A document that is read and cut. `keys`: every item with this content."""

    document: ReadDocument
    chunks: tuple[Chunk, ...]
    keys: list[int]


class Ingestor:
    """Brings a batch of files into the index; serves one `Ingest` request."""

    def __init__(
        self,
        index: WritableIndex,
        encoder: Encoder,
        read: ReadFile,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is read before `run`."""
        self._index = index
        self._encoder = encoder
        self._read = read
        self._clock = clock
        self._group: dict[ContentHash, _Prepared] = {}
        self._group_started = 0.0

    def run(self, items: Sequence[IngestItem], emit: Emit, cancel: CancelToken) -> None:
        """Index every item or say why not, in order; documents come whole or not at all.

        Raises:
            Cancelled: items that were not reported indexed or failed are not in the index.
        """
        for item in items:
            cancel.check()
            self._take_in(item, emit, cancel)
            if self._is_full():
                self._store_group(emit, cancel)
        self._store_group(emit, cancel)

    def _take_in(self, item: IngestItem, emit: Emit, cancel: CancelToken) -> None:
        emit(ItemReading(item.key))
        try:
            document = self._read(Path(item.path), cancel)
            if document.content in self._index.contents:
                chunks = self._index.count_chunks(document.content)
                emit(_indexed(item.key, document, chunks=chunks, reused=True))
            elif document.content in self._group:
                self._group[document.content].keys.append(item.key)
            else:
                self._join_group(_Prepared(document, self._cut(document, cancel), [item.key]), emit)
        except Cancelled:
            raise
        except Exception as error:  # noqa: BLE001 - an untrusted file; what it breaks is its own
            emit(_failed(item.key, error))

    def _cut(self, document: ReadDocument, cancel: CancelToken) -> tuple[Chunk, ...]:
        title = self._encoder.count_tokens([_title_line(document)])[0]
        chunks = chunk_parts(
            document.parts,
            self._encoder.count_tokens,
            limit=CHUNK_LIMIT - min(title, MAX_TITLE),
            cancel=cancel,
        )
        if not chunks:
            raise no_text("file")
        return chunks

    def _join_group(self, prepared: _Prepared, emit: Emit) -> None:
        if not self._group:
            self._group_started = self._clock()
        self._group[prepared.document.content] = prepared
        emit(ItemEmbedding(prepared.keys[0], 0, len(prepared.chunks)))

    def _is_full(self) -> bool:
        if not self._group:
            return False
        return (
            len(self._group) >= GROUP_DOCUMENTS
            or sum(len(each.chunks) for each in self._group.values()) >= GROUP_CHUNKS
            or self._clock() - self._group_started >= GROUP_SECONDS
        )

    def _store_group(self, emit: Emit, cancel: CancelToken) -> None:
        group, self._group = list(self._group.values()), {}
        if not group:
            return
        self._store(group, emit, cancel)
        try:
            self._index.tidy()
        except AppError as error:
            # The documents are in; a slower search is no reason to fail any of them.
            log.warning("the index was not tidied: %s", error)

    def _store(self, group: Sequence[_Prepared], emit: Emit, cancel: CancelToken) -> None:
        try:
            self._index.write(self._embed(group, emit, cancel))
        except Cancelled:
            raise
        except Exception as error:  # the text of one document must not fail its neighbours
            if len(group) > 1 and not isinstance(error, AppError):
                log.exception("a group of %d documents failed; taking them singly", len(group))
                for each in group:
                    self._store([each], emit, cancel)
                return
            for key in _keys(group):
                emit(_failed(key, error))
            return
        for each in group:
            for place, key in enumerate(each.keys):
                count = len(each.chunks)
                emit(_indexed(key, each.document, chunks=count, reused=place > 0))

    def _embed(
        self, group: Sequence[_Prepared], emit: Emit, cancel: CancelToken
    ) -> list[EmbeddedDocument]:
        texts = [text for each in group for text in _embedded_texts(each)]
        progress = _Progress(group, emit, self._clock)
        vectors = self._encoder.embed(texts, cancel=cancel, on_done=progress.add)
        cancel.check()
        embedded = []
        start = 0
        for each in group:
            end = start + len(each.chunks)
            embedded.append(self._embedded(each, vectors[start:end]))
            start = end
        return embedded

    def _embedded(self, prepared: _Prepared, vectors: Vectors) -> EmbeddedDocument:
        document = prepared.document
        return EmbeddedDocument(
            content=document.content,
            title=document.title,
            parts=document.parts,
            chunks=prepared.chunks,
            vectors=vectors,
            encoder=self._encoder.name,
        )


class _Progress:
    """Tells how many chunks of each document are embedded, a few times a second."""

    def __init__(self, group: Sequence[_Prepared], emit: Emit, clock: Callable[[], float]) -> None:
        self._emit = emit
        self._clock = clock
        self._keys = [each.keys[0] for each in group for _ in each.chunks]
        self._totals = {each.keys[0]: len(each.chunks) for each in group}
        self._done = dict.fromkeys(self._totals, 0)
        self._changed: set[int] = set()
        self._told = clock()

    def add(self, indexes: Sequence[int]) -> None:
        for index in indexes:
            self._done[self._keys[index]] += 1
            self._changed.add(self._keys[index])
        if self._clock() - self._told >= PROGRESS_SECONDS:
            self._told = self._clock()
            for key in sorted(self._changed):
                self._emit(ItemEmbedding(key, self._done[key], self._totals[key]))
            self._changed.clear()


def embedded_text(title_line: str, chunk: str) -> str:
    """What the encoder sees of a chunk: its document's title says what it is about."""
    return f"{title_line}\n{chunk}" if title_line else chunk


def _embedded_texts(prepared: _Prepared) -> Iterator[str]:
    title = _title_line(prepared.document)
    return (embedded_text(title, chunk.text) for chunk in prepared.chunks)


def _title_line(document: ReadDocument) -> str:
    return " ".join(document.title.split())[:TITLE_CHARACTERS]


def _keys(group: Sequence[_Prepared]) -> list[int]:
    return [key for each in group for key in each.keys]


def _indexed(key: int, document: ReadDocument, *, chunks: int, reused: bool) -> ItemIndexed:
    pages = max((part.page or 0 for part in document.parts), default=0) or len(document.parts)
    return ItemIndexed(
        key=key,
        content=document.content,
        title=document.title,
        kind=document.kind,
        pages=pages,
        chunks=chunks,
        reused=reused,
        warning=document.warning,
    )


def _failed(key: int, error: Exception) -> ItemFailed:
    if isinstance(error, AppError):
        return ItemFailed(key, error.message, error.hint)
    log.error("an item failed unexpectedly", exc_info=error)
    return ItemFailed(
        key,
        f"Cairn stumbled over this file ({type(error).__name__}).",
        "The library's log has the details. A copy saved anew by its own program may work.",
    )
