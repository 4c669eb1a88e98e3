"""Reading JSON that a stranger wrote: a value of the wrong type is as good as none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_EMPTY: Mapping[str, Any] = {}


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else _EMPTY


def items(value: object) -> tuple[Any, ...]:
    """The elements if it is a list, else none."""
    return tuple(value) if isinstance(value, list) else ()


def text(value: object) -> str:
    """The value if it is a text, else "". Halves of surrogate pairs become U+FFFD."""
    if not isinstance(value, str):
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def whole(value: object, default: int = 0) -> int:
    """The value if it is a whole number of at least 0, else `default`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return default
    return value


def number(value: object) -> float | None:
    """The value if it is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        converted = float(value)
    except OverflowError:
        return None
    return converted if math.isfinite(converted) else None
