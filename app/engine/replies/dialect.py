"""What a dialect is, and how its file is read. A file that cannot be read is a bug of Cairn."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

_Made = TypeVar("_Made")


class Syntax(StrEnum):
    """How a call is written; the package describes each."""

    JSON = "json"
    NAMED = "named"
    TAGGED = "tagged"
    PYTHON = "python"
    NESTED = "nested"


class Values(StrEnum):
    """How the arguments of a named call are written."""

    JSON = "json"
    GEMMA = "gemma"


class Part(StrEnum):
    """What a message is."""

    TEXT = "text"
    REASONING = "reasoning"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Detection:
    """How a dialect is known by the source of a chat template."""

    any: tuple[tuple[str, ...], ...] = ()
    none: tuple[str, ...] = ()
    priority: int = 0

    def fits(self, source: str) -> bool:
        """Whether this template writes the dialect."""
        if any(text in source for text in self.none):
            return False
        return any(all(text in source for text in group) for group in self.any)


@dataclass(frozen=True, slots=True)
class Reasoning:
    """The marks around reasoning."""

    open: str
    close: tuple[str, ...]
    anywhere: bool = False
    ends_at_call: bool = False

    def is_opened_by(self, prompt_tail: str) -> bool:
        """Whether a prompt that ends so has begun the reasoning."""
        return prompt_tail.rstrip().endswith(self.open.rstrip())


@dataclass(frozen=True, slots=True)
class Parameter:
    """How one argument of a tagged call is written."""

    open: str
    head: re.Pattern[str]
    head_end: str
    close: str
    until: tuple[str, ...] = ()
    newlines: bool = False
    raw: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which a dialect writes calls."""

    syntax: Syntax
    open: tuple[str, ...] = ()
    close: tuple[str, ...] = ()
    junk: tuple[str, ...] = ()
    first: str = ""
    needs_tools: bool = False
    known_only: bool = False
    id_pattern: re.Pattern[str] | None = None
    name: tuple[str, ...] = ("name",)
    arguments: tuple[str, ...] = ("arguments",)
    id: tuple[str, ...] = ()
    answer: tuple[str, ...] = ()
    key_is_name: bool = False
    head: re.Pattern[str] | None = None
    head_end: tuple[str, ...] = ()
    values: Values = Values.JSON
    parameter: Parameter | None = None
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a message with such a head belongs."""

    head: re.Pattern[str]
    to: Part


@dataclass(frozen=True, slots=True)
class Messages:
    """The frame of a dialect that writes several messages with heads."""

    start: tuple[str, ...]
    head_end: tuple[str, ...]
    end: tuple[str, ...] = ()
    valid: re.Pattern[str] | None = None
    routes: tuple[Route, ...] = ()


class Arguments(StrEnum):
    """What a grammar writes for the arguments of a call."""

    JSON = "json"
    TAGGED = "tagged"
    PYTHON = "python"
    GEMMA = "gemma"
    NESTED = "nested"


@dataclass(frozen=True, slots=True)
class Writing:
    """How a grammar for calls is made; GBNF with the placeholders that the package lists."""

    triggers: tuple[str, ...]
    calls: str
    call: str
    lead: str = ""
    until: str = ""
    arguments: Arguments = Arguments.JSON
    parameter: str = ""
    value_end: str = ""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a family of models writes its replies.

    Attributes:
        visible: texts of the control tokens that the parser has to see.
        strip: markers that are no part of the answer.
        ends: texts that end the part of a reply that is read.
        end_tokens: texts of further control tokens that end generation.
    """

    name: str
    detection: Detection = field(default_factory=Detection)
    visible: tuple[str, ...] = ()
    end_tokens: tuple[str, ...] = ()
    strip: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    reasoning: tuple[Reasoning, ...] = ()
    calls: tuple[Form, ...] = ()
    messages: Messages | None = None
    writing: tuple[Writing, ...] = ()

    def is_reasoning(self, prompt_tail: str) -> bool:
        """Whether the end of a prompt has opened the reasoning."""
        return any(pair.is_opened_by(prompt_tail) for pair in self.reasoning)

    @property
    def markers(self) -> frozenset[str]:
        """Every text that has a meaning in this dialect."""
        found = {*self.strip, *self.ends}
        for pair in self.reasoning:
            found |= {pair.open, *pair.close}
        for form in self.calls:
            found |= {*form.open, *form.close, *form.head_end}
            if form.parameter is not None:
                found |= {form.parameter.open, form.parameter.head_end, form.parameter.close}
        if self.messages is not None:
            found |= {*self.messages.start, *self.messages.head_end, *self.messages.end}
        return frozenset(found - {""})

    @classmethod
    def from_toml(cls, name: str, text: str) -> Dialect:
        """Read a dialect file.

        Raises:
            ValueError, TypeError, KeyError: it is malformed.
        """
        data = tomllib.loads(text)
        detect = data.pop("detect", {})
        kept = data.pop("text", {})
        reasoning = tuple(_made(Reasoning, each) for each in data.pop("reasoning", []))
        calls = tuple(_form(each) for each in data.pop("calls", []))
        messages = data.pop("messages", None)
        writing = tuple(_made(Writing, each) for each in data.pop("grammar", []))
        return cls(
            name,
            detection=_made(Detection, detect),
            reasoning=reasoning,
            calls=calls,
            messages=None if messages is None else _messages(messages),
            writing=writing,
            **_frozen(data),
            **_frozen(kept),
        )


def _form(data: dict[str, Any]) -> Form:
    parameter = data.pop("parameter", None)
    form = _made(Form, data | {"syntax": Syntax(data["syntax"])})
    if form.syntax in (Syntax.NAMED, Syntax.TAGGED, Syntax.NESTED) and form.head is None:
        raise ValueError(f"A {form.syntax} call needs a head.")
    if (form.syntax is Syntax.TAGGED) != (parameter is not None):
        raise ValueError("Tagged calls, and only they, have parameters.")
    if parameter is None:
        return form
    return _made(Form, data | {"syntax": form.syntax, "parameter": _made(Parameter, parameter)})


def _messages(data: dict[str, Any]) -> Messages:
    routes = [{**each, "to": Part(each["to"])} for each in data.pop("routes", [])]
    return _made(Messages, {**data, "routes": tuple(_made(Route, each) for each in routes)})


def _made(kind: type[_Made], data: Mapping[str, Any]) -> _Made:
    return kind(**_frozen(data))


_CHOICES: Mapping[str, type[StrEnum]] = {"values": Values, "arguments": Arguments}
_PATTERNS = ("head", "valid", "id_pattern")


def _frozen(data: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as tuples and regular expressions compiled."""
    made: dict[str, Any] = {}
    for key, value in data.items():
        if key in _PATTERNS:
            made[key] = re.compile(value, re.DOTALL)
        elif key in _CHOICES and isinstance(value, str):
            made[key] = _CHOICES[key](value)
        elif isinstance(value, list):
            made[key] = tuple(tuple(each) if isinstance(each, list) else each for each in value)
        else:
            made[key] = value
    return made
