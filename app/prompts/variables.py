"""Checks what was filled into the form of a prompt, and converts it by the kind of variable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite

from app.prompts.entities import Value, Variable, VariableKind

MOST_CHARACTERS = 2_000_000  # of one value; a long book has a million
_MOST_SHOWN = 8  # choices named in a message
_YES = frozenset({"yes", "y", "true", "on", "1"})
_NO = frozenset({"no", "n", "false", "off", "0"})
_MOST_EXACT = 2**53  # whole numbers up to here are exact as a float


@dataclass(frozen=True, slots=True)
class Checked:
    """What came out of a form.

    Attributes:
        values: of every variable without a problem, converted.
        problems: by the name of the variable, in words that stand below its field.
    """

    values: Mapping[str, Value]
    problems: Mapping[str, str]


def check(variables: Sequence[Variable], given: Mapping[str, object]) -> Checked:
    """Check and convert the values of a form, or of the command line, where all are texts.

    A variable that is not in `given`, or None, takes its default. One that may be left out and
    is, becomes an empty text, or no.
    """
    values: dict[str, Value] = {}
    problems = {name: "This prompt has no such variable." for name in given}
    for variable in variables:
        problems.pop(variable.name, None)
        value = given.get(variable.name)
        try:
            values[variable.name] = _filled(variable, variable.default if value is None else value)
        except ValueError as error:
            problems[variable.name] = str(error)
    return Checked(values, problems)


def convert(variable: Variable, value: object) -> Value:
    """A value as this kind of variable has it.

    Raises:
        ValueError: it is none; why, in words.
    """
    if isinstance(value, str) and len(value) > MOST_CHARACTERS:
        raise ValueError(f"This is too long: more than {MOST_CHARACTERS:,} characters.")
    if variable.kind is VariableKind.CHOICE:
        return _choice(value, variable.choices)
    return _CONVERTERS[variable.kind](value)


def _filled(variable: Variable, value: object) -> Value:
    if value is not None and not (isinstance(value, str) and not value.strip()):
        return convert(variable, value)
    if variable.required:
        raise ValueError("This needs a value.")
    return False if variable.kind is VariableKind.YES_NO else ""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("Write a text here.")
    return value


def _number(value: object) -> float:
    words = "Write a number here, such as 3 or 2.5."
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(words)
    try:
        number = float(value)
    except (ValueError, OverflowError) as error:
        raise ValueError(words) from error
    if not isfinite(number):
        raise ValueError(words)
    # As people write it: 3 and not 3.0.
    return int(number) if number.is_integer() and abs(number) <= _MOST_EXACT else number


def _yes_no(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    if word in _YES | _NO:
        return word in _YES
    raise ValueError("Write yes or no here.")


def _date(value: object) -> str:
    words = "Write a date here as year, month and day, such as 2026-01-31."
    try:
        return date.fromisoformat(_text(value).strip()).isoformat()
    except ValueError as error:
        raise ValueError(words) from error


def _choice(value: object, choices: Sequence[str]) -> str:
    if isinstance(value, str) and value in choices:
        return value
    if not choices:
        raise ValueError("There is nothing to choose from: give this variable its choices.")
    more = ", …" if len(choices) > _MOST_SHOWN else ""
    raise ValueError(f"Choose one of: {', '.join(choices[:_MOST_SHOWN])}{more}.")


_CONVERTERS: Mapping[VariableKind, Callable[[object], Value]] = {
    VariableKind.TEXT: _text,
    VariableKind.LONG_TEXT: _text,
    VariableKind.DOCUMENT: _text,
    VariableKind.NUMBER: _number,
    VariableKind.YES_NO: _yes_no,
    VariableKind.DATE: _date,
}
