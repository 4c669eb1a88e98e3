"""Takes items row by row, so that good rows survive broken ones; keys are made and kept unique."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from app.evals.entities import Item
from app.evals.suites.imported import RowProblem
from app.evals.suites.suite import MAX_ITEMS, BadItem, SuiteError, check_item, made_key


class Gathering:
    """The items so far, and what was wrong with the other rows."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}
        self._lines: dict[str, int] = {}
        self._rows = 0
        self._problems: list[RowProblem] = []
        self._other_fields: dict[str, None] = {}  # a set that keeps its order

    @property
    def items(self) -> tuple[Item, ...]:
        """In the order of their rows."""
        return tuple(self._items.values())

    @property
    def problems(self) -> tuple[RowProblem, ...]:
        """In the order in which they were met."""
        return tuple(self._problems)

    @property
    def other_fields(self) -> tuple[str, ...]:
        """Fields that went into metadata, as first met."""
        return tuple(self._other_fields)

    @contextmanager
    def row(self, line: int) -> Iterator[None]:
        """Around the reading of a row: if it is a `BadItem`, that becomes a problem.

        Raises:
            SuiteError: there are too many rows.
        """
        self._rows += 1
        if self._rows > MAX_ITEMS:
            raise SuiteError(
                f"This file has more than {MAX_ITEMS:,} rows.",
                "Split it into smaller files; each becomes a suite.",
            )
        try:
            yield
        except BadItem as bad:
            self.report(line, bad.message)

    def add(self, line: int, item: Item, other_fields: Iterable[str] = ()) -> None:
        """Take an item; without a key it gets one.

        Raises:
            BadItem: it cannot be used, or its key was.
        """
        has_key = bool(item.key)
        if not has_key:
            item = replace(item, key=made_key(item))
        check_item(item)
        if (before := self._lines.get(item.key)) is not None:
            words = f"The key “{item.key}” was used in line {before}, too."
            raise BadItem(words if has_key else f"The row says the same as line {before}.")
        self._items[item.key] = item
        self._lines[item.key] = line
        self._other_fields.update(dict.fromkeys(other_fields))

    def report(self, line: int, message: str) -> None:
        """Note what is wrong at a line."""
        self._problems.append(RowProblem(line, message))
