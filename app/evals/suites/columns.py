"""Which columns of a table make an item: a guess from their names, and checking a given map."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from app.evals.suites.imported import ColumnMap
from app.evals.suites.suite import SuiteError

# Names as people and data sets use them, likeliest first; case, gaps and last digits do not count.
_INPUT: Final = """
    input inputs question prompt userprompt usermessage user query request instruction task problem
    text
"""
_SYSTEM: Final = "system systemprompt systemmessage"
_TARGET: Final = """
    target targets ideal expected expectedoutput expectedanswer answer answers correctanswer
    groundtruth reference referenceanswer gold goldanswer solution output completion response label
"""
_TAGS: Final = "tags tag categories category topic subject"
_KEY: Final = "key id itemid sampleid questionid uid"
_NOT_IN_NAMES: Final = re.compile(r"[\W_]+")


def unique_names(cells: Sequence[str]) -> tuple[str, ...]:
    """Names for columns: a nameless one is numbered, a repeated one too."""
    names: list[str] = []
    for number, cell in enumerate(cells, 1):
        base = " ".join(cell.split()) or f"Column {number}"
        name, count = base, 1
        while name in names:
            count += 1
            name = f"{base} ({count})"
        names.append(name)
    return tuple(names)


def guessed_columns(header: Sequence[str]) -> ColumnMap:
    """The map that the names suggest; where nothing is known by name, nothing is guessed."""
    bases = [_NOT_IN_NAMES.sub("", name.casefold()).rstrip("0123456789") for name in header]

    def called(known: str) -> list[str]:
        base = next((each for each in known.split() if each in bases), None)
        return [name for name, each in zip(header, bases, strict=True) if each == base]

    def one(known: str) -> str:
        return next(iter(called(known)), "")

    return ColumnMap(one(_INPUT), one(_SYSTEM), tuple(called(_TARGET)), one(_TAGS), one(_KEY))


def check_columns(columns: ColumnMap, header: Sequence[str]) -> None:
    """Make sure that every column named in a map is there.

    Raises:
        SuiteError: one is not.
    """
    for name in columns.named:
        if name not in header:
            raise SuiteError(
                f"The table has no column “{name}”.", f"It has these: {', '.join(header)}."
            )
