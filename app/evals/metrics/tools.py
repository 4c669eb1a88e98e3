"""The metric for what a model should have called: which tools, with what arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from app.base.quoting import shown
from app.engine.messages import ToolCall
from app.evals.entities import Item, Output, Score
from app.evals.metrics.json_text import TOO_DEEP, difference
from app.evals.metrics.metric import unscored, verdict

_MOST_CALLS = 200  # each is compared with each


class Match(StrEnum):
    """Which of the expected calls must have been made."""

    ANY = "any"
    ALL = "all"
    ORDERED = "ordered"
    NONE = "none"


class Arguments(StrEnum):
    """How arguments are compared: wholly, no less than expected, or not at all."""

    EXACT = "exact"
    SUBSET = "subset"
    IGNORED = "ignored"


class Unexpected(StrEnum):
    """What calls that match nothing expected do."""

    IGNORED = "ignored"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class ToolCallExpected:
    """1 if the expected tools were called.

    What is expected comes from the item's metadata["tool_calls"], else from the settings: a list of
    {"name": …, "arguments": {…}}. Without "arguments", any will do. An empty list with the item
    says that no tool should be called.

    Attributes:
        match: one of them, all in any order, all in this order, or none of them.
        arguments: how they are compared; a subset goes down into objects, not into lists.
        unexpected: whether other calls matter.
        expected: for items that do not say.
    """

    name: ClassVar[str] = "tool_call"
    description: ClassVar[str] = "The model called the tools that it should have called."

    match: Match = Match.ALL
    arguments: Arguments = Arguments.SUBSET
    unexpected: Unexpected = Unexpected.IGNORED
    expected: tuple[Mapping[str, Any], ...] = ()

    def score(self, item: Item, output: Output) -> Score:
        """Compare the calls that were made with those expected."""
        given = item.metadata.get("tool_calls", self.expected or None)
        if given is None:
            return unscored("The item does not say which tool calls are expected.")
        expected = _read(given)
        if expected is None:
            return unscored("The expected tool calls cannot be read: they are no list of calls.")
        made = output.tool_calls
        if max(len(made), len(expected)) > _MOST_CALLS:
            return unscored(f"More than {_MOST_CALLS} tool calls are not compared.")
        if not expected:
            return verdict(not made, f"Not expected: {_called(made)}" if made else _called(made))
        try:
            return self._compare(expected, made)
        except RecursionError:
            return unscored(TOO_DEEP)

    def _compare(self, expected: Sequence[_Expected], made: Sequence[ToolCall]) -> Score:
        fits = [[self._fits(one, call) for call in made] for one in expected]
        match self.match:
            case Match.ALL:
                partners = _paired(fits)
            case Match.ORDERED:
                partners = _in_order(fits)
            case Match.ANY | Match.NONE:
                partners = {call: one for one, row in enumerate(fits) for call in _true(row)}
        done = set(partners.values())
        missing = [index for index in range(len(expected)) if index not in done]
        if self.match is Match.NONE:
            if done:
                return verdict(False, f"{shown(expected[min(done)].name)} was called.")
        elif self.match is Match.ANY:
            if not done:
                return verdict(False, "None of the expected tool calls was made.")
        elif missing:
            return verdict(False, self._why(expected[missing[0]], fits[missing[0]], made))
        others = [call for index, call in enumerate(made) if index not in partners]
        if others and self.unexpected is Unexpected.FAILING:
            return verdict(False, f"Not expected: {_called(others)}")
        return verdict(True, _called(made))

    def _fits(self, expected: _Expected, call: ToolCall) -> bool:
        if expected.name != call.name:
            return False
        if expected.arguments is None or self.arguments is Arguments.IGNORED:
            return True
        if self.arguments is Arguments.EXACT:
            return difference(expected.arguments, call.arguments) is None
        return _is_within(expected.arguments, call.arguments)

    def _why(self, missing: _Expected, fits: Sequence[bool], made: Sequence[ToolCall]) -> str:
        name = shown(missing.name)
        if not any(fits):
            if any(call.name == missing.name for call in made):
                return f"{name} was called with other arguments."
            return f"{name} was not called."
        if self.match is Match.ORDERED:
            return f"{name} was not called after those before it."
        return f"{name} was not called often enough."


@dataclass(frozen=True, slots=True)
class _Expected:
    name: str
    arguments: Mapping[str, Any] | None


def _read(given: object) -> list[_Expected] | None:
    """The expected calls; None if they are no list of calls."""
    if not isinstance(given, list | tuple):
        return None
    calls = []
    for each in given:
        if not isinstance(each, Mapping):
            return None
        name, arguments = each.get("name"), each.get("arguments")
        if not (isinstance(name, str) and name and isinstance(arguments, Mapping | None)):
            return None
        calls.append(_Expected(name, arguments))
    return calls


def _is_within(expected: Any, actual: Any) -> bool:
    """Whether a value has all that is expected of it; objects may have more properties."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return all(
            name in actual and _is_within(value, actual[name]) for name, value in expected.items()
        )
    return difference(expected, actual) is None


def _true(row: Sequence[bool]) -> Iterator[int]:
    return (index for index, fit in enumerate(row) if fit)


def _paired(fits: Sequence[Sequence[bool]]) -> dict[int, int]:
    """Calls with the expected ones they are for, one each, as many as possible (Kuhn)."""
    partners: dict[int, int] = {}

    def place(expected: int, tried: set[int]) -> bool:
        for call in _true(fits[expected]):
            if call not in tried:
                tried.add(call)
                if call not in partners or place(partners[call], tried):
                    partners[call] = expected
                    return True
        return False

    for expected in range(len(fits)):
        place(expected, set())
    return partners


def _in_order(fits: Sequence[Sequence[bool]]) -> dict[int, int]:
    """Calls with the expected ones they are for, each the first after the one before."""
    partners: dict[int, int] = {}
    last = -1
    for expected, row in enumerate(fits):
        call = next((each for each in _true(row) if each > last), None)
        if call is None:
            break
        partners[call] = expected
        last = call
    return partners


def _called(calls: Sequence[ToolCall]) -> str:
    if not calls:
        return "No tool was called."
    return f"Called {', '.join(shown(call.name) for call in calls[:5])}{' …' * (len(calls) > 5)}."
