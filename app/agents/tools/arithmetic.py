"""Numbers of the calculator: fractions, exact for as long as the arithmetic is, and bounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException
from fractions import Fraction
from typing import Final

from app.agents.tools.tool import ToolFault

_MOST_BITS: Final = 12_000  # about 3 600 digits; Python turns no more than 4 300 into text
_DIGITS: Final = 40  # of what is not exact, while it is worked with
_SHOWN: Final = 15  # digits of what is not exact
_MOST_SHOWN: Final = 200  # digits of what is
_LONGEST_FRACTION: Final = 40
_LARGEST_DEGREE: Final = 64


@dataclass(frozen=True, slots=True)
class Number:
    """A value.

    Attributes:
        is_percent: written with a percent sign, and nothing done to it since but adding another.
    """

    value: Fraction
    is_exact: bool = True
    is_percent: bool = False


def number(value: Fraction | int, is_exact: bool = True) -> Number:
    """A number, rounded to 40 digits where it is not exact or has too many digits to be.

    Raises:
        ToolFault: it is larger, or nearer to zero, than a calculator needs.
    """
    exact = Fraction(value)
    if is_exact and _bits(exact) <= _MOST_BITS:
        return Number(exact)
    rounded = Fraction(as_decimal(exact))
    if _bits(rounded) > _MOST_BITS:
        raise too_large()
    return Number(rounded, is_exact=False)


def power(base: Number, exponent: Number) -> Number:
    """Raise to a power; exact for whole powers, and for roots that are."""
    is_exact = base.is_exact and exponent.is_exact
    x, y = base.value, exponent.value
    if x == 0 and y < 0:
        raise ToolFault("That divides by zero.")
    if y.denominator == 1 and (_bits(x) - 1) * abs(y.numerator) <= _MOST_BITS:
        return number(x**y.numerator, is_exact)
    if x < 0 and y.denominator != 1:
        raise ToolFault("A root of a negative number is no real number.")
    if x == 0:
        return base
    root = _exact_root(x, y.denominator) if y.denominator != 1 and is_exact else None
    if root is not None:
        return power(Number(root), Number(Fraction(y.numerator)))
    return approximate(lambda context, a, b: context.power(a, b), x, y)


def approximate(function: Callable[..., Decimal], *values: Fraction) -> Number:
    """What a function of a decimal context and of these values gives, to 40 digits.

    Raises:
        ToolFault: it is not defined there, or too large.
    """
    try:
        return number(Fraction(function(_context(), *map(as_decimal, values))), is_exact=False)
    except (DecimalException, OverflowError, ValueError) as error:
        raise ToolFault("The result is too large, or there is none.") from error


def as_text(result: Number) -> str:
    """The number, and if that is not all of it, that it is rounded."""
    value = result.value
    exact = _all_decimals(value) if result.is_exact else None
    if exact is not None:
        return exact
    rounded = as_decimal(value, _SHOWN).normalize(_context())
    text = f"{rounded:f}" if -7 < rounded.adjusted() < 21 else f"{rounded:e}"
    if result.is_exact and _bits(value) < 4 * _LONGEST_FRACTION and value.denominator != 1:
        return f"{text} (exactly {value})"
    return f"{text} (rounded)"


def as_decimal(value: Fraction, digits: int = _DIGITS) -> Decimal:
    """The value to so many digits."""
    return _context(digits).divide(Decimal(value.numerator), Decimal(value.denominator))


def too_large() -> ToolFault:
    """The fault of a result that nobody could read."""
    return ToolFault("The result has too many digits.", "Use smaller numbers.")


def _context(digits: int = _DIGITS) -> Context:
    return Context(prec=digits, Emax=999_999, Emin=-999_999)


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _exact_root(value: Fraction, degree: int) -> Fraction | None:
    if degree > _LARGEST_DEGREE:
        return None
    root = Fraction(_whole_root(value.numerator, degree), _whole_root(value.denominator, degree))
    return root if root**degree == value else None


def _whole_root(value: int, degree: int) -> int:
    """The largest whole number whose power is not above `value`, by halving."""
    low, high = 0, 1 << (value.bit_length() // degree + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= value else (low, middle)
    return low


def _all_decimals(value: Fraction) -> str | None:
    """The whole of a value that has an end and is not too long; else None."""
    rest, places = value.denominator, 0
    for prime in (2, 5):
        times = 0
        while rest % prime == 0:
            rest, times = rest // prime, times + 1
        places = max(places, times)
    if rest != 1 or places > _MOST_SHOWN:
        return None
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    if len(digits) > _MOST_SHOWN:
        return None
    whole, part = digits[: len(digits) - places], digits[len(digits) - places :]
    return f"{'-' if value < 0 else ''}{whole}{'.' if part else ''}{part}"
