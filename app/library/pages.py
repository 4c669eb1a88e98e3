"""Pictures of PDF pages with a quote marked. Runs in the library child, one page at a time."""

from __future__ import annotations

import ctypes
import logging
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.base.errors import NotFound
from app.library.entities import PagePicture
from app.library.errors import ReaderError, file_trouble
from app.library.pdfium import PDFIUM_LOCK

if TYPE_CHECKING:
    import pypdfium2

log = logging.getLogger(__name__)

MIN_WIDTH: Final = 16
MAX_WIDTH: Final = 4_096
MAX_PIXELS: Final = 16_000_000
# Only what is on one page is searched; longer quotes are no single passage.
MAX_QUOTE: Final = 20_000
MAX_PAGE_CHARACTERS: Final = 200_000
# When the whole quote is not there, pieces of this many letters and digits are looked for.
PIECE: Final = 40

Box = tuple[float, float, float, float]


def render_page(path: Path, page: int, width: int, quote: str) -> PagePicture:
    """Draw a 1-based page `width` pixels wide and mark the quote.

    Very tall or wide requests are answered with a smaller picture.

    Raises:
        ReaderError: the file is gone, locked, or no PDF any more.
        NotFound: the document has no such page.
    """
    with PDFIUM_LOCK, _opened(path) as document:
        if not 1 <= page <= len(document):
            raise NotFound(
                f"This document has {len(document)} pages now, so page {page} cannot be shown.",
                "The file has changed since it was added. Add it again to read it anew.",
            )
        return _draw(document[page - 1], width, quote)


@contextmanager
def _opened(path: Path) -> Iterator[pypdfium2.PdfDocument]:
    import pypdfium2 as pdfium  # native; only in the library child

    try:
        with path.open("rb"):
            pass
        document = pdfium.PdfDocument(path)
    except OSError as error:
        raise file_trouble(error) from error
    except pdfium.PdfiumError as error:
        log.info("cannot open %s: %s", path, error)
        raise ReaderError(
            "This file cannot be opened as a PDF any more.",
            "It was changed or damaged since it was added. Add it again from its source.",
        ) from error
    try:
        yield document
    finally:
        document.close()


def _draw(page: Any, width: int, quote: str) -> PagePicture:
    page_width, page_height = page.get_size()
    scale = _scale(page_width, page_height, width)
    bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)
    try:
        rgb = _tight_rows(bitmap)
        convert = bitmap.get_posconv(page).to_bitmap
        boxes = _merge_lines([_pixel_box(convert, box) for box in _quote_boxes(page, quote)])
        marks = tuple(_inside(box, bitmap.width, bitmap.height) for box in boxes)
        return PagePicture(bitmap.width, bitmap.height, rgb, marks)
    finally:
        bitmap.close()


def _scale(page_width: float, page_height: float, width: int) -> float:
    page_width, page_height = max(page_width, 1.0), max(page_height, 1.0)
    scale = min(max(width, MIN_WIDTH), MAX_WIDTH) / page_width
    most: float = (MAX_PIXELS / (page_width * page_height)) ** 0.5
    # PDFium rounds up, and a rounding error must not cost a pixel column.
    return min(scale, most) * (1 - 1e-9)


def _tight_rows(bitmap: Any) -> bytes:
    data = bytes(bitmap.buffer)
    row = bitmap.width * 3
    if bitmap.stride == row:
        return data[: row * bitmap.height]
    starts = range(0, bitmap.stride * bitmap.height, bitmap.stride)
    return b"".join(data[start : start + row] for start in starts)


@dataclass(frozen=True, slots=True)
class _PageText:
    """The letters and digits of a page, folded, and the page character each one comes from."""

    letters: str
    characters: list[int]


def _quote_boxes(page: Any, quote: str) -> list[Box]:
    """Rectangles of the quote in PDF coordinates: left, bottom, right, top."""
    wanted, _ = _fold(enumerate(quote[:MAX_QUOTE]))
    if not wanted:
        return []
    textpage = page.get_textpage()
    try:
        text = _page_text(textpage)
        boxes = []
        for start, end in find_letters(text.letters, wanted):
            first, last = text.characters[start], text.characters[end - 1]
            count = textpage.count_rects(first, last - first + 1)
            boxes += [textpage.get_rect(index) for index in range(count)]
        return boxes
    finally:
        textpage.close()


def _page_text(textpage: Any) -> _PageText:
    import pypdfium2.raw as raw  # native; only in the library child

    # Character by character, because the text as a whole leaves some characters out and then
    # its offsets are not PDFium's.
    count = min(textpage.count_chars(), MAX_PAGE_CHARACTERS)
    codes = (raw.FPDFText_GetUnicode(textpage, ctypes.c_int(index)) for index in range(count))
    letters, origins = _fold((index, chr(code)) for index, code in enumerate(codes) if code)
    return _PageText(letters, origins)


def _fold(characters: Iterator[tuple[int, str]] | enumerate[str]) -> tuple[str, list[int]]:
    """Only letters and digits, without case, ligatures and accents, and where each came from."""
    letters: list[str] = []
    origins: list[int] = []
    for index, character in characters:
        for each in _folded(character):
            letters.append(each)
            origins.append(index)
    return "".join(letters), origins


def _folded(character: str) -> str:
    if character.isascii():
        return character.lower() if character.isalnum() else ""
    decomposed = unicodedata.normalize("NFKD", character).casefold()
    return "".join(each for each in decomposed if each.isalnum())


def find_letters(page: str, wanted: str) -> list[tuple[int, int]]:
    """Where the folded quote stands in the folded page: whole, or in the pieces that are there.

    Pieces are needed when cleaning took a header or page number out of the middle of the quote.
    """
    at = page.find(wanted)
    if at >= 0:
        return [(at, at + len(wanted))]
    found: list[tuple[int, int]] = []
    position = 0
    for start in range(0, len(wanted), PIECE):
        piece = wanted[start : start + PIECE]
        at = page.find(piece, position) if len(piece) >= PIECE // 2 else -1
        if at >= 0:
            found.append((at, at + len(piece)))
            position = at + len(piece)
    return _touching_joined(found)


def _touching_joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _pixel_box(convert: Any, box: Box) -> Box:
    (x0, y0), (x1, y1) = convert(box[0], box[1]), convert(box[2], box[3])
    return min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0)


def _merge_lines(boxes: list[Box]) -> list[Box]:
    """One box a line: neighbours that share most of their height and nearly touch are joined."""
    lines: list[Box] = []
    for box in boxes:
        if lines and _same_line(lines[-1], box):
            left, top = min(lines[-1][0], box[0]), min(lines[-1][1], box[1])
            right = max(lines[-1][0] + lines[-1][2], box[0] + box[2])
            bottom = max(lines[-1][1] + lines[-1][3], box[1] + box[3])
            lines[-1] = (left, top, right - left, bottom - top)
        else:
            lines.append(box)
    return lines


def _same_line(one: Box, other: Box) -> bool:
    shared = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    height = min(one[3], other[3])
    gap = max(one[0], other[0]) - min(one[0] + one[2], other[0] + other[2])
    return shared > 0.5 * height and gap < 2 * max(one[3], other[3])


def _inside(box: Box, width: int, height: int) -> Box:
    left, top = min(max(box[0], 0.0), width), min(max(box[1], 0.0), height)
    right = min(max(box[0] + box[2], 0.0), width)
    bottom = min(max(box[1] + box[3], 0.0), height)
    return left, top, right - left, bottom - top
