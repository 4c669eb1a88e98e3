from __future__ import annotations

import itertools
import threading
import time
from typing import Any

import pytest

from app.engine.structured.search import PatternProblem, Search
from app.engine.structured.validation import CHECK_LIMIT_S, CannotCheck, Fault, faults

LATE_S = 5.0  # on a busy computer


def test_faults_name_the_path_and_stop_where_enough_are_found():
    schema = {"items": {"properties": {"age": {"type": "integer"}}}}
    value = [{"age": 1}, {"age": "two"}, {"age": None}]
    assert faults(schema, value) == (Fault((1, "age"), "'two' is not of type 'integer'"),)
    assert [each.place for each in faults(schema, value, most=9)] == ["[1].age", "[2].age"]


def test_name_that_is_one_too_many_is_one_fault():
    found = faults({"additionalProperties": False}, {"a": 1}, most=9)
    assert found == (Fault((), "'a' is not allowed here"),)


SLOW = "(a|aa)+$"
DIALECTS = [
    "https://json-schema.org/draft/2020-12/schema",
    "http://json-schema.org/draft-07/schema#",
]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [{"$schema": "", "pattern": SLOW}]},
        {"$schema": "", "$ref": "#/$defs/slow", "$defs": {"slow": {"pattern": SLOW}}},
        {"$ref": "#/$defs/slow", "$defs": {"slow": {"$schema": "", "pattern": SLOW}}},
        {"$schema": "", "not": {"$schema": "", "not": {"pattern": SLOW}}},
    ],
)
def test_dialect_within_a_schema_does_not_bring_patterns_without_a_clock(
    schema: dict[str, Any], dialect: str
):
    before = time.monotonic()
    with pytest.raises(CannotCheck, match="too long"):
        faults(_in_dialect(schema, dialect), "a" * 5_000 + "!")
    assert time.monotonic() - before < CHECK_LIMIT_S + LATE_S


def _in_dialect(schema: Any, dialect: str) -> Any:
    if not isinstance(schema, dict):
        return (
            [_in_dialect(each, dialect) for each in schema] if isinstance(schema, list) else schema
        )
    return {
        key: dialect if key == "$schema" else _in_dialect(value, dialect)
        for key, value in schema.items()
    }


def test_property_of_the_name_of_a_dialect_is_checked():
    schema = {"properties": {"$schema": {"type": "string"}}, "enum": [{"$schema": 1}]}
    assert faults(schema, {"$schema": 1})[0].path == ("$schema",)


def test_pattern_of_another_engine_is_an_error_unless_it_may_be_skipped():
    schema = {"pattern": "[^]"}
    with pytest.raises(CannotCheck, match="cannot be read"):
        faults(schema, "a")
    assert faults(schema, "a", skips_unreadable=True) == ()


def test_schema_that_takes_long_to_read_does_not_use_up_the_time_to_check():
    schema = {"properties": {f"p{number}": {"type": "integer"} for number in range(5_000)}}
    assert faults(schema, {"p4999": "?"}, limit_s=0.2)[0].place == ".p4999"


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is over as soon as it has begun, as when garbage is collected meanwhile."""
    moments = itertools.count(step=60.0)
    monkeypatch.setattr("app.engine.structured.search.time.thread_time", lambda: next(moments))


def test_waiting_for_a_busy_computer_is_no_work() -> None:
    search = Search(0.05)
    threading.Event().wait(0.2)
    assert search.left_s > 0


@pytest.mark.usefixtures("late")
def test_little_work_is_never_too_much() -> None:
    schema = {"properties": {"name": {"type": "string", "pattern": "^A"}}, "required": ["name"]}
    assert faults(schema, {"name": "Ada"}) == ()
    assert faults(schema, {"name": "Bea"})[0].place == ".name"
    assert Search(0.5).find("b+", "aabb") == (2, "bb")


@pytest.mark.usefixtures("late")
def test_much_work_is_too_much_when_the_time_is_over() -> None:
    with pytest.raises(CannotCheck, match="takes too long"):
        faults({"items": {"type": "integer"}}, list(range(200)))
    search = Search(0.5)
    with pytest.raises(PatternProblem, match="takes too long"):
        assert not [search.find("b+", "aabb") for _number in range(200)]
    with pytest.raises(PatternProblem, match="takes too long"):
        Search(0.5).find(SLOW, "a" * 5_000 + "!")
