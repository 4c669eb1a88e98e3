"""What the calculator knows by name: functions, and two constants."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from app.agents.tools.arithmetic import Number, approximate, number, power, too_large
from app.agents.tools.tool import ToolFault

_MANY: Final = 1_000
_LARGEST_FACTORIAL: Final = 1_000
_MOST_PLACES: Final = 1_000
_NOISE: Final = Fraction(1, 10**15)  # a float has 16 digits: all that is left of sin(pi)
_CONSTANTS: Final = {
    "pi": "3.1415926535897932384626433832795028841972",
    "e": "2.7182818284590452353602874713526624977572",
}


class _Function(NamedTuple):
    least: int
    most: int
    apply: Callable[..., Number]


def call(name: str, arguments: Sequence[Number]) -> Number:
    """Apply a function.

    Raises:
        ToolFault: there is none of this name, or it is not defined for these arguments.
    """
    function = _FUNCTIONS.get(name)
    if function is None:
        raise ToolFault(
            f"There is no function “{name[:40]}”.", f"There are: {', '.join(_FUNCTIONS)}."
        )
    if not function.least <= len(arguments) <= function.most:
        raise ToolFault(f"{name} does not take {len(arguments)} arguments.")
    try:
        return function.apply(*arguments)
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        raise ToolFault(f"{name} is not defined for that.") from error


def constant(name: str) -> Number | None:
    """A number that has a name; None if none has this one."""
    digits = _CONSTANTS.get(name)
    return None if digits is None else number(Fraction(digits), is_exact=False)


def _root(x: Number, degree: Number) -> Number:
    return power(x, number(1 / degree.value, degree.is_exact))


def _log(x: Number, base: Number | None = None) -> Number:
    if base is None:
        return approximate(lambda context, a: context.ln(a), x.value)
    result = approximate(
        lambda context, a, b: context.divide(context.ln(a), context.ln(b)), x.value, base.value
    )
    whole = number(round(result.value))
    is_whole = abs(whole.value - result.value) < _NOISE and x.is_exact
    return whole if is_whole and power(base, whole) == number(x.value) else result


def _rounded(x: Number, places: Number | None = None) -> Number:
    digits = 0 if places is None else _whole(places)
    if abs(digits) > _MOST_PLACES:
        raise too_large()
    scale = Fraction(10) ** digits
    # Half away from zero, as people learn it; Python's own goes to the even neighbour.
    size = math.floor(abs(x.value) * scale + Fraction(1, 2)) / scale
    return number(size if x.value >= 0 else -size)


def _factorial(x: Number) -> Number:
    if _whole(x) > _LARGEST_FACTORIAL:
        raise too_large()
    return number(math.factorial(_whole(x)))


def _whole(x: Number) -> int:
    if x.value.denominator != 1:
        raise ValueError
    return x.value.numerator


def _by_float(function: Callable[[float], float]) -> _Function:
    def apply(x: Number) -> Number:
        result = Fraction(function(float(x.value)))
        is_noise = abs(result) < _NOISE < abs(x.value)
        return number(0 if is_noise else result, is_exact=False)

    return _Function(1, 1, apply)


_sine = _by_float(math.sin)
_cosine = _by_float(math.cos)


def _tangent(x: Number) -> Number:
    return number(_sine.apply(x).value / _cosine.apply(x).value, is_exact=False)


def _on_value(function: Callable[[Fraction], Fraction | int]) -> _Function:
    return _Function(1, 1, lambda x: number(function(x.value), x.is_exact))


def _on_values(function: Callable[[list[Fraction]], Fraction | int]) -> _Function:
    def apply(*numbers: Number) -> Number:
        return number(
            function([each.value for each in numbers]), all(each.is_exact for each in numbers)
        )

    return _Function(1, _MANY, apply)


def _on_whole(function: Callable[..., int]) -> _Function:
    return _Function(1, _MANY, lambda *numbers: number(function(*map(_whole, numbers))))


_FUNCTIONS: Final[Mapping[str, _Function]] = {
    "sqrt": _Function(1, 1, lambda x: power(x, number(Fraction(1, 2)))),
    "root": _Function(2, 2, _root),
    "exp": _Function(1, 1, lambda x: approximate(lambda context, a: context.exp(a), x.value)),
    "log": _Function(1, 2, _log),
    "log2": _Function(1, 1, lambda x: _log(x, number(2))),
    "log10": _Function(1, 1, lambda x: _log(x, number(10))),
    "sin": _sine,
    "cos": _cosine,
    "tan": _Function(1, 1, _tangent),
    "asin": _by_float(math.asin),
    "acos": _by_float(math.acos),
    "atan": _by_float(math.atan),
    "degrees": _by_float(math.degrees),
    "radians": _by_float(math.radians),
    "round": _Function(1, 2, _rounded),
    "floor": _on_value(math.floor),
    "ceil": _on_value(math.ceil),
    "abs": _on_value(abs),
    "min": _on_values(min),
    "max": _on_values(max),
    "sum": _on_values(lambda values: sum(values, Fraction(0))),
    "mean": _on_values(lambda values: sum(values, Fraction(0)) / len(values)),
    "factorial": _Function(1, 1, _factorial),
    "gcd": _on_whole(math.gcd),
    "lcm": _on_whole(math.lcm),
}
FUNCTION_NAMES: Final = tuple(_FUNCTIONS)
