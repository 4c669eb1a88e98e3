"""The metric for answers that are numbers, and how numbers are found in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from math import isfinite
from typing import ClassVar

from app.base.quoting import shown
from app.evals.entities import Item, Output, Score
from app.evals.metrics.metric import (
    MetricError,
    best,
    not_comparable,
    unscored,
    verdict,
)

_MOST_DIGITS = 400

# As they are written in texts, and as the expression below reads them; each one character.
_READ = str.maketrans(
    "\N{MINUS SIGN}\N{EN DASH}\N{MULTIPLICATION SIGN}\N{MIDDLE DOT}\N{FULLWIDTH PERCENT SIGN}"
    "\N{RIGHT SINGLE QUOTATION MARK}",
    "--**%'",
)
_NUMBER = re.compile(
    r"""
    (?<![^\W_])(?<![^\W_]\.)              # not within a word, a version or a date
    (?P<sign>[-+]?[$€£¥₹]?[-+]?)
    (?P<digits>
        (?: \d{1,3} (?P<gap>[,_'\u00a0\u2009\u202f]) \d{3} (?:(?P=gap)\d{3})* (?!\d) | \d+ )
        (?: \.\d+ )?
      | \.\d+
    )
    (?: [eE](?P<exponent>[-+]?\d{1,4})(?!\d)
      | \s?(?:[*x]|\\times|\\cdot)\s?10
        (?: \^\{?(?P<power>[-+]?\d{1,4})\}? | (?P<raised>[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,4}) )
    )?
    (?P<percent> \s?\\?% | \s?per\ ?cent\b )?
    """,
    re.VERBOSE,
)
_LOWERED = str.maketrans("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "-+0123456789")
_SWAPPED = str.maketrans(".,", ",.")


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is written in a text.

    Attributes:
        value: exactly; of 5 % it is 5.
    """

    value: Decimal
    is_percent: bool
    text: str = field(compare=False)


def numbers_in(text: str, *, decimal_comma: bool = False) -> Iterator[Number]:
    """The numbers in a text, in order; those of more than 400 digits are passed over."""
    read = (text.translate(_SWAPPED) if decimal_comma else text).translate(_READ)
    for found in _NUMBER.finditer(read):
        digits = re.sub(r"[^\d.]", "", found["digits"])
        if len(digits) > _MOST_DIGITS:
            continue
        sign = "-" if "-" in found["sign"] else ""
        exponent = found["exponent"] or found["power"] or found["raised"] or "0"
        value = Decimal(f"{sign}{digits}e{exponent.translate(_LOWERED)}")
        yield Number(value, found["percent"] is not None, text[found.start() : found.end()].strip())


class Which(StrEnum):
    """Which number of an output is the answer."""

    LAST = "last"
    ONLY = "only"


@dataclass(frozen=True, slots=True)
class NumericTolerance:
    """1 if the number in the output is near enough to the target: within the larger tolerance.

    A percent sign on one side only is taken either way: 50 % is as good as 50 and as 0.5.

    Attributes:
        absolute: by how much it may differ.
        relative: by which share of the target it may differ.
        which: the last number of the output, or the only one (it may be repeated).
        decimal_comma: 3,14 is a little more than three, and 1.000 is a thousand.
    """

    name: ClassVar[str] = "numeric_tolerance"
    description: ClassVar[str] = "The number in the output is the target's, within a tolerance."

    absolute: float = 0.0
    relative: float = 0.0
    which: Which = Which.LAST
    decimal_comma: bool = False

    def __post_init__(self) -> None:
        for each in (self.absolute, self.relative):
            if not (isfinite(each) and each >= 0):
                raise MetricError(f"A tolerance cannot be {each}.", "Give a number from 0 up.")

    def score(self, item: Item, output: Output) -> Score:
        """Compare the number in the output with the one in each target."""
        if (score := not_comparable(item, output)) is not None:
            return score

        def judge(target: str) -> Score:
            wanted = list(numbers_in(target, decimal_comma=self.decimal_comma))
            if len(wanted) != 1:
                return unscored(f"The target {shown(target)} is not one number.")
            return self._compare(output.text, wanted[0])

        return best(item.targets, judge)

    def _compare(self, text: str, wanted: Number) -> Score:
        found: Number | None = None
        for each in numbers_in(text, decimal_comma=self.decimal_comma):
            if self.which is Which.ONLY and found not in (None, each):
                return verdict(False, "The output has more than one number.")
            found = each
        if found is None:
            return verdict(False, "The output has no number.")
        room = max(Decimal(str(self.absolute)), Decimal(str(self.relative)) * abs(wanted.value))
        is_near = any(abs(each - wanted.value) <= room for each in _readings(found, wanted))
        within = f", give or take {room.normalize():f}" if room else ""
        negation = "" if is_near else "not "
        return verdict(is_near, f"{shown(found.text)} is {negation}{shown(wanted.text)}{within}.")


def _readings(found: Number, wanted: Number) -> tuple[Decimal, ...]:
    """What a number may mean in the unit of the other one."""
    if found.is_percent == wanted.is_percent:
        return (found.value,)
    return found.value, found.value / 100 if found.is_percent else found.value * 100
