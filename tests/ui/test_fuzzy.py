from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.fuzzy import match


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    [
        ("lm", "Load model", "Film"),
        ("set", "Settings", "Reset the text"),
        ("dark", "Look: Dark theme", "Discard the book"),
        ("add", "Library: Add documents", "Show the data folder of documents"),
        ("nc", "Chat: New chat", "Once more"),
    ],
)
def test_match_starts_and_runs_win(query: str, better: str, worse: str):
    one, other = match(query, better), match(query, worse)
    assert one is not None
    assert other is None or one.score > other.score


def test_match_letters_in_the_wrong_order_is_none():
    assert match("tahc", "Chat") is None


def test_match_nothing_typed_fits_everything():
    found = match("  ", "Chat")
    assert found is not None
    assert found.positions == ()


def test_match_spaces_and_case_are_ignored():
    found = match("New CH", "Chat: New chat")
    assert found is not None
    assert found.positions == (6, 7, 8, 10, 11)


@given(st.text(max_size=12), st.text(max_size=30))
def test_match_any_text_points_at_the_letters_it_found(query: str, title: str):
    found = match(query, title)
    if found is not None:
        assert all(0 <= each < len(title) for each in found.positions)
        assert list(found.positions) == sorted(set(found.positions))


@given(st.text(alphabet="abc XYZ", max_size=20), st.data())
def test_match_any_part_of_a_title_is_found(title: str, data: st.DataObject):
    places = data.draw(st.sets(st.integers(0, max(0, len(title) - 1))))
    query = "".join(title[place] for place in sorted(places) if place < len(title))
    assert match(query, title) is not None
