"""An encoder whose vectors follow from the words, and documents made by hand for the index."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from app.base.jobs import CancelToken
from app.library.chunking import Chunk
from app.library.encoders import DIMENSIONS, Done
from app.library.entities import ContentHash
from app.library.index_rows import EmbeddedDocument
from app.library.readers import Part


class WordEncoder:
    """Texts that share words have close vectors. Needs no model; the same text, the same vector."""

    name = "words"

    def __init__(self, batch: int = 4) -> None:
        self.embedded: list[str] = []
        self.is_closed = False
        self._batch = batch

    def embed(
        self,
        texts: Sequence[str],
        *,
        cancel: CancelToken | None = None,
        on_done: Done | None = None,
    ) -> np.ndarray:
        rows = np.zeros((len(texts), DIMENSIONS), np.float32)
        for start in range(0, len(texts), self._batch):
            if cancel is not None:
                cancel.check()
            indexes = range(start, min(start + self._batch, len(texts)))
            for index in indexes:
                rows[index] = word_vector(texts[index])
                self.embedded.append(texts[index])
            if on_done is not None:
                on_done(list(indexes))
        return rows

    def count_tokens(self, texts: list[str]) -> list[int]:
        return [len(each.split()) for each in texts]

    def close(self) -> None:
        self.is_closed = True


def word_vector(text: str) -> np.ndarray:
    row = np.zeros(DIMENSIONS, np.float32)
    for word in re.findall(r"\w+", text.lower()):
        row[
            int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest()) % DIMENSIONS
        ] += 1
    length = float(np.linalg.norm(row))
    if length == 0:
        row[0] = length = 1.0
    return row / np.float32(length)


def content_of(name: str) -> ContentHash:
    return ContentHash(hashlib.sha256(name.encode()).hexdigest())


def embedded_document(name: str, *texts: str, title: str = "") -> EmbeddedDocument:
    """A document with one page, and one chunk, a text."""
    return EmbeddedDocument(
        content=content_of(name),
        title=title or name,
        parts=tuple(Part(text, page=number + 1) for number, text in enumerate(texts)),
        chunks=tuple(Chunk(number, 0, len(text), text) for number, text in enumerate(texts)),
        vectors=np.array([word_vector(text) for text in texts], np.float32),
        encoder=WordEncoder.name,
    )
