"""What a template is told beside the messages: plain JSON values and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from math import isfinite
from typing import Any

from app.engine.errors import TemplateError
from app.engine.protocol import TemplateOptions

_DEEPEST = 60  # lists and objects inside one another
_MOST_VALUES = 200_000
_LONGEST_INTEGER_BITS = 1024
_LONGEST_PATTERN = 200

# Only the engine says these; the date goes by `TemplateOptions.date`.
_RESERVED = frozenset({
    "messages", "tools", "bos_token", "eos_token", "add_generation_prompt", "raise_exception",
    "strftime_now", "functions",
})  # fmt: skip


class Plain:
    """Copies plain JSON values, as long as there are not too many; anything else is an error."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._left = _MOST_VALUES

    def copy(self, value: Any, depth: int = 0) -> Any:
        """The value, made of nothing but dict, list, str, int, float, bool and None.

        Raises:
            TemplateError: it holds something else, or too much.
        """
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            raise self._refused("are too large, or too deep inside one another")
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, int) and value.bit_length() <= _LONGEST_INTEGER_BITS:
            return int(value)
        if isinstance(value, float) and isfinite(value):
            return float(value)
        if isinstance(value, Mapping):
            return {self._name(name): self.copy(each, depth + 1) for name, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.copy(each, depth + 1) for each in value]
        raise self._refused(f"hold something that JSON cannot ({type(value).__name__[:40]})")

    def _name(self, name: Any) -> str:
        if not isinstance(name, str):
            raise self._refused("have a name that is no text")
        return str.__str__(name)

    def _refused(self, why: str) -> TemplateError:
        return TemplateError(
            f"The chat template cannot be given {self._what}: they {why}.",
            "Use only objects, lists, texts, numbers, true, false and null.",
        )


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a plain value, names too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from texts_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts_in(each)


def mapped(value: Any, change: Callable[[str], str]) -> Any:
    """A plain value with every text in it, names too, changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(name): mapped(each, change) for name, each in value.items()}
    if isinstance(value, list):
        return [mapped(each, change) for each in value]
    return value


def variables(options: TemplateOptions) -> dict[str, Any]:
    """The variables for a template, without its messages and tools.

    Reasoning and effort go by several names; templates do not look at those they do not know.

    Raises:
        TemplateError: a value is no plain JSON, or has the name of one that the engine gives.
    """
    values: dict[str, Any] = Plain("these arguments").copy(options.values)
    if taken := sorted(_RESERVED & values.keys()):
        raise TemplateError(
            f"“{taken[0]}” cannot be given to the chat template: Cairn sets it itself.",
            "Take it out of the arguments of the template.",
        )
    said: dict[str, Any] = {}
    if options.thinking is not None:
        said["enable_thinking"] = said["thinking"] = options.thinking
        said["thinking_mode"] = "enabled" if options.thinking else "disabled"
    if options.reasoning_effort:
        said["reasoning_effort"] = said["thinking_effort"] = options.reasoning_effort[:40]
    today = _today(options.date)
    said["date_string"] = today.strftime("%d %b %Y")
    said["datetime"] = said["current_date"] = today.strftime("%Y-%m-%d")
    return said | values


def clock(options: TemplateOptions) -> Callable[[str], str]:
    """The `strftime_now` of a template.

    Raises:
        TemplateError: the date is none.
    """
    today = _today(options.date)

    def strftime_now(pattern: str) -> str:
        return today.strftime(str(pattern)[:_LONGEST_PATTERN])

    return strftime_now


def _today(day: str) -> datetime:
    if not day:
        return datetime.now().astimezone()
    try:
        given = date.fromisoformat(day)
    except ValueError as error:
        raise TemplateError(
            f"“{day[:40]}” is not a date that the chat template could take for today.",
            "Write it as year, month and day, such as 2026-01-31, or leave it empty.",
        ) from error
    now = datetime.now().astimezone()
    return now.replace(year=given.year, month=given.month, day=given.day)
