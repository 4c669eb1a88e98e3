"""The rows of the search index: their columns, how documents become rows and rows become finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from app.library.chunking import Chunk
from app.library.encoders import DIMENSIONS
from app.library.entities import ContentHash
from app.library.readers import Part

if TYPE_CHECKING:
    from app.library.encoders import Vectors

FOUND_COLUMNS: Final = ("content", "ordinal", "part", "page", "section", "start", "end", "text")
# LanceDB only refuses duplicates of two writers for a key it was told of.
_PRIMARY_KEY: Final = {b"lance-schema:unenforced-primary-key": b"true"}


@dataclass(frozen=True, slots=True)
class EmbeddedDocument:
    """A document ready to be stored; `vectors` has one row a chunk, made by `encoder`."""

    content: ContentHash
    title: str
    parts: tuple[Part, ...]
    chunks: tuple[Chunk, ...]
    vectors: Vectors
    encoder: str


@dataclass(frozen=True, slots=True)
class Found:
    """A chunk that one leg of a search found.

    Attributes:
        ordinal: the chunk's place in its document.
        score: of the leg; a cosine or a BM25 score.
        similarity: cosine to the question, None when it was not asked for.
    """

    content: ContentHash
    ordinal: int
    part: int
    page: int | None
    section: str
    start: int
    end: int
    text: str
    score: float
    similarity: float | None


def chunk_schema() -> Any:
    """Columns of the `chunks` table."""
    import pyarrow as pa  # heavy, native; only in the library child

    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False, metadata=_PRIMARY_KEY),
            pa.field("content", pa.string()),
            pa.field("ordinal", pa.int32()),
            pa.field("part", pa.int32()),
            pa.field("page", pa.int32()),
            pa.field("section", pa.string()),
            pa.field("start", pa.int32()),
            pa.field("end", pa.int32()),
            pa.field("title", pa.string()),
            pa.field("text", pa.string()),
            pa.field("vector", pa.list_(pa.float32(), DIMENSIONS)),
            pa.field("encoder", pa.string()),
        ]
    )


def part_schema() -> Any:
    """Columns of the `parts` table."""
    import pyarrow as pa  # heavy, native; only in the library child

    return pa.schema(
        [
            pa.field("content", pa.string()),
            pa.field("part", pa.int32()),
            pa.field("page", pa.int32()),
            pa.field("section", pa.string()),
            pa.field("text", pa.string()),
        ]
    )


def chunk_table(documents: Sequence[EmbeddedDocument]) -> Any:
    """All chunks of these documents as one Arrow table."""
    import numpy as np
    import pyarrow as pa  # heavy, native; only in the library child

    rows = [(each, number, chunk) for each in documents for number, chunk in _numbered(each)]
    vectors = np.concatenate([each.vectors for each in documents]).astype(np.float32, copy=False)
    columns: dict[str, Any] = {
        "id": [f"{each.content}:{number}" for each, number, _ in rows],
        "content": [each.content for each, _, _ in rows],
        "ordinal": [number for _, number, _ in rows],
        "part": [chunk.part for _, _, chunk in rows],
        "page": [each.parts[chunk.part].page for each, _, chunk in rows],
        "section": [_storable(each.parts[chunk.part].section) for each, _, chunk in rows],
        "start": [chunk.start for _, _, chunk in rows],
        "end": [chunk.end for _, _, chunk in rows],
        "title": [_storable(each.title) for each, _, _ in rows],
        "text": [_storable(chunk.text) for _, _, chunk in rows],
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSIONS),
        "encoder": [each.encoder for each, _, _ in rows],
    }
    return pa.table(columns, schema=chunk_schema())


def part_table(documents: Sequence[EmbeddedDocument]) -> Any:
    """All parts of these documents as one Arrow table."""
    import pyarrow as pa  # heavy, native; only in the library child

    rows = [(each.content, number, p) for each in documents for number, p in enumerate(each.parts)]
    columns: dict[str, Any] = {
        "content": [content for content, _, _ in rows],
        "part": [number for _, number, _ in rows],
        "page": [part.page for _, _, part in rows],
        "section": [_storable(part.section) for _, _, part in rows],
        "text": [_storable(part.text) for _, _, part in rows],
    }
    return pa.table(columns, schema=part_schema())


def found(row: dict[str, Any], score: float, similarity: float | None) -> Found:
    """One row of a search answer."""
    return Found(**{name: row[name] for name in FOUND_COLUMNS}, score=score, similarity=similarity)


def _numbered(document: EmbeddedDocument) -> Iterable[tuple[int, Chunk]]:
    return enumerate(document.chunks)


def _storable(text: str) -> str:
    # Arrow takes only valid Unicode; "?" keeps the length, so that offsets stay right.
    return text.encode("utf-8", "replace").decode("utf-8")
