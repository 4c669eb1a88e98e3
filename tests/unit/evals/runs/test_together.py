"""Work from several threads, of which all that was done is kept."""

from __future__ import annotations

import threading

import pytest

from app.evals.runs.together import done_together


def test_so_many_are_under_way_at_once_and_all_are_kept():
    meeting = threading.Barrier(3, timeout=30)
    kept: list[tuple[int, int]] = []

    def double(number: int) -> int:
        meeting.wait()
        return 2 * number

    done_together(range(9), double, kept.extend, 3)
    assert sorted(kept) == [(each, 2 * each) for each in range(9)]


def test_after_the_first_error_nothing_is_begun_and_the_rest_is_kept():
    begun: list[int] = []
    kept: list[tuple[int, int]] = []
    failed = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if number == 0:
            failed.set()
            raise ValueError(number)
        assert failed.wait(30)
        return number

    with pytest.raises(ValueError, match="0"):
        done_together(range(10_000), work, kept.extend, 2)
    assert len(begun) <= 3  # one may begin between the error and its being known
    assert sorted(each for each, _made in kept) == sorted(begun)[1:]
