"""Spreadsheets and CSV files. Each row carries its column names, so that it can stand alone."""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from typing import Any, Final

from app.base.jobs import CancelToken
from app.library.cleaning import clean_line, clean_text
from app.library.errors import no_text, too_large
from app.library.readers.archive import open_archive
from app.library.readers.contract import Extracted, Part
from app.library.readers.encoding import decode_text
from app.library.readers.guard import parser_faults
from app.library.readers.sections import CELL_GAP, has_text, split_long
from app.library.readers.source import Source

_WHAT: Final = "spreadsheet"
_MOST_CELLS: Final = 50_000_000
_MOST_CHARACTERS: Final = 100_000_000
_CHECK_EVERY: Final = 500
_DELIMITERS: Final = ",;\t|"
_LONGEST_ROW: Final = 50  # lines that a quoted cell may have
_SAMPLE_CHARACTERS: Final = 50_000
_NUMERIC: Final = re.compile(r"[\s\d.,:/%$€£¥+()-]+")


def read_sheet(source: Source, cancel: CancelToken) -> Extracted:
    """Read XLSX, CSV or TSV, whichever the content is."""
    if source.head.startswith(b"PK"):
        return _read_workbook(source, cancel)
    return _read_delimited(source, cancel)


def _read_workbook(source: Source, cancel: CancelToken) -> Extracted:
    with open_archive(source, _WHAT, cancel) as archive:
        archive.verify((".xml", ".rels"))
    import openpyxl  # slow to import and only needed here

    with warnings.catch_warnings(), parser_faults(_WHAT):
        warnings.simplefilter("ignore")  # about styles and extensions that do not matter here
        book = openpyxl.load_workbook(
            source.reopen(), read_only=True, data_only=True, keep_links=False
        )
        try:
            title = clean_line(book.properties.title or "")
            parts = [_sheet(sheet, cancel) for sheet in book.worksheets]
        finally:
            book.close()
    filled = tuple(split_long(part for part in parts if part.text))
    if not has_text(filled):
        raise no_text(_WHAT)
    return Extracted(filled, title)


def _sheet(sheet: Any, cancel: CancelToken) -> Part:
    sheet.reset_dimensions()  # a file may claim a million columns and have two
    rows = ([_shown(cell) for cell in row] for row in _bounded(sheet.iter_rows(), cancel))
    return Part(_table_text(rows), section=clean_line(sheet.title))


def _bounded(rows: Iterable[Sequence[Any]], cancel: CancelToken) -> Iterator[Sequence[Any]]:
    cells = 0
    for count, row in enumerate(rows):
        cells += len(row) + 1
        if cells > _MOST_CELLS:
            raise too_large(_WHAT, f"{_MOST_CELLS // 1_000_000} million cells")
        if count % _CHECK_EVERY == 0:
            cancel.check()
        yield row


def _shown(cell: Any) -> str:
    match cell.value:
        case None:
            return ""
        case bool() as value:
            return "yes" if value else "no"
        case float() as value:
            if "%" in str(cell.number_format):
                return f"{value * 100:.10g}%"
            return f"{value:.15g}"
        case datetime() as value:
            midnight = value.time() == time()
            return value.date().isoformat() if midnight else value.isoformat(" ", "minutes")
        case date() | time() as value:
            return value.isoformat()
        case value:
            return " ".join(str(value).split())


def _read_delimited(source: Source, cancel: CancelToken) -> Extracted:
    text = clean_text(decode_text(source.bytes()))
    cancel.check()
    delimiter = "\t" if source.suffix in (".tsv", ".tab") else _delimiter(text)
    part = Part(_table_text(_bounded(_records(text, delimiter), cancel)))
    if not has_text([part]):
        raise no_text(_WHAT)
    return Extracted(tuple(split_long([part])))


def _delimiter(text: str) -> str:
    """The delimiter that gives the most rows of the same, largest width."""
    sample = text[:_SAMPLE_CHARACTERS].rpartition("\n")[0] or text[:_SAMPLE_CHARACTERS]

    def fitness(delimiter: str) -> tuple[float, int]:
        widths = [len(row) for row in _records(sample, delimiter) if row]
        usual = max(set(widths), key=widths.count, default=1)
        return (widths.count(usual) / len(widths) if usual > 1 else 0.0), usual

    return max(_DELIMITERS, key=fitness)


class _Unclosed(Exception):
    """A quoted cell goes on and on: the quote was no quotation mark."""


class _Lines:
    """Lines for the CSV parser; remembers where the row under way begins."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.row_start = self._at = 0

    def __iter__(self) -> Iterator[str]:
        while self._at < len(self.lines):
            if self._at - self.row_start >= _LONGEST_ROW:
                raise _Unclosed
            self._at += 1
            yield self.lines[self._at - 1] + "\n"

    def row_done(self) -> None:
        self.row_start = self._at

    def skip_line(self) -> str:
        self.row_start += 1
        self._at = self.row_start
        return self.lines[self.row_start - 1]


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    """The rows; a line whose quotes do not close is read as it stands."""
    lines = _Lines(text)
    while lines.row_start < len(lines.lines):
        try:
            for cells in csv.reader(lines, delimiter=delimiter):
                lines.row_done()
                yield [" ".join(cell.split()) for cell in cells]
        except (csv.Error, _Unclosed):
            yield [" ".join(cell.split()) for cell in lines.skip_line().split(delimiter)]


def _table_text(rows: Iterable[Sequence[str]]) -> str:
    lines: list[str] = []
    characters = 0
    header: Sequence[str] | None = None
    for row in rows:
        if not any(row):
            continue
        if header is None:
            header = row if _is_header(row) else ()
            lines.append(CELL_GAP.join(cell for cell in row if cell))
        else:
            lines.append(_row_text(header, row))
        # A few long names or shared texts can stand in a million cells.
        characters += len(lines[-1])
        if characters > _MOST_CHARACTERS:
            raise too_large(_WHAT, f"{_MOST_CHARACTERS // 1_000_000} million characters")
    return clean_text("\n".join(lines))


def _row_text(header: Sequence[str], row: Sequence[str]) -> str:
    return CELL_GAP.join(
        f"{header[at]}: {cell}" if at < len(header) and header[at] else cell
        for at, cell in enumerate(row)
        if cell
    )


def _is_header(row: Sequence[str]) -> bool:
    names = [cell for cell in row if cell]
    return (
        len(names) > 1
        and len(set(names)) == len(names)
        and not any(_NUMERIC.fullmatch(name) or len(name) > 80 for name in names)
    )
