"""What the page of a suite reads and writes, off the GUI thread."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.base.errors import NotFound
from app.engine.messages import Role, Turn
from app.evals.entities import Item
from app.evals.runs.entities import StoredSuite, SuiteId
from app.evals.suites.suite import BadItem

if TYPE_CHECKING:
    from app.evals.suites.service import SuiteService

PAGE = 100  # items read at a time
MOST_PASTED = 1_000  # rows
_MOST_CHARACTERS = 1_000_000
_FIRST_WORDS = 200  # characters that a cell of the table can show


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items of a suite are shown."""

    search: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True)
class ItemLook:
    """An item as its row shows it; the whole of it is read when it is chosen."""

    key: str
    asked: str
    target: str
    tags: str

    @classmethod
    def of(cls, item: Item) -> ItemLook:
        """The row of an item."""
        said = [turn for turn in item.input if turn.role is not Role.SYSTEM] or item.input
        more = f"  +{len(item.targets) - 1}" if len(item.targets) > 1 else ""
        return cls(
            item.key,
            _short(next((turn.content for turn in reversed(said) if turn.content), "")),
            (_short(item.targets[0]) + more) if item.targets else "",
            ", ".join(item.tags),
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """A suite, its tags with how many items have each, and how many items a filter shows."""

    suite: StoredSuite
    wanted: ItemFilter
    tags: Mapping[str, int]
    shown: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows; `number` counts pages of `PAGE` rows from 0."""

    number: int
    rows: tuple[ItemLook, ...]


def read_suite(
    suites: SuiteService, suite_id: SuiteId, wanted: ItemFilter, before: Opened | None = None
) -> Opened:
    """A suite as it is now; `before` is what was read last, for what cannot have changed since."""
    suite = suites.get(suite_id)
    if before is not None and before.wanted == wanted and before.suite.number == suite.number:
        return replace(before, suite=suite)
    shown = suite.items
    if wanted != ItemFilter():
        shown = suites.count(suite_id, search=wanted.search, tag=wanted.tag)
    return Opened(suite, wanted, suites.tags(suite_id), shown)


def read_page(suites: SuiteService, suite_id: SuiteId, wanted: ItemFilter, number: int) -> Page:
    """One page of rows."""
    items = suites.items(
        suite_id, search=wanted.search, tag=wanted.tag, offset=number * PAGE, limit=PAGE
    )
    return Page(number, tuple(map(ItemLook.of, items)))


def read_item(
    suites: SuiteService, suite_id: SuiteId, wanted: ItemFilter, row: int, key: str
) -> Item:
    """The whole item that a row shows.

    Raises:
        NotFound: it is not there any more.
    """
    at_row = suites.items(suite_id, search=wanted.search, tag=wanted.tag, offset=row, limit=1)
    # Rows may have moved since they were read; then the key still finds it.
    for item in (*at_row, *suites.items(suite_id, search=key, limit=-1)):
        if item.key == key:
            return item
    raise NotFound("This item is not there any more.")


def blank_item() -> Item:
    """An item to be filled in, with a key of its own."""
    return Item(f"item-{uuid.uuid4().hex[:12]}", (Turn(Role.USER, ""),))


def copied(item: Item) -> Item:
    """The same item under another key."""
    return replace(item, key=blank_item().key)


def rekey(suites: SuiteService, suite_id: SuiteId, item: Item, key: str) -> Item:
    """Give an item another key; it stays where it is.

    Raises:
        SuiteError: another item has the key, or it cannot be one.
    """
    new = replace(item, key=key.strip())
    if not new.key:
        raise BadItem("An item needs a key.")
    suites.change_item(suite_id, new, old_key=item.key)
    return new


def pasted_items(text: str) -> tuple[Item, ...]:
    """Items from two columns separated by tabs, as spreadsheets copy them: questions and answers.

    Raises:
        BadItem: the text is something else, or too much.
    """
    if "\t" not in text or len(text) > _MOST_CHARACTERS:
        raise BadItem(
            "There are no two columns on the clipboard.",
            "Copy two columns of a table first: the questions and their right answers.",
        )
    try:
        lines = [
            each for each in csv.reader(io.StringIO(text, newline=""), delimiter="\t") if any(each)
        ]
    except csv.Error as error:
        raise BadItem("What was copied cannot be read as a table.", "Copy it again.") from error
    if len(lines) > MOST_PASTED:
        raise BadItem(
            f"That is {len(lines):,} rows; up to {MOST_PASTED:,} can be pasted at once.",
            "Save the table as CSV and import that.",
        )
    if odd := next((at for at, each in enumerate(lines, 1) if not _is_pair(each)), None):
        raise BadItem(
            f"Row {odd} of what was copied has no question, or more than two columns.",
            "Copy two columns: the questions and their right answers.",
        )
    return tuple(
        replace(blank_item(), input=(Turn(Role.USER, cells[0]),), targets=_filled(cells[1:]))
        for cells in lines
    )


def _is_pair(cells: list[str]) -> bool:
    return len(cells) <= 2 and bool(cells[0].strip())


def _filled(cells: list[str]) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in cells if cell.strip())


def _short(text: str) -> str:
    return " ".join(text[:_FIRST_WORDS].split())
