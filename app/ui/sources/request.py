"""A wish to see a document at a place. Panes emit it; the window shows the source view."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.library.entities import ContentHash, DocumentKind, Place


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """Show this document at this place.

    Attributes:
        place: where to open it; the start of the document when nothing was searched for.
        quote: the words to mark; empty to mark nothing.
    """

    title: str
    path: Path
    kind: DocumentKind
    content: ContentHash
    place: Place
    quote: str = ""
