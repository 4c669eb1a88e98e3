"""Reads the values that models write: JSON, and what is nearly JSON.

The lenient reader takes JSON, Python literals and Gemma's notation. It never evaluates anything.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

_MOST_NESTED = 100
_SURROGATE = re.compile("[\ud800-\udfff]")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_WORD = re.compile(r"[A-Za-z_][\w.\-]*")
_KEY = re.compile(r"[^\s:,{}\[\]\"']+")
_WORDS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
_PLAIN = {quote: re.compile(rf"[^\\{quote}]+") for quote in "\"'"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0", "\n": ""}
_GEMMA_QUOTE = '<|"|>'

# A quote within a string that forgot to escape it is told from one that ends the string by what
# follows it.
AFTER_STRING = ",)]}:"


def read_json(text: str) -> Any:
    """Strict JSON, but for line breaks in strings, which models like.

    Raises:
        ValueError: it is none.
    """
    try:
        value = json.loads(
            text, strict=False, parse_constant=_no_constant, parse_float=_finite_number
        )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return _without_surrogates(value) if _SURROGATE_ESCAPE.search(text) else value


def read_value(text: str) -> Any:
    """A value in JSON or in one of the notations that are nearly JSON.

    Raises:
        ValueError: it is none.
    """
    try:
        return read_json(text)
    except ValueError:
        return _without_surrogates(_Literals(text).whole())


def read_arguments(text: str) -> list[tuple[str, Any]]:
    """The arguments of a call in Python: ``a=1, "x"``; the name of one without is empty.

    Raises:
        ValueError: they are none.
    """
    return [(key, _without_surrogates(value)) for key, value in _Literals(text).keyword_arguments()]


def clean_text(text: str) -> str:
    """The same without halves of surrogate pairs, which no file and no database takes."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _finite_number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [_without_surrogates(each) for each in value]
    if isinstance(value, Mapping):
        return {clean_text(key): _without_surrogates(each) for key, each in value.items()}
    return value


class _Literals:
    """Recursive descent over a text that is there as a whole."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def whole(self) -> Any:
        value = self._value(0)
        if self._ink():
            raise ValueError("something follows the value")
        return value

    def keyword_arguments(self) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        while self._ink():
            key = ""
            word = _WORD.match(self._text, self._at)
            if word is not None:
                equals = _SPACE.match(self._text, word.end())
                after = equals.end() if equals else word.end()
                if self._text.startswith("=", after):
                    key = word[0]
                    self._at = after + 1
            found.append((key, self._value(0)))
            if self._ink() and not self._accept(","):
                raise ValueError("a comma is missing")
        return found

    def _value(self, depth: int) -> Any:
        if depth > _MOST_NESTED:
            raise ValueError("it is nested too deeply")
        char = self._ink()
        if char == "{":
            return self._object(depth)
        if char and char in "[(":
            return self._list(depth, "]" if char == "[" else ")")
        if self._is_text():
            return self._string()
        return self._scalar()

    def _object(self, depth: int) -> dict[str, Any]:
        self._at += 1
        found: dict[str, Any] = {}
        while self._ink() != "}":
            key = self._key()
            if self._ink() != ":":
                raise ValueError("a colon is missing")
            self._at += 1
            found[key] = self._value(depth + 1)
            self._ink()
            if not self._accept(",") and self._ink() != "}":
                raise ValueError("a comma is missing")
        self._at += 1
        return found

    def _key(self) -> str:
        if self._is_text():
            return self._string()
        match = _KEY.match(self._text, self._at)
        if match is None:
            raise ValueError("a key is missing")
        self._at = match.end()
        return match[0]

    def _list(self, depth: int, end: str) -> list[Any]:
        self._at += 1
        found: list[Any] = []
        while self._ink() != end:
            found.append(self._value(depth + 1))
            self._ink()
            if not self._accept(",") and self._ink() != end:
                raise ValueError("a comma is missing")
        self._at += 1
        return found

    def _is_text(self) -> bool:
        return self._text.startswith(("'", '"', _GEMMA_QUOTE), self._at)

    def _string(self) -> str:
        if self._accept(_GEMMA_QUOTE):
            end = self._text.find(_GEMMA_QUOTE, self._at)
            if end < 0:
                raise ValueError("a text has no end")
            found = self._text[self._at : end]
            self._at = end + len(_GEMMA_QUOTE)
            return found
        quote = self._text[self._at]
        self._at += 1
        parts: list[str] = []
        while True:
            if (plain := _PLAIN[quote].match(self._text, self._at)) is not None:
                parts.append(plain[0])
                self._at = plain.end()
            if self._at >= len(self._text):
                raise ValueError("a text has no end")
            if self._accept("\\"):
                parts.append(self._escape())
                continue
            self._at += 1
            if ends_string(self._text, self._at):
                return "".join(parts)
            parts.append(quote)

    def _escape(self) -> str:
        char = self._text[self._at : self._at + 1]
        self._at += 1
        size = {"x": 2, "u": 4, "U": 8}.get(char)
        if size is None:
            return _ESCAPES.get(char, char if char in "\"'\\/" else "\\" + char)
        digits = self._text[self._at : self._at + size]
        if len(digits) < size or re.fullmatch("[0-9a-fA-F]+", digits) is None:
            return "\\" + char
        self._at += size
        code = int(digits, 16)
        return chr(code) if code <= 0x10FFFF else "\ufffd"

    def _scalar(self) -> Any:
        number = _NUMBER.match(self._text, self._at)
        if number is not None:
            self._at = number.end()
            if re.fullmatch(r"[+-]?\d+", number[0]):
                return int(number[0])
            return _finite_number(number[0])
        word = _WORD.match(self._text, self._at)
        if word is None or word[0] not in _WORDS:
            raise ValueError("a value is missing")
        self._at = word.end()
        return _WORDS[word[0]]

    def _ink(self) -> str:
        """Skip white space; the next character, "" at the end."""
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._text[self._at : self._at + 1]

    def _accept(self, text: str) -> bool:
        if not self._text.startswith(text, self._at):
            return False
        self._at += len(text)
        return True


def ends_string(text: str, after: int) -> bool:
    """Whether a quote ends a string, by what follows it."""
    match = _SPACE.match(text, after)
    at = match.end() if match else after
    return at >= len(text) or text[at] in AFTER_STRING
