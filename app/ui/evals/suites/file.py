"""A file of a suite, as it is looked at before it is taken in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.evals.suites.imported import ColumnMap, Imported, SuiteFormat

_HEAD_BYTES = 64_000


@dataclass(frozen=True, slots=True)
class Look:
    """A file as it was read.

    Attributes:
        samples: of a table, the first value in each column.
    """

    path: Path
    imported: Imported
    samples: dict[str, str]


def read_file(path: Path, columns: ColumnMap | None = None) -> Look:
    """Read a suite file; runs off the GUI thread.

    Raises:
        AppError: it cannot be read, or is nothing that Cairn knows.
    """
    from app.evals.suites.reading import read_suite

    imported = read_suite(path, columns)
    samples = _samples(path, imported.header) if imported.format is SuiteFormat.TABLE else {}
    return Look(path, imported, samples)


def _samples(path: Path, header: Sequence[str]) -> dict[str, str]:
    """The first values of a table's columns, from its first lines."""
    from app.evals.suites.reading import parse_suite

    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    whole = head[: head.rfind(b"\n") + 1] or head
    for name in header:  # a row without a value in the column that is asked for is left out
        items = parse_suite(whole, path.stem, ColumnMap(input=name)).items
        if items:
            return {name: items[0].input[0].content} | {
                other: str(value) for other, value in items[0].metadata.items()
            }
    return {}
