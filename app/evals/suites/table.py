"""Suites in CSV and TSV files, whose first row names the columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from app.engine.messages import Role, Turn
from app.evals.entities import Item
from app.evals.suites.columns import check_columns, guessed_columns, unique_names
from app.evals.suites.csv_rows import csv_rows
from app.evals.suites.gathering import Gathering
from app.evals.suites.imported import ColumnMap, Imported, SuiteFormat
from app.evals.suites.suite import BadItem, Suite

_BETWEEN_TAGS: Final = re.compile("[,;|]")


def read_table(text: str, name: str, columns: ColumnMap | None = None) -> Imported:
    """Read a suite; without `columns` they are guessed from the header.

    When no column can be taken for the input there are no items, and a problem that says so.

    Raises:
        SuiteError: a column of the map is missing, or the table is too large.
    """
    gathering = Gathering()
    rows = csv_rows(text, gathering.report)
    header_line, cells = next(rows, (1, []))
    header = unique_names(cells)
    if columns is None:
        columns = guessed_columns(header)
    check_columns(columns, header)
    others = tuple(each for each in header if each not in columns.named)
    if columns.input:
        for line, cells in rows:
            with gathering.row(line):
                gathering.add(line, _item(_named(cells, header), columns, others), others)
    else:
        gathering.report(
            header_line, "No column is named like a question: choose the one that holds the input."
        )
    return Imported(
        Suite(name, gathering.items),
        SuiteFormat.TABLE,
        gathering.problems,
        header,
        columns,
        gathering.other_fields,
    )


def _named(cells: Sequence[str], header: Sequence[str]) -> dict[str, str]:
    """Cell by column; programs leave out empty cells at the end of a row, or add some."""
    if any(cell.strip() for cell in cells[len(header) :]):
        raise BadItem(
            f"The row has {len(cells)} cells, and the header {len(header)}: "
            "a text with the separator in it has to stand in quotation marks."
        )
    filled = [*cells, *[""] * (len(header) - len(cells))]
    return dict(zip(header, filled, strict=False))


def _item(cells: Mapping[str, str], columns: ColumnMap, others: Sequence[str]) -> Item:
    asked = cells[columns.input]
    if not asked.strip():
        raise BadItem(f"The column “{columns.input}” is empty.")
    system = cells[columns.system] if columns.system else ""
    turns = (Turn(Role.SYSTEM, system), Turn(Role.USER, asked))
    tags = _BETWEEN_TAGS.split(cells[columns.tags]) if columns.tags else []
    return Item(
        cells[columns.key].strip() if columns.key else "",
        turns if system.strip() else turns[1:],
        _filled(cells[name] for name in columns.targets),
        _filled(tags),
        {name: cells[name] for name in others if cells[name].strip()},
    )


def _filled(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(text for each in texts if (text := each.strip()))
