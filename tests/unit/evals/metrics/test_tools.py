from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.evals.entities import Output
from app.evals.metrics.tools import Arguments, Match, ToolCallExpected, Unexpected
from tests.unit.evals.metrics.scoring import called, item

Call = tuple[str, dict[str, Any]]

A1: Call = ("a", {"x": 1})
A2: Call = ("a", {"x": 2})
AB: Call = ("a", {"x": 1, "y": 2})
B: Call = ("b", {})
C: Call = ("c", {})


def expected(*calls: Call) -> list[dict[str, Any]]:
    return [{"name": name, "arguments": arguments} for name, arguments in calls]


@pytest.mark.parametrize(
    ("match", "wanted", "made", "value"),
    [
        (Match.ANY, (A1, B), (B, C), 1),
        (Match.ANY, (A1, B), (C,), 0),
        (Match.ALL, (A1, B), (B, C, A1), 1),
        (Match.ALL, (A1, B), (A1,), 0),
        (Match.ALL, (A1, A1), (A1,), 0),
        (Match.ALL, (A1, A1), (A1, A1), 1),
        (Match.ORDERED, (A1, B), (A1, C, B), 1),
        (Match.ORDERED, (A1, B), (B, A1), 0),
        (Match.ORDERED, (A1, B), (B, A1, B), 1),
        (Match.NONE, (A1, B), (C,), 1),
        (Match.NONE, (A1, B), (), 1),
        (Match.NONE, (A1, B), (C, B), 0),
    ],
)
def test_tool_call_matches(match: Match, wanted: list[Call], made: list[Call], value: float):
    found = ToolCallExpected(match).score(item(tool_calls=expected(*wanted)), called(*made))
    assert found.value == value


@pytest.mark.parametrize(
    ("arguments", "wanted", "made", "value"),
    [
        (Arguments.EXACT, A1, A1, 1),
        (Arguments.EXACT, A1, AB, 0),
        (Arguments.EXACT, ("a", {"x": 1}), ("a", {"x": 1.0}), 1),
        (Arguments.EXACT, ("a", {"x": 1}), ("a", {"x": True}), 0),
        (Arguments.SUBSET, A1, AB, 1),
        (Arguments.SUBSET, AB, A1, 0),
        (Arguments.SUBSET, A1, A2, 0),
        (Arguments.SUBSET, ("a", {"o": {"p": 1}}), ("a", {"o": {"p": 1, "q": 2}}), 1),
        (Arguments.SUBSET, ("a", {"o": [1]}), ("a", {"o": [1, 2]}), 0),
        (Arguments.SUBSET, ("a", {"o": None}), ("a", {}), 0),
        (Arguments.IGNORED, A1, A2, 1),
        (Arguments.IGNORED, A1, B, 0),
    ],
)
def test_tool_call_compares_arguments(arguments: Arguments, wanted: Call, made: Call, value: float):
    metric = ToolCallExpected(arguments=arguments)
    assert metric.score(item(tool_calls=expected(wanted)), called(made)).value == value


def test_tool_call_without_expected_arguments_takes_any():
    metric = ToolCallExpected(arguments=Arguments.EXACT)
    assert metric.score(item(tool_calls=[{"name": "a"}]), called(AB)).value == 1


def test_tool_call_finds_partners_whatever_the_order():
    wanted = expected(("a", {}), A1)  # the first would take the only call that fits the second
    assert ToolCallExpected().score(item(tool_calls=wanted), called(A1, A2)).value == 1


@pytest.mark.parametrize(
    ("match", "made", "value"),
    [
        (Match.ANY, (A1, A1), 1),
        (Match.ANY, (A1, C), 0),
        (Match.ALL, (B, A1), 1),
        (Match.ALL, (A1, B, B), 0),
        (Match.ORDERED, (A1, B), 1),
        (Match.ORDERED, (A1, C, B), 0),
        (Match.NONE, (), 1),
        (Match.NONE, (C,), 0),
    ],
)
def test_unexpected_calls_fail_where_they_are_told_to(match: Match, made: list[Call], value: float):
    metric = ToolCallExpected(match, unexpected=Unexpected.FAILING)
    assert metric.score(item(tool_calls=expected(A1, B)), called(*made)).value == value


