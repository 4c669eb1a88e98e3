"""Tables in files: typed columns out of CSV, TSV and XLSX. A table is read whole or not at all."""

from __future__ import annotations

import csv
import io
import os
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.agents.tools.folders import Place, opened_parent
from app.agents.tools.table_cells import Cell, is_header, typed_column
from app.agents.tools.text_file import MOST_READ, text_of
from app.agents.tools.tool import ToolFault
from app.base.jobs import CancelToken
from app.library.errors import ReaderError

if TYPE_CHECKING:
    from app.library.readers.source import Source

_MOST_CELLS: Final = 500_000
_MOST_CHARACTERS: Final = 20_000_000
_MOST_COLUMNS: Final = 1_000
_CHECK_EVERY: Final = 500
_DELIMITERS: Final = ",;\t|"
_SAMPLE_LINES: Final = 50
_WHAT: Final = "spreadsheet"


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is in a file.

    Attributes:
        names: of the columns, each of them once.
        columns: the cells of each, None where one is empty; all of one length.
        sheet, sheets: which of the workbook this is, and all of them; empty for text.
    """

    names: tuple[str, ...]
    columns: tuple[tuple[Cell, ...], ...]
    sheet: str = ""
    sheets: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """How many rows there are."""
        return len(self.columns[0])

    @property
    def rows(self) -> list[tuple[Cell, ...]]:
        """The rows, in the order of the columns."""
        return list(zip(*self.columns, strict=True))


def read_table_file(place: Place, sheet: str, cancel: CancelToken) -> Table:
    """Read a table; of a workbook the named sheet, or the first.

    Raises:
        ToolFault: it is no table, or a larger one than is worked with.
    """
    from app.library.readers.source import Source  # late, as all that reads documents

    with opened_parent(place) as (folder, name):
        with os.fdopen(folder.open(name, os.O_RDONLY), "rb") as file:
            source = Source(Path(name), file)
            if source.size_bytes > MOST_READ:
                raise ToolFault(f"{place.shown} is larger than {MOST_READ // 1_000_000} MB.")
            try:
                source.load(cancel)
                if source.head.startswith(b"PK"):
                    return _workbook(source, sheet, cancel)
            except ReaderError as error:
                raise ToolFault(f"{place.shown} cannot be read: {error.message}") from error
        return _delimited(text_of(source.bytes(), name), name, cancel)


def _workbook(source: Source, wanted: str, cancel: CancelToken) -> Table:
    import openpyxl  # slow to import and only needed here

    from app.library.readers.archive import open_archive
    from app.library.readers.guard import parser_faults

    with open_archive(source, _WHAT, cancel) as archive:
        archive.verify((".xml", ".rels"))
    with warnings.catch_warnings(), parser_faults(_WHAT):
        warnings.simplefilter("ignore")  # about styles and extensions that do not matter here
        book = openpyxl.load_workbook(
            source.reopen(), read_only=True, data_only=True, keep_links=False
        )
        try:
            sheets = {each.title: each for each in book.worksheets}
            name = wanted or next(iter(sheets), "")
            if name not in sheets:
                raise ToolFault(
                    f"There is no sheet “{wanted}”.", "Call read_table without one to see them all."
                )
            sheets[name].reset_dimensions()  # a file may claim a million columns and have two
            rows = _bounded(sheets[name].iter_rows(values_only=True), cancel)
            plain = [[_plain(cell) for cell in row] for row in rows]
        finally:
            book.close()
    return _table(plain, sheet=name, sheets=tuple(sheets))


def _plain(value: Any) -> Cell:
    match value:
        case None | bool() | int() | float():
            return value
        case datetime():
            is_day = value.time() == time()
            return value.date().isoformat() if is_day else value.isoformat(" ", "seconds")
        case _:
            return str(value).strip() or None


def _delimited(text: str, name: str, cancel: CancelToken) -> Table:
    delimiter = "\t" if name.lower().endswith((".tsv", ".tab")) else _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = [[cell.strip() or None for cell in row] for row in _bounded(reader, cancel)]
    except csv.Error as error:
        raise ToolFault(
            f"Line {reader.line_num} of {name} is no row of a table: {error}."
        ) from error
    return _table(rows, has_comma=delimiter == ";")


def _delimiter(text: str) -> str:
    """The delimiter that gives the most rows of one width, and of those the wider."""
    lines = list(islice((line for line in text.splitlines() if line.strip()), _SAMPLE_LINES))

    def fitness(delimiter: str) -> tuple[int, int]:
        try:
            widths = Counter(map(len, csv.reader(lines, delimiter=delimiter)))
        except csv.Error:
            return 0, 0
        width, count = max(widths.items(), key=lambda each: each[1], default=(1, 0))
        return (count, width) if width > 1 else (0, 1)

    return max(_DELIMITERS, key=fitness)


def _bounded(rows: Iterable[Sequence[Any]], cancel: CancelToken) -> Iterator[Sequence[Any]]:
    """The rows that have something in them, as long as there are not too many."""
    cells = characters = 0
    for count, row in enumerate(rows):
        if count % _CHECK_EVERY == 0:
            cancel.check()
        cells += len(row) + 1
        characters += sum(len(each) for each in row if isinstance(each, str))
        if cells > _MOST_CELLS or characters > _MOST_CHARACTERS or len(row) > _MOST_COLUMNS:
            raise _too_large()
        if any(each not in (None, "") for each in row):
            yield row


def _table(
    rows: list[list[Cell]],
    *,
    sheet: str = "",
    sheets: tuple[str, ...] = (),
    has_comma: bool = False,
) -> Table:
    width = max((len(row) for row in rows), default=0)
    while width and all(len(row) < width or row[width - 1] is None for row in rows):
        width -= 1
    if not width:
        raise ToolFault("The table is empty.")
    if width * len(rows) > _MOST_CELLS:  # one long row makes all rows long
        raise _too_large()
    filled = [row[:width] + [None] * (width - len(row)) for row in rows]
    header = filled.pop(0) if is_header(filled[0]) else [None] * width
    columns = zip(*filled, strict=True) if filled else ((),) * width
    typed = tuple(typed_column(each, has_comma=has_comma) for each in columns)
    return Table(_names(header), typed, sheet, sheets)


def _names(header: Sequence[Cell]) -> tuple[str, ...]:
    names: list[str] = []
    for number, cell in enumerate(header, 1):
        name = " ".join(str(cell).split()) if cell is not None else f"column_{number}"
        free, count = name, 2
        while free in names:
            free, count = f"{name}_{count}", count + 1
        names.append(free)
    return tuple(names)


def _too_large() -> ToolFault:
    return ToolFault(
        f"The table is larger than {_MOST_CELLS:,} cells or {_MOST_COLUMNS:,} columns.",
        "Ask for a smaller file.",
    )
