from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest

from app.base.errors import AppError
from app.library.idle import IdleWork

SOON = 0.01


class Work:
    def __init__(self, effect: Callable[[], None] = lambda: None) -> None:
        self.done = threading.Semaphore(0)
        self.count = 0
        self._effect = effect

    def __call__(self) -> None:
        self.count += 1
        try:
            self._effect()
        finally:
            self.done.release()


def test_work_is_done_after_each_quiet_time_and_then_no_more() -> None:
    work = Work()
    idle = IdleWork(work, (SOON, SOON), "idle")
    try:
        assert work.done.acquire(timeout=10)
        assert work.done.acquire(timeout=10)
        assert not work.done.acquire(timeout=0.1)
    finally:
        idle.close()


def test_work_waits_for_the_end_of_a_change_and_begins_anew() -> None:
    work = Work()
    idle = IdleWork(work, (SOON,), "idle")
    try:
        assert work.done.acquire(timeout=10)
        with idle.put_off():
            assert not work.done.acquire(timeout=0.1)
        assert work.done.acquire(timeout=10)
        assert work.count == 2
    finally:
        idle.close()


def test_changes_side_by_side_all_put_work_off() -> None:
    work = Work()
    idle = IdleWork(work, (60.0,), "idle")
    idle._after = (SOON,)
    try:
        with idle.put_off():
            with idle.put_off():
                pass
            assert not work.done.acquire(timeout=0.1)
        assert work.done.acquire(timeout=10)
    finally:
        idle.close()


@pytest.mark.parametrize("error", [AppError("No room."), ValueError("bug")])
def test_failing_work_is_logged_and_tried_again(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise error

    work = Work(fail)
    with caplog.at_level(logging.WARNING):
        idle = IdleWork(work, (SOON, SOON), "idle")
        assert work.done.acquire(timeout=10)
        assert work.done.acquire(timeout=10)
        idle.close()

    assert "No room." in caplog.text or "bug" in caplog.text


def test_close_ends_the_thread_at_once() -> None:
    before = set(threading.enumerate())
    idle = IdleWork(Work(), (3600.0,), "idle")
    idle.close()

    assert set(threading.enumerate()) == before
