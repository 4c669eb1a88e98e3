from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.ui.evals.new_run.text import MOST_PASSAGES, cut

_FIRST = "A sentence about nothing much. "


def words_of(text: str) -> str:
    return "".join(text.split())


@given(st.text(st.sampled_from("ab .\n。é漢"), max_size=6_000))
def test_passages_hold_every_character_and_none_is_longer_than_a_window(text: str):
    items = cut(text).items
    assert words_of("".join(each.input[0].content for each in items)) == words_of(text)
    assert all(len(each.input[0].content.encode()) <= 1_800 for each in items)


def test_text_is_cut_at_the_ends_of_sentences():
    items = cut(_FIRST * 200).items
    assert len(items) > 3
    assert all(each.input[0].content.endswith("much.") for each in items)
    assert len({each.key for each in items}) == len(items)


def test_only_the_first_passages_of_a_long_text_are_used_and_all_are_counted():
    found = cut(_FIRST * 30_000)
    assert len(found.items) == MOST_PASSAGES
    assert found.total > MOST_PASSAGES
