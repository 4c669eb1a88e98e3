"""What came of reading a suite file: the items, and what is wrong with the rows left out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.evals.entities import Item
from app.evals.suites.suite import Suite


class SuiteFormat(StrEnum):
    """What kind of file a suite came from."""

    CAIRN = "cairn"
    INSPECT = "inspect_ai"
    OPENAI = "openai_evals"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row was left out, in words.

    Attributes:
        line: 1-based, where the row begins.
    """

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which columns of a table, by name, make an item; an empty name is no column.

    Attributes:
        targets: each holds one right answer; where a cell is empty there is one fewer.
        tags: holds tags separated by commas, semicolons or bars.
    """

    input: str = ""
    system: str = ""
    targets: tuple[str, ...] = ()
    tags: str = ""
    key: str = ""

    @property
    def named(self) -> tuple[str, ...]:
        """The columns that have a part in it."""
        every = (self.input, self.system, *self.targets, self.tags, self.key)
        return tuple(name for name in every if name)


@dataclass(frozen=True, slots=True)
class Imported:
    """A suite as read from a file.

    Attributes:
        header: of a table, its column names, made unique.
        columns: of a table, the map that was used.
        other_fields: fields or columns without a part in an item, kept in its metadata.
    """

    suite: Suite
    format: SuiteFormat
    problems: tuple[RowProblem, ...] = ()
    header: tuple[str, ...] = ()
    columns: ColumnMap | None = None
    other_fields: tuple[str, ...] = ()

    @property
    def items(self) -> tuple[Item, ...]:
        """The items of the rows that could be read, in their order."""
        return self.suite.items

    @property
    def without_targets(self) -> int:
        """How many items no right answer is known for; some metrics cannot score these."""
        return sum(not item.targets for item in self.items)
