"""What the library child answers: ingestion, search, quotes, texts and page pictures."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

from app.base.child_side import CallContext
from app.base.errors import AppError
from app.library.encoders import DIMENSIONS, Encoder
from app.library.encoders.opening import OpenedEncoder, open_encoder
from app.library.idle import IdleWork
from app.library.index import Index
from app.library.ingest import Ingestor
from app.library.meanings import embed_whole
from app.library.pages import render_page
from app.library.protocol import (
    DescribeEmbedder,
    EmbedderFacts,
    EmbedTexts,
    Ingest,
    ItemFailed,
    KeepOnly,
    LibraryChildOptions,
    PickSentences,
    ReadPart,
    RemoveContents,
    RenderPage,
    Search,
)
from app.library.quotes import pick_sentences
from app.library.readers import read_document
from app.library.retrieval import find_passages

log = logging.getLogger(__name__)

T = TypeVar("T")

# Requests of one lane wait for each other; a search or a removal does not wait for an ingestion.
INGEST_LANE: Final = "ingest"
REMOVAL_LANE: Final = "removal"
SEARCH_LANE: Final = "search"
PAGES_LANE: Final = "pages"


# After an ingestion: first the new rows go into the indexes, later old versions are dropped.
IDLE_SECONDS: Final = (5.0, 60.0)


class Late(Generic[T]):
    """Something that is slow to open: opened once, by whoever needs it first, for all."""

    def __init__(self, open_it: Callable[[], T]) -> None:
        self._open = open_it
        self._lock = threading.Lock()
        self._opened: T | None = None

    def get(self) -> T:
        """The opened thing. When opening failed, the next one who asks tries again."""
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    @property
    def if_open(self) -> T | None:
        """The thing, if it is open."""
        return self._opened


class LibraryHandler:
    """Serves `app.library.protocol`. Opens encoder and index in the background at once."""

    def __init__(
        self,
        options: LibraryChildOptions,
        open_embedder: Callable[[], OpenedEncoder] | None = None,
    ) -> None:
        """Start opening; requests wait for what they need."""
        artifacts = Path(options.artifacts_dir)
        self._encoder = Late(open_embedder or (lambda: open_encoder(artifacts, options.precision)))
        self._index = Late(lambda: Index(Path(options.index_dir)))
        self._opening = [
            threading.Thread(target=_open_quietly, args=(late,), name=name, daemon=True)
            for name, late in (("open embedder", self._encoder), ("open index", self._index))
        ]
        for thread in self._opening:
            thread.start()
        self._idle = IdleWork(self._tidy, IDLE_SECONDS, "tidy when idle")

    def lane(self, body: object) -> str:
        """The lane a request runs in."""
        match body:
            case Ingest() | KeepOnly():
                return INGEST_LANE
            case RemoveContents():
                return REMOVAL_LANE
            case RenderPage():
                return PAGES_LANE
            case _:
                return SEARCH_LANE

    def handle(self, body: object, context: CallContext) -> object:
        """Do one request."""
        if self.lane(body) not in (INGEST_LANE, REMOVAL_LANE):
            return self._look_up(body, context)
        with self._idle.put_off():
            return self._change(body, context)

    def _change(self, body: object, context: CallContext) -> object:
        match body:
            case Ingest():
                self._ingest(body, context)
            case RemoveContents(contents):
                self._index.get().remove(contents)
            case KeepOnly(contents):
                return self._index.get().keep_only(contents)
        return None

    def _look_up(self, body: object, context: CallContext) -> object:
        match body:
            case Search():
                return find_passages(self._index.get(), self._embedder, body)
            case PickSentences():
                return pick_sentences(self._embedder, body, context.cancel)
            case EmbedTexts(texts):
                return embed_whole(self._embedder, texts, context.cancel)
            case RenderPage(path, page, width, quote):
                return render_page(Path(path), page, width, quote)
            case ReadPart(content, part):
                return self._index.get().part_text(content, part)
            case DescribeEmbedder():
                opened = self._encoder.get()
                return EmbedderFacts(opened.encoder.name, DIMENSIONS, opened.measured)
            case _:
                raise TypeError(f"the library child does not know {type(body).__name__}")

    def close(self) -> None:
        """Let go of all threads."""
        self._idle.close()
        for thread in self._opening:
            thread.join()
        if (opened := self._encoder.if_open) is not None:
            opened.encoder.close()

    @property
    def _embedder(self) -> Encoder:
        return self._encoder.get().encoder

    def _tidy(self) -> None:
        if (index := self._index.if_open) is not None:
            index.tidy_when_idle()

    def _ingest(self, request: Ingest, context: CallContext) -> None:
        try:
            ingestor = Ingestor(self._index.get(), self._embedder, read_document)
        except AppError as error:
            # The reason belongs beside each document, where the user looks for it.
            for item in request.items:
                context.emit(ItemFailed(item.key, error.message, error.hint))
            return
        ingestor.run(request.items, context.emit, context.cancel)


def _open_quietly(late: Late[OpenedEncoder] | Late[Index]) -> None:
    # Only ahead of time: whoever needs it tries again and gets the error.
    try:
        late.get()
    except AppError as error:
        log.warning("not opened yet: %s", error)
    except Exception:
        log.exception("not opened yet")
