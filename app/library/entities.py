"""The library's nouns. Plain values; they cross threads and process borders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NewType

DocumentId = NewType("DocumentId", int)
CollectionId = NewType("CollectionId", int)
ContentHash = NewType("ContentHash", str)  # SHA-256 of the file's bytes, hex


class DocumentKind(StrEnum):
    """What a file is, judged by its content and not by its name alone."""

    PDF = "pdf"
    WORD = "word"
    SLIDES = "slides"
    SHEET = "sheet"
    WEB = "web"
    EPUB = "epub"
    MARKDOWN = "markdown"
    TEXT = "text"
    CODE = "code"


class DocumentStatus(StrEnum):
    """Where a document is on its way into the index."""

    QUEUED = "queued"
    READING = "reading"
    EMBEDDING = "embedding"
    INDEXED = "indexed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_pending(self) -> bool:
        """Whether there is work left to do."""
        return self in (DocumentStatus.QUEUED, DocumentStatus.READING, DocumentStatus.EMBEDDING)


@dataclass(frozen=True, slots=True)
class Document:
    """A file the library refers to. The file stays where it is.

    Attributes:
        content: None until the file was read once.
        reason, hint: why it failed and what to do, for a person. Of an indexed document the
            reason says what could not be read; empty if all could.
        chunks_done, chunks: progress while embedding; equal once indexed.
        pages: pages of a PDF, else the number of sections, slides or sheets.
    """

    id: DocumentId
    path: Path
    title: str
    kind: DocumentKind | None
    status: DocumentStatus
    size_bytes: int
    collection_id: CollectionId | None
    added_at: datetime
    content: ContentHash | None = None
    reason: str = ""
    hint: str = ""
    pages: int = 0
    chunks: int = 0
    chunks_done: int = 0


@dataclass(frozen=True, slots=True)
class Collection:
    """A named group of documents; a document is in one or none."""

    id: CollectionId
    name: str
    documents: int


@dataclass(frozen=True, slots=True)
class Scope:
    """Which documents a question is asked over. Both empty: all of them."""

    collections: tuple[CollectionId, ...] = ()
    documents: tuple[DocumentId, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not self.collections and not self.documents


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a document: a part, and characters `start` to `end` of the part's text.

    Attributes:
        part: 0-based; a page, section, slide or sheet.
        page: 1-based page number, only for PDF.
        section: heading, slide or sheet name; empty if there is none.
    """

    part: int
    start: int
    end: int
    page: int | None = None
    section: str = ""

    @property
    def label(self) -> str:
        """The place in words: "page 3", "Introduction", or "part 2"."""
        if self.page is not None:
            return f"page {self.page}"
        return self.section or f"part {self.part + 1}"


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that search found.

    Attributes:
        score: fused, 0 to 1 within one search; only the order means something.
        similarity: cosine to the question, None when only words were searched.
    """

    document_id: DocumentId
    content: ContentHash
    title: str
    path: Path
    kind: DocumentKind
    place: Place
    text: str
    score: float
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class QuotedSentence:
    """A sentence of a passage that fits a question; `place` marks just the sentence."""

    passage: Passage
    place: Place
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class PagePicture:
    """One rendered PDF page.

    Attributes:
        rgb: `height` rows of `width` pixels, 3 bytes each, no padding.
        marks: (left, top, width, height) in pixels of the wanted passage; empty if not found.
    """

    width: int
    height: int
    rgb: bytes
    marks: tuple[tuple[float, float, float, float], ...]