def test_empty_expectation_says_that_nothing_should_be_called():
    metric = ToolCallExpected(expected=({"name": "a"},))
    assert metric.score(item(tool_calls=[]), called()).value == 1
    assert metric.score(item(tool_calls=[]), called(A1)).value == 0


def test_settings_say_what_is_expected_where_the_item_does_not():
    metric = ToolCallExpected(expected=({"name": "a"},))
    assert metric.score(item(), called(A1)).value == 1
    assert metric.score(item(tool_calls=expected(B)), called(A1)).value == 0


DEEP: dict[str, Any] = {}
for _ in range(5_000):
    DEEP = {"x": DEEP}


@pytest.mark.parametrize(
    ("metadata", "output", "why"),
    [
        ({}, called(A1), "does not say"),
        ({"tool_calls": "a"}, called(A1), "cannot be read"),
        ({"tool_calls": None}, called(A1), "does not say"),
        ({"tool_calls": [7]}, called(A1), "cannot be read"),
        ({"tool_calls": [{"arguments": {}}]}, called(A1), "cannot be read"),
        ({"tool_calls": [{"name": "a", "arguments": "{}"}]}, called(A1), "cannot be read"),
        ({"tool_calls": expected(A1)}, called(*[A1] * 201), "More than 200"),
        ({"tool_calls": expected(("a", DEEP))}, called(("a", DEEP)), "too deep"),
    ],
)
def test_tool_call_that_cannot_be_compared_gives_no_value(
    metadata: dict[str, Any], output: Output, why: str
):
    found = ToolCallExpected().score(item(**metadata), output)
    assert found.value is None
    assert why in found.reason


@pytest.mark.parametrize(
    ("match", "made", "reason"),
    [
        (Match.ALL, (A1, B), "Called “a”, “b”."),
        (Match.ALL, (B,), "“a” was not called."),
        (Match.ALL, (A2, B), "“a” was called with other arguments."),
        (Match.ORDERED, (B, A1), "“b” was not called after those before it."),
        (Match.ANY, (), "None of the expected tool calls was made."),
        (Match.NONE, (B, A1), "“a” was called."),
    ],
)
def test_tool_call_says_why(match: Match, made: list[Call], reason: str):
    found = ToolCallExpected(match).score(item(tool_calls=expected(A1, B)), called(*made))
    assert found.reason == reason


def test_tool_call_says_that_a_call_was_not_repeated_and_what_was_not_expected():
    twice = item(tool_calls=expected(A1, A1))
    assert ToolCallExpected().score(twice, called(A1)).reason == (
        "“a” was not called often enough."
    )
    strict = ToolCallExpected(unexpected=Unexpected.FAILING)
    assert strict.score(twice, called(A1, A1, B)).reason == "Not expected: Called “b”."


CALLS = st.lists(st.sampled_from([A1, A2, AB, B, C]), max_size=6)


@settings(deadline=None)  # the machine may be busy
@given(CALLS, CALLS, st.sampled_from(Arguments), st.randoms())
def test_order_matters_to_ordered_alone(
    wanted: list[Call], made: list[Call], arguments: Arguments, chance: Any
):
    other = chance.sample(made, len(made))
    for match in (Match.ANY, Match.ALL, Match.NONE):
        metric = ToolCallExpected(match, arguments, Unexpected.FAILING)
        ask = item(tool_calls=expected(*wanted))
        assert metric.score(ask, called(*made)).value == metric.score(ask, called(*other)).value
    strict = ToolCallExpected(Match.ORDERED, arguments, Unexpected.FAILING)
    assert strict.score(item(tool_calls=expected(*made)), called(*made)).value == 1
