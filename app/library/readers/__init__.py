"""Turns files into text. One reader a family of formats; a new one is one line in `READERS`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.base.jobs import CancelToken
from app.library.cleaning import clean_line
from app.library.entities import DocumentKind
from app.library.readers.contract import Extracted, Part, ReadDocument, Reader
from app.library.readers.epub import read_epub
from app.library.readers.pdf import read_pdf
from app.library.readers.sheet import read_sheet
from app.library.readers.slides import read_slides
from app.library.readers.source import open_source
from app.library.readers.text import read_markdown, read_text
from app.library.readers.web import read_web
from app.library.readers.word import read_word
from app.library.sniff import WHAT, identify

__all__ = ["READERS", "Extracted", "Part", "ReadDocument", "Reader", "read_document"]

READERS: Final[Mapping[DocumentKind, Reader]] = {
    DocumentKind.PDF: read_pdf,
    DocumentKind.WORD: read_word,
    DocumentKind.SLIDES: read_slides,
    DocumentKind.SHEET: read_sheet,
    DocumentKind.WEB: read_web,
    DocumentKind.EPUB: read_epub,
    DocumentKind.MARKDOWN: read_markdown,
    DocumentKind.TEXT: read_text,
    DocumentKind.CODE: read_text,
}
# What programs write when nobody gave a title.
_NO_TITLE: Final = re.compile(
    r"(?:microsoft \w+ - .*|untitled.*|unbenannt.*|(?:powerpoint )?presentation\d*|document ?\d*"
    r"|word document|slide ?\d*|title|home|index|\(?anonymous\)?|.*\.[a-z]{2,4})",
    re.I,
)


def read_document(path: Path, cancel: CancelToken) -> ReadDocument:
    """Read a document of any kind that is known.

    Raises:
        ReaderError: it cannot be read; says why and what would help.
        Cancelled: asked to stop.
    """
    with open_source(path) as source:
        kind = identify(source, cancel)
        if kind is not DocumentKind.PDF and not source.head.startswith(b"PK"):
            source.require_memory(WHAT[kind])
        source.load(cancel)
        extracted = READERS[kind](source, cancel)
        source.check_unchanged()
    return ReadDocument(
        kind=kind,
        title=_title(extracted.title, path),
        parts=extracted.parts,
        content=source.content,
        warning=extracted.warning,
    )


def _title(own: str, path: Path) -> str:
    if own and not _NO_TITLE.fullmatch(own) and any(map(str.isalpha, own)):
        return own
    return clean_line(path.stem) or path.name
