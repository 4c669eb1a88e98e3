"""PDF: PDFium reads the text; pypdf tries again where PDFium fails or finds nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import pypdfium2
import pypdfium2.raw as pdfium_c

from app.base.jobs import CancelToken
from app.library.cleaning import clean_line, clean_pages
from app.library.errors import (
    NeedsOcr,
    PasswordNeeded,
    ReaderError,
    damaged,
    no_text,
    password_needed,
    too_large,
)
from app.library.pdfium import PDFIUM_LOCK
from app.library.readers.contract import Extracted, Part
from app.library.readers.guard import parser_faults
from app.library.readers.sections import has_text
from app.library.readers.source import Source

_WHAT: Final = "PDF"
_MOST_PAGES: Final = 50_000
_MOST_CHARACTERS: Final = 200_000_000
_MOST_HEADINGS: Final = 20_000
_HEADING_LEVELS: Final = 2
_BROKEN_IN_A_ROW: Final = 200
# Less than this on a page with a picture is a stamp or a page number, not the page's text.
_FEW_CHARACTERS: Final = 30
_MOSTLY_SCANNED: Final = 0.8
_PICTURE_SHARE: Final = 0.4
_OBJECTS_TO_SEE: Final = 2000
_DRAWN_LETTERS: Final = 50
_PAGES_TO_TRY: Final = 12
_UNMAPPED: Final = 0.3

# Both log every flaw of a file; what matters to the reader of the file is said once, by us.
for _name in ("pypdf", "pypdfium2"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


@dataclass(slots=True)
class _Pages:
    """The raw text of each page, and what else is needed to judge it."""

    texts: list[str] = field(default_factory=list)
    title: str = ""
    headings: dict[int, str] = field(default_factory=dict)
    pictured: set[int] = field(default_factory=set)
    broken: list[int] = field(default_factory=list)


def read_pdf(source: Source, cancel: CancelToken) -> Extracted:
    """Read the text of every page; the outline gives the sections."""
    pages = _read_with_pdfium(source, cancel)
    if pages is None:
        pages = _read_with_pypdf(source, cancel)
    else:
        _second_look(pages, source, cancel)
    texts = clean_pages(pages.texts, cancel)
    warning = _judged(texts, pages)
    section, parts = "", []
    for at, text in enumerate(texts):
        section = pages.headings.get(at, section)
        parts.append(Part(text, page=at + 1, section=section))
    return Extracted(tuple(parts), pages.title, warning)


def _read_with_pdfium(source: Source, cancel: CancelToken) -> _Pages | None:
    with PDFIUM_LOCK:
        try:
            document = pypdfium2.PdfDocument(source.data or source.reopen())
        except pypdfium2.PdfiumError as error:
            _refuse_locked(error.err_code)
            return None
    try:
        return _pdfium_pages(document, cancel)
    finally:
        with PDFIUM_LOCK:
            document.close()


def _refuse_locked(code: int | None) -> None:
    if code == pdfium_c.FPDF_ERR_PASSWORD:
        raise password_needed(_WHAT)
    if code == pdfium_c.FPDF_ERR_SECURITY:
        raise PasswordNeeded(
            "This PDF is locked to certain programs or persons.",
            "Ask the sender for a copy without that protection.",
        )


def _pdfium_pages(document: Any, cancel: CancelToken) -> _Pages:
    pages = _Pages()
    with PDFIUM_LOCK:
        count = len(document)
        pages.title = _line(lambda: document.get_metadata_value("Title"))
        pages.headings = _outline(document)
    _require_sensible(count)
    characters = in_a_row = 0
    for at in range(count):
        cancel.check()
        # Taken for each page anew, so that pages can be drawn for the window meanwhile.
        with PDFIUM_LOCK:
            text = _page_text(document, at, pages)
        in_a_row = in_a_row + 1 if pages.broken and pages.broken[-1] == at else 0
        characters += len(text)
        if in_a_row > _BROKEN_IN_A_ROW:
            raise damaged(_WHAT)
        if characters > _MOST_CHARACTERS:
            raise too_large(_WHAT, f"{_MOST_CHARACTERS // 1_000_000} million characters")
        pages.texts.append(text)
    return pages


def _page_text(document: Any, at: int, pages: _Pages) -> str:
    try:
        page = document[at]
    except pypdfium2.PdfiumError:
        pages.broken.append(at)
        return ""
    try:
        text_page = page.get_textpage()
        text = _whole_text(text_page)
        text_page.close()
        if len(text.strip()) < _FEW_CHARACTERS and _is_pictured(page):
            pages.pictured.add(at)
        return text
    except pypdfium2.PdfiumError:
        pages.broken.append(at)
        return ""
    finally:
        page.close()


def _whole_text(text_page: Any) -> str:
    try:
        return str(text_page.get_text_range())
    except RecursionError:  # it goes one deeper for each glyph without text at the page's start
        return str(text_page.get_text_bounded())


def _is_pictured(page: Any) -> bool:
    """Whether pictures fill much of the page, or letters are drawn as shapes."""
    page_width, page_height = page.get_size()
    covered, drawn = 0.0, 0
    for each in islice(page.get_objects(max_depth=4), _OBJECTS_TO_SEE):
        drawn += each.type == pdfium_c.FPDF_PAGEOBJ_PATH
        if each.type == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            if each.level:  # within a form, whose own scale is not known here
                return True
            left, bottom, right, top = each.get_bounds()
            covered += (right - left) * (top - bottom)  # scanners also store a page in strips
    return covered >= _PICTURE_SHARE * page_width * page_height or drawn >= _DRAWN_LETTERS


def _outline(document: Any) -> dict[int, str]:
    """The first heading of each page that has one."""
    headings: dict[int, str] = {}
    for each in islice(document.get_toc(max_depth=_HEADING_LEVELS), _MOST_HEADINGS):
        destination = each.get_dest()
        at = destination.get_index() if destination is not None else None
        if at is not None and (title := _line(each.get_title)):
            headings.setdefault(at, title)
    return headings


def _line(read: Callable[[], str]) -> str:
    try:
        return clean_line(read())
    except UnicodeDecodeError:  # half a character; a title is not worth the document
        return ""


def _second_look(pages: _Pages, source: Source, cancel: CancelToken) -> None:
    """Let pypdf read what PDFium could not: broken pages, or all when none has usable text."""
    if _is_usable(pages.texts):
        wanted: Iterable[int] = pages.broken
    else:
        wanted = range(min(_PAGES_TO_TRY, len(pages.texts)))
    if not wanted:
        return
    try:
        found = dict(_pypdf_texts(source, cancel, wanted))
        if not _is_usable(pages.texts) and _is_usable(found.values()):
            found = dict(_pypdf_texts(source, cancel, range(len(pages.texts))))
    except ReaderError:
        return  # PDFium opened it, so its own verdict counts
    for at, text in found.items():
        if text.strip() and (at in pages.broken or _is_usable(found.values())):
            pages.texts[at] = text
            pages.pictured.discard(at)


def _read_with_pypdf(source: Source, cancel: CancelToken) -> _Pages:
    pages = _Pages()
    for at, text in _pypdf_texts(source, cancel):
        pages.texts.append(text)
        if not text.strip():
            pages.broken.append(at)
    if not has_text(Part(text) for text in pages.texts):
        raise damaged(_WHAT)
    return pages


def _pypdf_texts(
    source: Source, cancel: CancelToken, wanted: Iterable[int] | None = None
) -> Iterator[tuple[int, str]]:
    import pypdf  # only for the few files that PDFium does not read

    with parser_faults(_WHAT):
        reader = pypdf.PdfReader(source.reopen(), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise password_needed(_WHAT)
        count = len(reader.pages)
    _require_sensible(count)
    for at in range(count) if wanted is None else wanted:
        cancel.check()
        text = ""
        try:
            with parser_faults(_WHAT):
                text = reader.pages[at].extract_text()
        except ReaderError:
            text = ""  # one page less; the others may be whole
        yield at, text


def _require_sensible(count: int) -> None:
    if count > _MOST_PAGES:
        raise too_large(_WHAT, f"{_MOST_PAGES} pages")


def _is_usable(texts: Iterable[str]) -> bool:
    """Whether there is text, and its letters are mapped to characters rather than to debris."""
    sample = "".join(islice((text[:2000] for text in texts if text.strip()), 50))
    shown = [character for character in sample if not character.isspace()]
    unmapped = sum(
        character == "\ufffd" or "\ue000" <= character <= "\uf8ff" or character < " "
        for character in shown
        if character != "\x02"
    )
    return bool(shown) and unmapped <= _UNMAPPED * len(shown)


def _judged(texts: list[str], pages: _Pages) -> str:
    """What is missing from the text, in words; raises when too little is there."""
    short = {at for at, text in enumerate(texts) if len(text) < _FEW_CHARACTERS}
    scanned = len(pages.pictured & short)
    if scanned and (len(short) == len(texts) or scanned > _MOSTLY_SCANNED * len(texts)):
        raise NeedsOcr(
            f"This PDF is scanned: {_of_pages(scanned, len(texts))} hold only pictures of text.",
            "Run text recognition (OCR) on it, for instance in the program of your scanner, "
            "and add the result.",
        )
    if any(text.strip() for text in pages.texts) and not _is_usable(pages.texts):
        raise NeedsOcr(
            "The text of this PDF is stored without saying which letters it stands for.",
            "Print it to a new PDF and run text recognition (OCR) on that.",
        )
    if not has_text(Part(text) for text in texts):
        raise no_text(_WHAT)
    if scanned:
        return f"{_of_pages(scanned, len(texts))} are pictures of text and cannot be searched."
    return ""


def _of_pages(some: int, total: int) -> str:
    return "all its pages" if some == total else f"{some} of {total} pages"
