from __future__ import annotations

import time

import pytest

from app.evals.metrics.pattern import SEARCH_LIMIT_S, RegularExpression
from tests.unit.evals.metrics.scoring import score

LATE_S = 5.0  # what a search on a long text may be late by, on a busy computer


@pytest.mark.parametrize(
    ("metric", "text", "targets", "value"),
    [
        (RegularExpression(r"\d{4}-\d\d"), "on 2024-05", (), 1),
        (RegularExpression(r"\d{4}-\d\d"), "on 24-5", (), 0),
        (RegularExpression("^paris$", ignore_case=True), "PARIS", (), 1),
        (RegularExpression("paris"), "PARIS", (), 0),
        (RegularExpression("a+", whole=True), "aaab", (), 0),
        (RegularExpression("a+", whole=True), "aaa", (), 1),
        (RegularExpression(r"\p{Greek}+"), "λόγος", (), 1),
        (RegularExpression(), "the answer is B", ("answer is A", "answer is [BC]"), 1),
        (RegularExpression(), "x", ("y",), 0),
        (RegularExpression("x"), "x", ("not looked at",), 1),
        (RegularExpression(), "x", (), None),
        (RegularExpression("(unclosed"), "x", (), None),
        (RegularExpression(), "x", ("[", "x"), 1),
        (RegularExpression(), "x", ("[", "y"), None),
        (RegularExpression("(" * 900 + ")" * 900), "x", (), None),
        (RegularExpression("a" * 2001), "x", (), None),
    ],
)
def test_regular_expression_searches(
    metric: RegularExpression, text: str, targets: tuple[str, ...], value: float | None
):
    assert score(metric, text, *targets).value == value


def test_regular_expression_says_where_it_matches():
    assert score(RegularExpression("o.w"), "Hello\nworld").reason == ("“o.w” does not match.")
    assert score(RegularExpression("w.+"), "Hello\nworld").reason == (
        "Matches “world” at character 7."
    )


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"(a+)+$", "a" * 5_000 + "!"),
        (r"(a|aa)+$", "a" * 5_000 + "!"),
        (r"^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 1_000_000),
        (r"[ab]*[cd]", "a" * 1_000_000),
        (r"(?R)", "a"),
    ],
)
def test_catastrophic_pattern_ends_in_time_without_a_value(pattern: str, text: str):
    before = time.monotonic()
    found = score(RegularExpression(pattern), text)
    assert time.monotonic() - before < SEARCH_LIMIT_S + LATE_S
    assert found.value is None
    assert found.reason == f"The pattern “{pattern}” takes too long."


def test_many_catastrophic_targets_share_one_time():
    targets = [f"({'a' * length}+)+$" for length in range(1, 50)]
    before = time.monotonic()
    assert score(RegularExpression(), "a" * 5_000 + "!", *targets).value is None
    assert time.monotonic() - before < SEARCH_LIMIT_S + LATE_S


@pytest.mark.parametrize(
    "pattern",
    [
        "(?:" * 40 + "a" + ")+" * 40,
        "(?:" * 9 + "a" + "){5,}" * 9,
        "(?x)" + "(?:" * 12 + "a" + ") # (\n {3}" * 12,
        "(?:a(?#x)){1000}" * 2,
        "a{999999}",
    ],
)
def test_pattern_that_would_fill_the_memory_is_not_compiled(pattern: str):
    found = score(RegularExpression(pattern), "a")
    assert found.value is None
    assert "too many repetitions" in found.reason


def test_ordinary_repetitions_are_not_too_many():
    pattern = r"^(?:\w+\s+){3}((?:\d{1,3},)+\d{3}|(?:[a-z]+-)+[a-z]{2,40})(?:\s\w+)+\.$"
    assert score(RegularExpression(pattern), "one two three 1,000 and more.").value == 1
