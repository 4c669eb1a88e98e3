"""Messages between the library service and the library child. Small frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass

from app.library.entities import ContentHash, DocumentKind
from app.settings.schema import EmbedderPrecision, SearchMode


@dataclass(frozen=True, slots=True)
class IngestItem:
    """One file to read and index. `key` comes back in every event about it."""

    key: int
    path: str


@dataclass(frozen=True, slots=True)
class Ingest:
    """Bring these files into the index; each becomes searchable whole or not at all.

    Streams one `ItemEvent` a step; the answer is None. An item that fails does not stop the rest.
    When cancelled, items without an `ItemIndexed` or `ItemFailed` left no trace in the index.
    """

    items: tuple[IngestItem, ...]


@dataclass(frozen=True, slots=True)
class ItemReading:
    """The file is being read."""

    key: int


@dataclass(frozen=True, slots=True)
class ItemEmbedding:
    """`done` of `total` chunks are embedded. Sent at the start with 0 and a few times a second."""

    key: int
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class ItemIndexed:
    """The file is searchable.

    Attributes:
        reused: its content was in the index already.
        warning: what could not be read of it, in words; empty if all could.
    """

    key: int
    content: ContentHash
    title: str
    kind: DocumentKind
    pages: int
    chunks: int
    reused: bool
    warning: str = ""


@dataclass(frozen=True, slots=True)
class ItemFailed:
    """The file cannot be indexed; why, and what to do, in words."""

    key: int
    message: str
    hint: str


ItemEvent = ItemReading | ItemEmbedding | ItemIndexed | ItemFailed


@dataclass(frozen=True, slots=True)
class Search:
    """Find passages. `contents` None searches everything. The answer is tuple[Hit, ...]."""

    question: str
    mode: SearchMode
    limit: int
    contents: tuple[ContentHash, ...] | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found; fields as in `Place` and `Passage`."""

    content: ContentHash
    part: int
    page: int | None
    section: str
    start: int
    end: int
    text: str
    score: float
    similarity: float | None


@dataclass(frozen=True, slots=True)
class PickSentences:
    """Choose at most `limit` sentences of `texts` that answer the question, best first.

    The answer is tuple[PickedSentence, ...]; empty when nothing fits well enough.
    """

    question: str
    texts: tuple[str, ...]
    limit: int = 5


@dataclass(frozen=True, slots=True)
class PickedSentence:
    """Characters `start` to `end` of `texts[index]`; `score` is the cosine to the question."""

    index: int
    start: int
    end: int
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class EmbedTexts:
    """What texts mean, as vectors of length 1. The answer is tuple[tuple[float, ...], ...]."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemoveContents:
    """Delete all chunks of these contents. The answer is None."""

    contents: tuple[ContentHash, ...]


@dataclass(frozen=True, slots=True)
class KeepOnly:
    """Delete every content that is not named: left over from an interrupted removal.

    The answer is tuple[ContentHash, ...]: the named contents that the index does not hold.
    """

    contents: tuple[ContentHash, ...]


@dataclass(frozen=True, slots=True)
class ReadPart:
    """The whole extracted text of one part. The answer is str; NotFound if it is gone."""

    content: ContentHash
    part: int


@dataclass(frozen=True, slots=True)
class RenderPage:
    """Draw a 1-based PDF page `width` pixels wide, marking `quote`. The answer is PagePicture."""

    path: str
    page: int
    width: int
    quote: str


@dataclass(frozen=True, slots=True)
class DescribeEmbedder:
    """Which encoder runs here and why. The answer is EmbedderFacts."""


@dataclass(frozen=True, slots=True)
class EmbedderFacts:
    """The encoder in use, and what the choice was measured on (texts per second by encoder)."""

    name: str
    dimensions: int
    measured: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class LibraryChildOptions:
    """What the library child is started with; paths as text."""

    index_dir: str
    artifacts_dir: str
    precision: EmbedderPrecision
