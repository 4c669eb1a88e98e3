from __future__ import annotations

import json

from hypothesis import given

from app.engine.messages import Role, Turn
from app.evals.entities import Item
from app.evals.suites.imported import SuiteFormat
from app.evals.suites.reading import parse_suite, read_suite
from app.evals.suites.suite import Suite
from app.evals.suites.writing import suite_bytes, write_suite
from tests.unit.evals.suites.strategies import suites

SUITE = Suite(
    "Mine",
    (
        Item("b", (Turn(Role.USER, "Größe?\u2028"),), ("groß",)),
        Item("a", (Turn(Role.SYSTEM, "Be brief."), Turn(Role.USER, "Why?")), (), ("x",), {"n": 1}),
    ),
    "Two questions.",
    ({"name": "exact_match", "casefold": True},),
)


@given(suites)
def test_written_suite_is_read_back_exactly(suite):
    imported = parse_suite(suite_bytes(suite), "other")

    assert imported.format is SuiteFormat.CAIRN
    assert imported.problems == ()
    assert imported.other_fields == ()
    assert imported.suite == suite
    assert imported.suite.sha256 == suite.sha256
    assert suite_bytes(imported.suite) == suite_bytes(suite)


def test_written_file_has_a_header_and_an_item_a_line():
    header, *rows = [json.loads(line) for line in suite_bytes(SUITE).decode().split("\n")[:-1]]

    assert header == {
        "cairn_suite": 1,
        "name": "Mine",
        "description": "Two questions.",
        "metrics": [{"name": "exact_match", "casefold": True}],
    }
    assert rows == [
        {"key": "b", "input": "Größe?\u2028", "targets": ["groß"]},
        {
            "key": "a",
            "input": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Why?"},
            ],
            "tags": ["x"],
            "metadata": {"n": 1},
        },
    ]


def test_write_suite_replaces_a_file_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text("before", encoding="utf-8")

    write_suite(SUITE, path)

    assert read_suite(path).suite == SUITE
    assert list(tmp_path.iterdir()) == [path]
