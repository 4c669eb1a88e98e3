"""A suite of items, its version, and what an item must be like. Not how suites are stored."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from app.base.errors import AppError
from app.engine.messages import Turn
from app.evals.entities import Item
from app.evals.suites.item_json import item_to_json, to_line

MAX_ITEMS: Final = 100_000
MAX_ITEM_CHARACTERS: Final = 1_000_000  # of an item, or of a row of any file
MAX_KEY_CHARACTERS: Final = 200
MAX_DEPTH: Final = 32  # of lists and objects inside each other
_MADE_KEY_DIGITS: Final = 16
_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")


class SuiteError(AppError):
    """A suite, or a file of one, cannot be used."""


class BadItem(SuiteError):
    """One item cannot be used; the others may well be."""


@dataclass(frozen=True, slots=True)
class Suite:
    """Items that belong together, and what is measured on them.

    Attributes:
        items: in the order in which they are shown; each key occurs once.
        metrics: JSON objects, carried along and not interpreted here.
    """

    name: str
    items: tuple[Item, ...]
    description: str = ""
    metrics: tuple[Mapping[str, Any], ...] = ()

    @property
    def sha256(self) -> str:
        """The version, as `version_of` gives it; worked out each time it is asked for."""
        return version_of(self.items)


def version_of(items: Iterable[Item]) -> str:
    """SHA-256, in hex, of the sorted SHA-256 digests of the items in canonical JSON.

    The order of the items does not matter, since each is measured by itself. Everything inside an
    item does: its key, and the order of its targets and tags.
    """
    return version_of_digests(map(digest_of, items))


def version_of_digests(digests: Iterable[str]) -> str:
    """The version, as `version_of` gives it, of items whose digests are known."""
    return hashlib.sha256(b"".join(sorted(map(bytes.fromhex, digests)))).hexdigest()


def made_key(item: Item) -> str:
    """A key for an item that came without one; the same content has the same key."""
    return f"item-{digest_of(item)[:_MADE_KEY_DIGITS]}"


def check_item(item: Item) -> None:
    """Make sure that an item can be asked, stored and exported.

    Raises:
        BadItem: it cannot; says why.
    """
    if not item.key.strip():
        raise BadItem("The key is empty.")
    if len(item.key) > MAX_KEY_CHARACTERS:
        raise BadItem(f"The key has more than {MAX_KEY_CHARACTERS} characters.")
    if not any(_says_something(turn) for turn in item.input):
        raise BadItem("The input is empty.")
    as_json = item_to_json(item)
    check_json(as_json)
    if len(to_line(as_json)) > MAX_ITEM_CHARACTERS:
        raise BadItem(f"The item has more than {MAX_ITEM_CHARACTERS:,} characters.")


def check_json(value: Any, depth: int = 0) -> None:
    """Make sure that a JSON value can be written and read again everywhere.

    Raises:
        BadItem: it is nested too deeply, a number is infinite, or a text is not Unicode.
    """
    if depth > MAX_DEPTH:
        raise BadItem(f"Lists and objects are nested more than {MAX_DEPTH} deep.")
    match value:
        case str():
            if _HALF_CHARACTER.search(value):
                raise BadItem("A text holds half of a character (a lone surrogate).")
        case float():
            if not isfinite(value):
                raise BadItem("A number is too large or not a number.")
        case list() | tuple():
            for each in value:
                check_json(each, depth + 1)
        case Mapping():
            for name, each in value.items():
                check_json(name, depth + 1)
                check_json(each, depth + 1)


def _says_something(turn: Turn) -> bool:
    return bool(turn.content.strip() or turn.tool_calls or turn.images)


def digest_of(item: Item) -> str:
    """SHA-256, in hex, of the item in canonical JSON."""
    return hashlib.sha256(to_line(item_to_json(item), sort_keys=True).encode()).hexdigest()
