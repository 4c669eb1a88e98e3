import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.llama.guessing.lookup import PromptLookup


def lookup(tokens, most=4, **lengths):
    found = PromptLookup(most, **lengths)
    found.extend(tokens)
    return found


def by_search(tokens, most, longest, shortest):
    """The guess, by trying every length and every place."""
    for length in range(longest, shortest - 1, -1):
        end = tokens[len(tokens) - length :]
        if len(tokens) < length:
            continue
        for start in range(len(tokens) - length - 1, -1, -1):
            if tokens[start : start + length] == end:
                following, index = list(tokens), start + length
                while len(following) < len(tokens) + most:
                    following.append(following[index])
                    index += 1
                return following[len(tokens) :]
    return []


def test_guess_repeats_what_followed_the_same_tokens():
    assert lookup([1, 2, 3, 4, 5, 6, 9, 2, 3]).guess() == [4, 5, 6, 9]


def test_guess_prefers_the_longest_match_over_the_latest():
    tokens = [7, 1, 2, 50, 8, 1, 2, 60, 7, 1, 2]
    assert lookup(tokens).guess(1) == [50]


def test_guess_prefers_the_latest_of_equal_matches():
    assert lookup([1, 2, 50, 1, 2, 60, 9, 1, 2]).guess(1) == [60]


def test_guess_goes_on_with_a_pattern_that_repeats():
    assert lookup([1, 2, 1, 2], most=5).guess() == [1, 2, 1, 2, 1]


@pytest.mark.parametrize("tokens", [[], [1], [1, 2], [1, 2, 3, 4], [1, 2, 3, 1]])
def test_guess_is_empty_when_the_end_is_new(tokens):
    assert lookup(tokens).guess() == []


def test_guess_is_no_longer_than_asked():
    found = lookup([1, 2, 3, 4, 5, 6, 1, 2], most=3)
    assert found.guess() == [3, 4, 5]
    assert found.guess(2) == [3, 4]
    assert found.guess(99) == [3, 4, 5]
    assert found.guess(0) == []


def test_guess_stops_before_an_image():
    assert lookup([1, 2, 3, -77, 5, 1, 2]).guess() == [3]


@pytest.mark.parametrize(("most", "longest", "shortest"), [(4, 1, 2), (4, 2, 0), (-1, 4, 2)])
def test_lengths_out_of_order_are_refused(most, longest, shortest):
    with pytest.raises(ValueError, match="in order"):
        PromptLookup(most, longest, shortest)


tokens = st.lists(st.integers(0, 3), max_size=50)


@given(tokens=tokens, shortest=st.integers(1, 3), more=st.integers(0, 3))
def test_guess_is_what_a_search_of_every_place_finds(tokens, shortest, more):
    longest = shortest + more
    found = lookup(tokens, 6, ngram_max=longest, ngram_min=shortest)
    assert found.guess() == by_search(tokens, 6, longest, shortest)


@given(first=tokens, kept=st.integers(-1, 60), second=tokens)
def test_truncate_leaves_no_trace_of_what_it_takes_back(first, kept, second):
    cut = lookup(first)
    cut.truncate(kept)
    cut.extend(second)
    whole = lookup(first[: max(kept, 0)] + second)
    assert len(cut) == len(whole)
    assert vars(cut) == vars(whole)


def test_a_long_stream_of_one_token_costs_no_more_than_another():
    started = time.perf_counter()
    found = lookup([1] * 100_000)
    for _ in range(1000):
        found.extend([1])
        assert found.guess() == [1, 1, 1, 1]
    assert time.perf_counter() - started < 5
