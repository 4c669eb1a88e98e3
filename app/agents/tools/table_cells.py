"""Cells of tables: which columns are numbers, which row has the names, what a column holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

Cell = str | int | float | bool | None

_LONGEST_NAME: Final = 100
_LONGEST_SHOWN: Final = 40
# A zero in front says that it is a code and no number: 00123.
_POINT: Final = re.compile(
    r"[+-]?(0|[1-9]\d{0,17}|[1-9]\d{0,2}(,\d{3}){1,5})(\.\d{1,17})?(e[+-]?\d{1,3})?", re.IGNORECASE
)
_COMMA: Final = re.compile(r"[+-]?(0|[1-9]\d{0,17}|[1-9]\d{0,2}(\.\d{3}){1,5})(,\d{1,17})?")
_YEAR: Final = re.compile(r"(19|20)\d\d")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d([ T][\d:.+-]+Z?)?")


def is_header(row: Sequence[Cell]) -> bool:
    """Whether a first row names the columns: short texts, no numbers but years, no dates."""
    names = [str(cell) for cell in row if cell is not None and not isinstance(cell, bool | float)]
    words = [each for each in names if not _YEAR.fullmatch(each)]
    return (
        bool(words)
        and len(names) == sum(cell is not None for cell in row)
        and all(len(each) <= _LONGEST_NAME for each in names)
        and not any(shape.fullmatch(each) for each in words for shape in (_POINT, _COMMA, _DAY))
    )


def typed_column(cells: Sequence[Cell], *, has_comma: bool) -> tuple[Cell, ...]:
    """The cells as numbers, if all that are not empty can be.

    Args:
        has_comma: whether a comma is rather a decimal comma than between thousands.
    """
    texts = [each for each in cells if isinstance(each, str)]
    if not texts or any(each is not None and not isinstance(each, str) for each in cells):
        return tuple(cells)
    styles = [(_POINT, ",", "."), (_COMMA, ".", ",")]
    if has_comma and any("," in each for each in texts):
        styles.reverse()
    for shape, thousands, decimal in styles:
        if all(shape.fullmatch(each) for each in texts):
            return tuple(
                _number(each.replace(thousands, "").replace(decimal, "."))
                if isinstance(each, str)
                else None
                for each in cells
            )
    return tuple(cells)


def described(cells: Sequence[Cell]) -> str:
    """What a column holds, in words."""
    filled = [each for each in cells if each is not None]
    empty = len(cells) - len(filled)
    if not filled:
        return "empty"
    words = _kind(filled)
    return f"{words}, {empty:,} empty" if empty else words


def _kind(filled: Sequence[str | int | float | bool]) -> str:
    if all(isinstance(each, bool) for each in filled):
        return f"true or false, {sum(map(bool, filled)):,} true"
    numbers = [each for each in filled if isinstance(each, int | float)]
    if len(numbers) == len(filled):
        return f"number, {min(numbers):.15g} to {max(numbers):.15g}"
    texts = sorted(map(str, filled))
    if all(_DAY.fullmatch(each) for each in texts):
        return f"date, {texts[0]} to {texts[-1]}"
    different = list(dict.fromkeys(map(str, filled)))
    example = different[0]
    if len(example) > _LONGEST_SHOWN:
        example = f"{example[:_LONGEST_SHOWN]}…"
    return f"text, {len(different):,} different, such as “{example}”"


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("+-").isdigit() else float(text)
