from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.engine.causes import dying_words
from app.engine.llama.computing.watchdog import FIRST_STEP_S, HUNG_EXIT_CODE, STEP_S, Watchdog

_WAIT_S = 20.0
_ROOT = Path(__file__).parents[4]
_Make = Callable[..., Watchdog]


class _Hang:
    """Notes what the watchdog said."""

    def __init__(self) -> None:
        self.limits: list[float] = []
        self.noticed = threading.Event()

    def __call__(self, limit_s: float) -> None:
        self.limits.append(limit_s)
        self.noticed.set()


@pytest.fixture
def hang() -> _Hang:
    return _Hang()


@pytest.fixture
def make(hang: _Hang) -> Iterator[_Make]:
    made: list[Watchdog] = []

    def make(**limits: float) -> Watchdog:
        made.append(Watchdog(hang, **{"look_s": 0.01, **limits}))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_step_that_does_not_end_is_noticed_with_its_limit(make: _Make, hang: _Hang) -> None:
    watchdog = make(first_s=0.05, step_s=60)
    with watchdog.step():
        assert hang.noticed.wait(_WAIT_S)
    assert hang.limits == [0.05]


def test_later_steps_have_the_shorter_limit(make: _Make, hang: _Hang) -> None:
    watchdog = make(first_s=60, step_s=0.05)
    with watchdog.step():
        assert not hang.noticed.wait(0.2)
    with watchdog.step():
        assert hang.noticed.wait(_WAIT_S)
    assert hang.limits == [0.05]


def test_many_short_steps_are_not_one_long_one(make: _Make, hang: _Hang) -> None:
    watchdog = make(first_s=1.0, step_s=1.0)
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        with watchdog.step():
            threading.Event().wait(0.01)
    assert hang.limits == []


def test_time_between_steps_does_not_count(make: _Make, hang: _Hang) -> None:
    watchdog = make(first_s=0.1, step_s=0.1)
    with watchdog.step():
        pass
    assert not hang.noticed.wait(0.3)
    watchdog.rest()
    assert not hang.noticed.wait(0.2)
    with watchdog.step():
        assert hang.noticed.wait(_WAIT_S)


def test_step_that_raises_is_over(make: _Make, hang: _Hang) -> None:
    watchdog = make(first_s=0.05, step_s=0.05)
    with pytest.raises(OSError, match="gone"), watchdog.step():
        raise OSError("gone")
    assert not hang.noticed.wait(0.2)


@pytest.mark.parametrize("is_busy", [False, True])
def test_close_does_not_wait_for_the_next_look(hang: _Hang, is_busy: bool) -> None:
    watchdog = Watchdog(hang, look_s=3600)
    if is_busy:
        with watchdog.step():
            pass
    threads = threading.active_count()
    started = time.monotonic()
    watchdog.close()
    assert time.monotonic() - started < 5
    assert threading.active_count() == threads - 1


def test_limits_leave_room_for_a_slow_disk_and_still_are_limits() -> None:
    assert 60 <= STEP_S < FIRST_STEP_S <= 1800


def test_process_that_hangs_ends_with_its_reason_as_the_last_words() -> None:
    program = (
        "import logging, sys, threading\n"
        "from app.engine.llama.computing.watchdog import Watchdog\n"
        "logging.basicConfig(stream=sys.stderr,"
        " format='%(asctime)s %(levelname)s %(message)s')\n"
        "with Watchdog(first_s=0.1, look_s=0.02).step():\n"
        "    threading.Event().wait(60)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=_ROOT, capture_output=True, text=True, timeout=50,
        check=False,
    )  # fmt: skip
    assert done.returncode == HUNG_EXIT_CODE
    assert "longer than 0 seconds" in dying_words(done.stderr.splitlines())
