"""What words on the command line stand for."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from app.base.errors import AppError

_MOST_DIGITS: Final = 18  # all such numbers fit into the database


class BadWord(AppError):
    """A word is no text."""


def check_texts(arguments: argparse.Namespace) -> None:
    """Refuse words that are no text, as bytes of another encoding are; paths may hold any bytes.

    Raises:
        BadWord: there is one.
    """
    for text in _texts(vars(arguments).values()):
        if not text.isprintable() and any("\ud800" <= each <= "\udfff" for each in text):
            shown = text[:40].encode(errors="replace").decode()
            raise BadWord(f"“{shown}” is no text in UTF-8.", "Write it anew in this terminal.")


def row_number(text: str) -> int:
    """The number of a run or a document, for argparse."""
    if not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise argparse.ArgumentTypeError(f"takes a number that a list shows, not “{text[:40]}”")
    return int(text)


def whole_number(text: str) -> int:
    """A whole number that can be stored, for argparse."""
    digits = text.removeprefix("-")
    if not digits.isdecimal() or len(digits) > _MOST_DIGITS:
        raise argparse.ArgumentTypeError(f"takes a whole number, not “{text[:40]}”")
    return int(text)


def finite_number(text: str) -> float:
    """A number to compare with, for argparse."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"takes a number, not “{text[:40]}”")
    return number


def file_named(word: str) -> Path | None:
    """The file that a word names; None if it cannot be one that is there."""
    path = Path(word)
    try:
        return path if path.is_file() else None
    except OSError:  # longer than names can be, or in a folder that may not be looked into
        return None


def is_folder(path: Path) -> bool:
    """Whether a folder is there."""
    try:
        return path.is_dir()
    except OSError:  # as above
        return False


def _texts(values: Iterable[object]) -> Iterator[str]:
    for each in values:
        if isinstance(each, str):
            yield each
        elif isinstance(each, list | tuple):
            yield from _texts(each)
