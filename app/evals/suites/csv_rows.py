"""Rows of a CSV text in whatever dialect it is; a row with misplaced quotes spoils no other."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from app.evals.suites.suite import MAX_ITEM_CHARACTERS, SuiteError

MAX_MISQUOTED: Final = 200  # each may cost reading a long way in search of the closing quote
_SEPARATORS: Final = ",;\t|"
_NO_SEPARATOR: Final = "\x1f"  # no text has it, so every line is one cell
_SAMPLE_LINES: Final = 200


class _RowTooLong(Exception):
    """A quoted cell goes on and on."""


class _Lines:
    """Lines for the CSV parser; remembers where the row under way begins."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._row_start = self._at = self._characters = 0

    def __iter__(self) -> Iterator[str]:
        while not self.at_end:
            line = self._lines[self._at] + "\n"
            self._characters += len(line)
            if self._characters > MAX_ITEM_CHARACTERS:
                raise _RowTooLong
            self._at += 1
            yield line

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._lines)

    @property
    def row_line(self) -> int:
        return self._row_start + 1

    def begin_row(self, start: int | None = None) -> None:
        self._row_start = self._at = self._at if start is None else start
        self._characters = 0


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How cells are set apart.

    Attributes:
        skips_space: a quote may follow a separator and a space.
    """

    separator: str
    skips_space: bool = False

    def reader(self, lines: Iterable[str], *, strict: bool) -> Iterator[list[str]]:
        return csv.reader(
            lines, delimiter=self.separator, skipinitialspace=self.skips_space, strict=strict
        )

    def fit(self, lines: Iterable[str]) -> tuple[float, int]:
        """The share of rows as wide as the header, and that width; nothing if that is 1."""
        widths: list[int] = []
        with suppress(csv.Error):
            widths.extend(len(cells) for cells in self.reader(lines, strict=False) if cells)
        if not widths or widths[0] == 1:
            return 0.0, 0
        return widths.count(widths[0]) / len(widths), widths[0]


def csv_rows(text: str, report: Callable[[int, str], None]) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the 1-based line where it begins.

    Args:
        text: of the file, with plain line feeds.
        report: is told the line of a row that cannot be read, and why.

    Raises:
        SuiteError: there are very many such rows.
    """
    dialect = _sniffed(text)
    lines = _Lines(text)
    misquoted = 0
    while not lines.at_end:
        try:
            for cells in dialect.reader(lines, strict=True):
                line = lines.row_line
                lines.begin_row()
                if any(cell.strip() for cell in cells):
                    yield line, cells
        except (csv.Error, _RowTooLong) as error:
            misquoted += 1
            if misquoted > MAX_MISQUOTED:
                raise _not_a_table() from error
            report(lines.row_line, _words(error))
            lines.begin_row(lines.row_line)  # at the next line


def _sniffed(text: str) -> _Dialect:
    sample = [f"{line}\n" for line in text.split("\n", _SAMPLE_LINES)[:_SAMPLE_LINES]]
    joined = "".join(sample)
    dialects = [_Dialect(each, f'{each} "' in joined) for each in _SEPARATORS]
    best = max(dialects, key=lambda dialect: dialect.fit(sample))
    return best if best.fit(sample)[1] else _Dialect(_NO_SEPARATOR)


def _words(error: Exception) -> str:
    if isinstance(error, _RowTooLong):
        return f"The row has more than {MAX_ITEM_CHARACTERS:,} characters."
    if "field limit" in str(error):
        return f"A cell has more than {csv.field_size_limit():,} characters."
    return "A quotation mark is misplaced, or one is missing."


def _not_a_table() -> SuiteError:
    return SuiteError(
        f"More than {MAX_MISQUOTED} rows of this table have misplaced quotation marks.",
        "Open it in a spreadsheet and save it as CSV again.",
    )
