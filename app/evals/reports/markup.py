"""HTML and SVG in which nothing that anybody wrote can be taken for markup."""

from __future__ import annotations

import re
from html import escape
from typing import Final

# What HTML does not allow, and what would change the direction of all that follows.
_NOT_SHOWN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_EMPTY: Final = frozenset({"circle", "col", "input", "line", "meta", "rect"})


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def element(name: str, /, *parts: str | None, **attributes: object) -> Html:
    """An element; parts that are not `Html` are escaped, and None is left out.

    Attributes with the value None or False are left out, True is one without a value. In their
    names an underscore stands for a dash, and one at the end for nothing.
    """
    head = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _EMPTY:
        return Html(f"<{name}{head}/>")
    return Html(f"<{name}{head}>{joined(*parts)}</{name}>")


def joined(*parts: str | None) -> Html:
    """Parts one after another; those that are not `Html` are escaped."""
    return Html("".join(map(_escaped, (each for each in parts if each is not None))))


def _attribute(key: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{_escaped(str(value))}"'


def _escaped(text: str) -> str:
    if isinstance(text, Html):
        return text
    return escape(_NOT_SHOWN.sub("\N{REPLACEMENT CHARACTER}", text))
