"""GBNF for decimal numbers between bounds, exact to the last digit.

JSON numbers are read as doubles, which keep 15 digits apart; so no more are written for numbers
that are not whole, and no rounding carries a number over its bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from app.engine.structured.gbnf import literal, sequence

MOST_DIGITS = 16
LARGEST = 10**MOST_DIGITS - 1  # of whole numbers, either way
_DOUBLE_DIGITS = 15
_LARGEST_BEFORE_POINT = Decimal(10**12 - 1)


@dataclass(frozen=True, slots=True)
class Bound:
    """An end of an interval."""

    value: Decimal
    inclusive: bool = True


class CannotBound(ValueError):
    """The bound is outside of what is written here; the text says why."""


def integer_range(low: int | None, high: int | None) -> list[str]:
    """Alternatives for the whole numbers from `low` to `high`; none if there are none.

    Raises:
        CannotBound: all of them have more digits than are written.
    """
    if (low is not None and low > LARGEST) or (high is not None and high < -LARGEST):
        raise CannotBound(f"asks for numbers of more than {MOST_DIGITS} digits")
    low = -LARGEST if low is None else max(low, -LARGEST)
    high = LARGEST if high is None else min(high, LARGEST)
    found: list[str] = []
    if low < 0:
        found += [
            sequence('"-"', each) for each in _whole_range(max(1, -high if high < 0 else 1), -low)
        ]
    if high >= 0:
        found += _whole_range(max(low, 0), high)
    return found


def number_range(low: Bound | None, high: Bound | None) -> list[str]:
    """Alternatives for the decimal numbers between two bounds; none if there are none.

    Raises:
        CannotBound: a bound has more digits than can be kept apart.
    """
    edge = Bound(_LARGEST_BEFORE_POINT)
    low = low or Bound(-edge.value)
    high = high or edge
    for bound in (low, high):
        _check(bound)
    if low.value > edge.value or high.value < -edge.value:
        raise CannotBound("asks for numbers that are too large to be written exactly")
    low = low if low.value > -edge.value else Bound(-edge.value)
    high = high if high.value < edge.value else edge
    found: list[str] = []
    if low.value < 0:
        nearest = Bound(-high.value, high.inclusive) if high.value < 0 else Bound(Decimal(0), False)
        farthest = Bound(-low.value, low.inclusive)
        found += [sequence('"-"', each) for each in _positive_range(nearest, farthest)]
    if high.value >= 0:
        found += _positive_range(low if low.value >= 0 else Bound(Decimal(0)), high)
    return found


def _check(bound: Bound) -> None:
    digits = len(bound.value.normalize().as_tuple().digits)
    if not bound.inclusive and digits > _DOUBLE_DIGITS:
        raise CannotBound("leaves out a number that has more digits than can be kept apart")


def _whole_range(low: int, high: int) -> list[str]:
    """Whole numbers of no sign."""
    found: list[str] = []
    full: list[int] = []  # lengths all of whose numbers are in
    for length in range(len(str(low)), len(str(high)) + 1) if low <= high else ():
        first, last = (10 ** (length - 1) if length > 1 else 0), 10**length - 1
        first, last = max(first, low), min(last, high)
        if length > 1 and first == 10 ** (length - 1) and last == 10**length - 1:
            full.append(length)
        else:
            found += _same_length(str(first), str(last))
    if full:
        found.append(sequence("[1-9]", _digits(full[0] - 1, full[-1] - 1)))
    return found


def _same_length(low: str, high: str) -> list[str]:
    """Digit strings of one length, from `low` to `high`."""
    if low == high:
        return [literal(low)]
    if set(low) == {"0"} and set(high) == {"9"}:
        return [_digits(len(low), len(low))]
    at = next(index for index in range(len(low)) if low[index] != high[index])
    before, rest = low[:at], len(low) - at - 1
    first, last = int(low[at]), int(high[at])
    found: list[str] = []
    if low[at + 1 :] != "0" * rest:
        ends = _same_length(low[at + 1 :], "9" * rest)
        found += [sequence(literal(before + str(first)), each) for each in ends]
        first += 1
    starts: list[str] = []
    if high[at + 1 :] != "9" * rest:
        starts = _same_length("0" * rest, high[at + 1 :])
        last -= 1
    if first <= last:
        prefix = literal(before) if before else ""
        found.append(sequence(prefix, _digit(first, last), _digits(rest, rest)))
    return found + [sequence(literal(before + str(last + 1)), each) for each in starts]


def _digit(first: int, last: int) -> str:
    return literal(str(first)) if first == last else f"[{first}-{last}]"


def _digits(least: int, most: int) -> str:
    if most == 0:
        return ""
    if least == most:
        return "[0-9]" if most == 1 else f"[0-9]{{{most}}}"
    return f"[0-9]{{{least},{most}}}"


def _positive_range(low: Bound, high: Bound) -> list[str]:
    """Numbers of no sign, with or without a fraction."""
    low_whole, low_rest = _parts(low)
    high_whole, high_rest = _parts(high)
    if low_whole > high_whole:
        return []
    if low_whole == high_whole:
        return _with_fraction(low_whole, _End(low_rest, low), _End(high_rest, high))
    return [
        *_with_fraction(low_whole, _End(low_rest, low), None),
        *_between(low_whole + 1, high_whole - 1),
        *_with_fraction(high_whole, None, _End(high_rest, high)),
    ]


def _between(low: int, high: int) -> list[str]:
    """Any fraction behind the whole numbers `low` to `high`; the longer ones get shorter ones."""
    found: list[str] = []
    for first, last in ((0, 10**6 - 1), (10**6, 10**12 - 1)):
        room = _DOUBLE_DIGITS - len(str(last))
        wholes = _whole_range(max(first, low), min(last, high))
        found += [sequence(each, f'("." {_digits(1, room)})?') for each in wholes]
    return found


def _parts(bound: Bound) -> tuple[int, str]:
    whole = int(bound.value)
    rest = f"{bound.value - whole:f}"
    return whole, rest.partition(".")[2].rstrip("0")


@dataclass(frozen=True, slots=True)
class _End:
    """What is still to come of the digits of a bound behind the point."""

    digits: str
    bound: Bound

    @property
    def is_met(self) -> bool:
        return not self.digits

    @property
    def next(self) -> int:
        return int(self.digits[0]) if self.digits else 0

    def after(self) -> _End:
        return _End(self.digits[1:], self.bound)


def _with_fraction(whole: int, low: _End | None, high: _End | None) -> list[str]:
    room = max(_DOUBLE_DIGITS - len(str(whole)), 0)
    found: list[str] = []
    if _may_end(low, high):
        found.append(literal(str(whole)))
    if room:
        start = literal(f"{whole}.")
        found += [sequence(start, each) for each in _fractions(low, high, room) if each]
    return found


def _may_end(low: _End | None, high: _End | None) -> bool:
    """Whether only zeros from here on keep to both bounds."""
    above = low is None or (low.is_met and low.bound.inclusive)
    below = high is None or not high.is_met or high.bound.inclusive
    return above and below


def _fractions(low: _End | None, high: _End | None, room: int) -> list[str]:
    """At least one more digit, up to `room`, such that the number keeps to both bounds."""
    if low is not None and low.is_met and low.bound.inclusive:
        low = None
    if high is not None and high.is_met:
        return [_digits(1, room).replace("[0-9]", "[0]")] if _may_end(low, high) else []
    if low is None and high is None:
        return [_digits(1, room)]
    if low is not None and low.is_met and high is None:
        return [sequence(f'"0"{{0,{room - 1}}}', "[1-9]", f"[0-9]{{0,{room}}}")]
    first = low.next if low is not None else 0
    last = high.next if high is not None else 9
    found: list[str] = []
    free: list[int] = []
    for digit in range(first, last + 1):
        lower = low.after() if low is not None and digit == first else None
        upper = high.after() if high is not None and digit == last else None
        if lower is None and upper is None:
            free.append(digit)
            continue
        ends = _fractions(lower, upper, room - 1) if room > 1 else []
        found += [sequence(literal(str(digit)), each) for each in ends]
        if _may_end(lower, upper):
            found.append(literal(str(digit)))
    if free:
        rest = _digits(0, room - 1)
        found.append(sequence(_digit(free[0], free[-1]), rest))
    return found
