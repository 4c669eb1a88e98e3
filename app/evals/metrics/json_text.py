"""JSON as models write it: read strictly, out of a code fence too, and compared by value."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from app.base.quoting import shown

_LONGEST_WHOLE_NUMBER = 4_000  # digits; Python reads up to 4,300
_FENCE = re.compile(r"`{3,}|~{3,}")

TOO_DEEP = "The JSON nests too deep to be compared."


class NotJson(Exception):
    """A text is no JSON; says where and why. Not for people as it is, but for a reason."""


class Difference(NamedTuple):
    """The first difference of two values: where, as a path from the whole, and what."""

    path: str
    words: str

    def __str__(self) -> str:
        return f"At ${self.path[:200]}: {self.words}."


def read_json(text: str) -> Any:
    """The value that a text is, or that its first code fence holds.

    Raises:
        NotJson: it is none.
        RecursionError: it nests too deep.
    """
    text = text.removeprefix("\ufeff")
    try:
        return _read(text)
    except NotJson:
        fenced = _fenced(text)
        if fenced is None:
            raise
    return _read(fenced)


def _read(text: str) -> Any:
    if not text.strip():
        raise NotJson("there is nothing")
    try:
        return json.loads(text, parse_constant=_refuse, parse_int=_whole_number)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno:,}, column {error.colno:,}"
        raise NotJson(f"{place}: {error.msg[:1].lower()}{error.msg[1:]}") from error


def _refuse(name: str) -> NoReturn:
    raise NotJson(f"{name} is no JSON number")


def _whole_number(digits: str) -> float:
    return int(digits) if len(digits) <= _LONGEST_WHOLE_NUMBER else float(digits)


def _fenced(text: str) -> str | None:
    """What the first code fence holds, below as many empty lines as come before it.

    So errors in it name the line of the text. A fence that is never closed ends with the text.
    """
    lines = text.split("\n")
    fence, first = "", 0
    for number, line in enumerate(lines):
        mark = line.strip()
        if not fence and (found := _FENCE.match(mark)):
            fence, first = found[0], number + 1
        elif fence and mark.startswith(fence) and not mark.strip(fence[0]):
            return "\n" * first + "\n".join(lines[first:number])
    return "\n" * first + "\n".join(lines[first:]) if fence else None


def difference(expected: Any, actual: Any) -> Difference | None:
    """How a JSON value differs from the expected one; None if it is the same.

    The order of an object's properties does not matter, 1 and 1.0 are the same, 1 and true are not.

    Raises:
        RecursionError: they nest too deep.
    """
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return _object_difference(expected, actual)
    if isinstance(expected, list | tuple) and isinstance(actual, list | tuple):
        for index, (one, other) in enumerate(zip(expected, actual, strict=False)):
            if (found := difference(one, other)) is not None:
                return Difference(f"[{index}]{found.path}", found.words)
        if len(expected) == len(actual):
            return None
        return Difference("", f"{len(actual):,} entries, not {len(expected):,}")
    if isinstance(expected, bool) == isinstance(actual, bool) and expected == actual:
        return None
    return Difference("", f"{_written(actual)}, not {_written(expected)}")


def _object_difference(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> Difference | None:
    for name, value in expected.items():
        if name not in actual:
            return Difference("", f"{shown(name)} is missing")
        if (found := difference(value, actual[name])) is not None:
            return Difference(f".{name}{found.path}", found.words)
    extra = next((name for name in actual if name not in expected), None)
    return None if extra is None else Difference("", f"{shown(extra)} is one too many")


def _written(value: Any) -> str:
    match value:
        case Mapping():
            return "an object"
        case list() | tuple():
            return "a list"
        case None | bool():
            return json.dumps(value)
    return shown(value)
