from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.evals.metrics.text import Cleaning, Contains, ExactMatch, Needed
from tests.unit.evals.metrics.scoring import score

CLEANINGS = st.builds(Cleaning, st.booleans(), st.booleans(), st.booleans(), st.booleans())
STRICT = Cleaning(nfkc=False, collapse_space=False)


@pytest.mark.parametrize(
    ("cleaning", "text", "cleaned"),
    [
        (STRICT, " Ａ\n b ", " Ａ\n b "),  # noqa: RUF001  the wide letter is meant
        (Cleaning(), "  two\n\twords\u00a0 ", "two words"),
        (Cleaning(), "ﬁ Å e\u0301 ½", "fi Å é 1⁄2"),  # noqa: RUF001  as Unicode has it
        (Cleaning(), "STRASSE", "STRASSE"),
        (Cleaning(casefold=True), "Straße ΣΊΣΥΦΟΣ", "strasse σίσυφοσ"),
        (Cleaning(strip_punctuation=True), "„Paris“, (the) *city*!", "Paris the city"),
        (Cleaning(strip_punctuation=True), "don't $5", "dont 5"),
        (Cleaning(strip_punctuation=True), "...", "..."),
        (Cleaning(), "", ""),
    ],
)
def test_clean_overlooks_what_it_is_told_to(cleaning: Cleaning, text: str, cleaned: str):
    assert cleaning.clean(text) == cleaned


def test_clean_drops_marks_that_pile_up():
    assert Cleaning().clean("x" + "\u0301" * 1_000 + "y") == "x" + "\u0301" * 30 + "y"


@settings(deadline=None)  # the machine may be busy
@given(CLEANINGS, st.text())
def test_cleaning_again_changes_nothing(cleaning: Cleaning, text: str):
    once = cleaning.clean(text)
    assert cleaning.clean(once) == once


@pytest.mark.parametrize(
    ("metric", "text", "targets", "value"),
    [
        (ExactMatch(), "Paris", ("Paris",), 1),
        (ExactMatch(), "Paris\n", ("Paris",), 1),
        (ExactMatch(), "paris", ("Paris",), 0),
        (ExactMatch(casefold=True), "paris", ("Paris",), 1),
        (ExactMatch(), "Paris.", ("Paris",), 0),
        (ExactMatch(strip_punctuation=True), "**Paris.**", ("Paris",), 1),
        (ExactMatch(strip_punctuation=True), "!", ("?",), 0),
        (ExactMatch(), "Lyon", ("Paris", "Lyon"), 1),
        (ExactMatch(), "", ("",), 1),
        (ExactMatch(nfkc=False), "e\u0301", ("é",), 0),
        (ExactMatch(collapse_space=False), "a  b", ("a b",), 0),
    ],
)
def test_exact_match_compares_whole_texts(
    metric: ExactMatch, text: str, targets: tuple[str, ...], value: float
):
    assert score(metric, text, *targets).value == value


@pytest.mark.parametrize(
    ("metric", "text", "targets", "value"),
    [
        (Contains(), "It is Paris, I think.", ("Paris",), 1),
        (Contains(), "It is paris.", ("Paris",), 0),
        (Contains(casefold=True), "In der STRASSE", ("Straße",), 1),
        (Contains(), "red and blue", ("red", "green"), 1),
        (Contains(needed=Needed.ALL), "red and blue", ("red", "green"), 0),
        (Contains(needed=Needed.ALL), "red and green", ("red", "green"), 1),
        (Contains(), "two\nwords", ("two words",), 1),
        (Contains(), "東京です", ("東京",), 1),
        (Contains(), "", ("x",), 0),
        (Contains(), "anything", ("",), None),
        (Contains(needed=Needed.ALL), "a", ("a", " "), None),
    ],
)
def test_contains_looks_for_targets(
    metric: Contains, text: str, targets: tuple[str, ...], value: float | None
):
    assert score(metric, text, *targets).value == value


def test_contains_names_what_is_missing():
    found = score(Contains(needed=Needed.ALL), "red", "red", "green", "blue")
    assert found.reason == "Does not contain “green”, “blue”."


@settings(deadline=None)  # the machine may be busy
@given(st.text(), st.text(), st.text(), CLEANINGS)
def test_contains_finds_what_was_put_in(before: str, target: str, after: str, cleaning: Cleaning):
    # Without NFKC, which joins characters across the seams.
    plain = Contains(False, cleaning.casefold, cleaning.collapse_space)
    expected = 1 if plain.clean(target) else None
    assert score(plain, before + target + after, target).value == expected


@settings(deadline=None)  # the machine may be busy
@given(CLEANINGS, st.text(), st.text())
def test_exact_match_is_the_same_both_ways(cleaning: Cleaning, one: str, other: str):
    metric = ExactMatch(
        cleaning.nfkc, cleaning.casefold, cleaning.collapse_space, cleaning.strip_punctuation
    )
    assert score(metric, one, other).value == score(metric, other, one).value
    assert score(metric, one, one).value == 1
