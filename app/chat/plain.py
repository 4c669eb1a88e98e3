"""Frozen dataclasses as plain JSON values and back, exactly, guided by their type hints.

Fields that are missing take their defaults; names that are not known are ignored, so that records
of an older and of a newer Cairn can be read. Numbers that JSON has no words for are strings.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from math import isfinite
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
Decode = Callable[[Any], Any]


def to_plain(value: Any) -> Any:
    """The value made of dicts, lists, strings, numbers, booleans and None."""
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | str():
            return value
        case float():
            return value if isfinite(value) else str(value)
        case Path():
            return str(value)
        case bytes():
            return b64encode(value).decode("ascii")
        case tuple() | list():
            return [to_plain(each) for each in value]
        case Mapping():
            return {str(name): to_plain(each) for name, each in value.items()}
    if is_dataclass(value):
        return {each.name: to_plain(getattr(value, each.name)) for each in fields(value)}
    raise TypeError(f"{type(value).__name__} has no plain form")


def from_plain(kind: type[T], data: Any) -> T:
    """A value of this type, from what `to_plain` made of it.

    Raises:
        TypeError, ValueError: the data is not of that type.
    """
    return cast(T, _decoder(cast(Hashable, kind))(data))


@cache
def _decoder(kind: Any) -> Decode:
    """How values of a type are read; worked out once."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is float:
        return float
    if origin is tuple:
        return _tuple_decoder(arguments)
    if origin in (Union, UnionType):
        return _optional_decoder(arguments)
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass_decoder(kind)
    if isinstance(kind, type) and issubclass(kind, (Enum, Path)):
        return kind
    if kind is bytes:
        return b64decode
    if hasattr(kind, "__supertype__"):  # a NewType
        return _decoder(kind.__supertype__)
    return _as_it_is


def _as_it_is(data: Any) -> Any:
    return data


def _tuple_decoder(arguments: tuple[Any, ...]) -> Decode:
    if len(arguments) == 2 and arguments[1] is ...:
        each = _decoder(arguments[0])
        return lambda data: tuple(each(item) for item in data)
    parts = tuple(_decoder(part) for part in arguments)
    return lambda data: tuple(part(item) for part, item in zip(parts, data, strict=True))


def _optional_decoder(arguments: tuple[Any, ...]) -> Decode:
    (only,) = (each for each in arguments if each is not NoneType)
    decode = _decoder(only)
    return lambda data: None if data is None else decode(data)


def _dataclass_decoder(kind: type) -> Decode:
    hints = get_type_hints(kind)
    decoders = {each.name: _decoder(hints[each.name]) for each in fields(kind)}

    def decode(data: Mapping[str, Any]) -> Any:
        return kind(
            **{name: decoders[name](value) for name, value in data.items() if name in decoders}
        )

    return decode
