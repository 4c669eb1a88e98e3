"""A library child that does what a file's text says: index it, fail on it, crash, or wait.

It keeps its "index" as one small file a content, so that restarts see what was committed.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from app.base.child_side import CallContext, Handler
from app.library.entities import ContentHash, DocumentKind
from app.library.protocol import (
    EmbedTexts,
    Hit,
    Ingest,
    IngestItem,
    ItemEmbedding,
    ItemFailed,
    ItemIndexed,
    ItemReading,
    KeepOnly,
    LibraryChildOptions,
    PickedSentence,
    PickSentences,
    ReadPart,
    RemoveContents,
    Search,
)


class ScriptedLibrary:
    """Serves the library protocol without an embedder."""

    def __init__(self, options: LibraryChildOptions) -> None:
        self._index = Path(options.index_dir)

    def lane(self, body: object) -> str:
        return "ingest" if isinstance(body, Ingest | KeepOnly) else "search"

    def handle(self, body: object, context: CallContext) -> object:
        match body:
            case Ingest(items):
                for item in items:
                    self._ingest(item, context)
                return None
            case Search(question, _, limit, contents):
                return self._search(question, limit, contents)
            case PickSentences(question, texts, limit):
                return tuple(
                    PickedSentence(index, 0, len(text), text, 0.9)
                    for index, text in enumerate(texts)
                    if question.split()[0].lower() in text.lower()
                )[:limit]
            case EmbedTexts(texts):
                return tuple((float(len(text)), 1.0) for text in texts)
            case RemoveContents(contents):
                self._remove(contents)
                return None
            case KeepOnly(contents):
                self._remove(
                    each.name for each in self._index.iterdir() if each.name not in contents
                )
                return tuple(each for each in contents if not (self._index / each).exists())
        assert isinstance(body, ReadPart)
        return (self._index / body.content).read_text()

    def close(self) -> None:
        pass

    def _ingest(self, item: IngestItem, context: CallContext) -> None:
        context.cancel.check()
        context.emit(ItemReading(item.key))
        text = Path(item.path).read_text()
        if text.startswith("FAIL"):
            context.emit(ItemFailed(item.key, "It cannot be read.", "Save it anew."))
            return
        if text.startswith("CRASH ONCE") and not (mark := Path(item.path + ".mark")).exists():
            mark.touch()
            os.abort()
        if text.startswith("CRASH ALWAYS"):
            os.abort()
        if text.startswith("BUG"):
            raise RuntimeError("a mistake of ours")
        context.emit(ItemEmbedding(item.key, 0, 4))
        while text.startswith("WAIT"):
            context.cancel.check()
            threading.Event().wait(0.005)
        content = ContentHash(hashlib.sha256(text.encode()).hexdigest())
        reused = (self._index / content).exists()
        (self._index / content).write_text(text)
        kind = DocumentKind.TEXT
        warning = "A page is a picture." if text.startswith("PARTLY") else ""
        title = Path(item.path).stem
        context.emit(ItemIndexed(item.key, content, title, kind, 1, 4, reused, warning))

    def _remove(self, contents: Iterable[str]) -> None:
        for content in tuple(contents):
            (self._index / content).unlink(missing_ok=True)

    def _search(
        self, question: str, limit: int, contents: tuple[ContentHash, ...] | None
    ) -> tuple[Hit, ...]:
        hits = []
        for path in sorted(self._index.iterdir()):
            text = path.read_text()
            wanted = contents is None or path.name in contents
            if wanted and question.split()[0].lower() in text.lower():
                content = ContentHash(path.name)
                hits.append(Hit(content, 0, None, "", 0, len(text), text, 1.0, 0.9))
        return tuple(hits[:limit])


def scripted_library(options: LibraryChildOptions) -> Handler:
    """Entry of the child."""
    return ScriptedLibrary(options)


def broken_library(_options: LibraryChildOptions) -> Handler:
    """Entry of a child that never starts."""
    os._exit(1)
