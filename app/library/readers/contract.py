"""What every reader takes and gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from app.base.jobs import CancelToken
from app.library.entities import ContentHash, DocumentKind
from app.library.readers.source import Source


@dataclass(frozen=True, slots=True)
class Part:
    """A PDF page, section, slide, sheet or chapter.

    Attributes:
        page: 1-based, only for PDF.
        section: heading, slide title or sheet name the text stands under; empty if there is none.
    """

    text: str
    page: int | None = None
    section: str = ""


@dataclass(frozen=True, slots=True)
class Extracted:
    """What a reader got out of a file.

    Attributes:
        title: the document's own title; empty if it has none.
        warning: what is missing from the text, for a person; empty if nothing is.
    """

    parts: tuple[Part, ...]
    title: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document as text. `title` falls back to the file name; `warning` as in `Extracted`."""

    kind: DocumentKind
    title: str
    parts: tuple[Part, ...]
    content: ContentHash
    warning: str = ""


class Reader(Protocol):
    """Turns one kind of file into text."""

    def __call__(self, source: Source, cancel: CancelToken) -> Extracted:
        """Read the whole file.

        Raises:
            ReaderError: the file cannot be read.
            Cancelled: asked to stop; checked at least every part.
        """
