"""The content of a prompt as JSON values and back.

Names that are not known are passed over and missing ones take their defaults, so that a content
of an older and of a later Cairn can be read. Types are strict: nothing is guessed. Numbers that
JSON has no words for are strings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from math import inf, isfinite
from types import NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from app.prompts.entities import Content
from app.prompts.errors import BadContent

LARGEST_BYTES = 2_000_000  # of a content as JSON text
DEEPEST_SCHEMA = 64
LARGEST_NUMBER = 2**63
_INFINITE = {"inf", "-inf"}
_NAMES = {dict: "a group", list: "a list", NoneType: "nothing", int: "a whole number"}
_WORDS = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}


def to_json(content: Content) -> dict[str, Any]:
    """The content made of dicts, lists, strings, numbers, booleans and None."""
    return cast(dict[str, Any], _plain(content))


def from_json(data: Any) -> Content:
    """A content from what `to_json` made of one, or somebody wrote by hand.

    Raises:
        BadContent: a value is missing or of another type; the message says which.
    """
    return cast(Content, _read(Content, data, ""))


def to_text(content: Content) -> str:
    """The content as JSON text; equal contents have equal texts.

    Schemas keep the order of their fields, for that is the order the model writes them in.
    """
    return json.dumps(to_json(content), ensure_ascii=False)


def normal(content: Content) -> Content:
    """The content as it comes back from storage.

    Raises:
        BadContent: it has values of other types than it should, or is too large.
    """
    checked = from_json(to_json(content))
    size = len(to_text(checked).encode())
    if size > LARGEST_BYTES:
        raise BadContent(
            f"The prompt is too large: {size / 1e6:.1f} MB.",
            f"Up to {LARGEST_BYTES / 1e6:g} MB can be kept; long texts belong into the library.",
        )
    return checked


def _plain(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case float() if not isfinite(value):
            return str(value)
        case tuple() | list():
            return [_plain(each) for each in value]
        case Mapping():  # a JSON Schema
            return _read_schema(value, "output_schema")
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value


def _read(kind: Any, data: Any, place: str) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _read_union(arguments, data, place)
    if origin is tuple:
        return _read_list(arguments, data, place)
    if origin is not None:  # a mapping of names to anything: a JSON Schema
        return _read_schema(data, place)
    if is_dataclass(kind):
        return _read_fields(cast(type, kind), data, place)
    if issubclass(kind, Enum):
        return _read_choice(kind, data, place)
    return _read_scalar(kind, data, place)


def _read_union(kinds: tuple[Any, ...], data: Any, place: str) -> Any:
    if data is None and NoneType in kinds:
        return None
    present = [each for each in kinds if each is not NoneType]
    if len(present) == 1:
        return _read(present[0], data, place)
    if type(data) not in (*present, int) or data in (inf, -inf):
        raise _bad(place, " or ".join(_WORDS[each] for each in present), data)
    return _sound(data, place)


def _read_list(kinds: tuple[Any, ...], data: Any, place: str) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise _bad(place, "a list", data)
    if kinds[-1] is ...:
        kinds = (kinds[0],) * len(data)
    if len(kinds) != len(data):
        raise _bad(place, f"a list of {len(kinds)}", data)
    return tuple(
        _read(kind, each, f"{place}, entry {position}")
        for position, (kind, each) in enumerate(zip(kinds, data, strict=True), 1)
    )


def _read_fields(kind: type, data: Any, place: str) -> Any:
    if not isinstance(data, Mapping):
        raise _bad(place, "a group of named values", data)
    values: dict[str, Any] = {}
    for name, (field, hint) in _fields(kind).items():
        inner = f"{place}, {name}" if place else name
        if name in data:
            values[name] = _read(hint, data[name], inner)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise BadContent(f"{inner} is missing.", "Write it, then try again.")
    return kind(**values)


@cache
def _fields(kind: type) -> dict[str, tuple[Field[Any], Any]]:
    hints = get_type_hints(kind)
    return {each.name: (each, hints[each.name]) for each in fields(kind)}


def _read_choice(kind: type[Enum], data: Any, place: str) -> Enum:
    values = [each.value for each in kind]
    if not isinstance(data, str) or data not in values:
        raise _bad(place, "one of " + ", ".join(values), data)
    return kind(data)


def _read_scalar(kind: type, data: Any, place: str) -> Any:
    if kind is float and type(data) is int:
        return float(_sound(data, place))
    if kind is float and isinstance(data, str) and data in _INFINITE:
        return float(data)
    if type(data) is not kind:
        raise _bad(place, _WORDS[kind], data)
    return _sound(data, place)


def _read_schema(data: Any, place: str, depth: int = 0) -> Any:
    if depth == 0 and not isinstance(data, Mapping):
        raise _bad(place, "a JSON Schema", data)
    if depth > DEEPEST_SCHEMA:
        raise BadContent(f"{place} is nested too deeply.", "Simplify it, then try again.")
    if isinstance(data, Mapping):
        return {
            _read_scalar(str, name, place): _read_schema(each, place, depth + 1)
            for name, each in data.items()
        }
    if isinstance(data, list | tuple):
        return [_read_schema(each, place, depth + 1) for each in data]
    if data is None or (type(data) in _WORDS and data not in (inf, -inf)):
        return _sound(data, place)
    raise _bad(place, "a JSON Schema", data)


def _sound(data: Any, place: str) -> Any:
    """The value, unless it could not be stored and read again."""
    if type(data) is int and abs(data) >= LARGEST_NUMBER:
        raise BadContent(f"{place}: the number is too large.", "Use a smaller one.")
    if data != data:
        raise _bad(place, "a number", data)
    if isinstance(data, str) and any("\ud800" <= each <= "\udfff" for each in data):
        raise BadContent(f"{place} has half a character in it.", "Write it again.")
    return data


def _bad(place: str, wanted: str, found: Any) -> BadContent:
    shown = repr(found)[:40] if isinstance(found, str | float | bool) else _NAMES.get(type(found))
    return BadContent(
        f"{place or 'The content'} has to be {wanted}, not {shown or type(found).__name__}.",
        "Correct it, then try again.",
    )
