from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.child import ChildBug, ChildExit, ChildProcess
from app.base.errors import Cancelled, ChildStopped, NotFound
from tests.doubles.echo_child import (
    Die,
    Echo,
    FailBug,
    FailExpected,
    IgnoreEverything,
    WaitForCancel,
    echo_child,
)

BOUND_S = 30


@pytest.fixture
def exits() -> queue.SimpleQueue[ChildExit]:
    return queue.SimpleQueue()


@pytest.fixture
def child(tmp_path: Path, exits: queue.SimpleQueue[ChildExit]) -> Iterator[ChildProcess]:
    child = ChildProcess(
        "echo process", echo_child, log_path=tmp_path / "echo.log", on_exit=exits.put
    )
    yield child
    child.stop()


def test_call_returns_answer_after_its_events(child: ChildProcess) -> None:
    events: list[object] = []
    call = child.call(Echo("answer", events=(1, 2, 3)), events.append)
    assert call.result(BOUND_S) == "answer"
    assert events == [1, 2, 3]


def test_child_imports_neither_qt_nor_heavy_packages(child: ChildProcess, tmp_path: Path) -> None:
    assert child.call(Echo(1)).result(BOUND_S) == 1
    status = Path(f"/proc/{child.pid}/maps")
    if not status.exists():
        pytest.skip("needs /proc")
    assert "Qt6Core" not in status.read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_interrupt_while_it_starts_is_the_parents_business(
    child: ChildProcess, tmp_path: Path
) -> None:
    call = child.call(Echo("answer"))
    assert child.pid is not None
    os.kill(child.pid, signal.SIGINT)
    assert call.result(BOUND_S) == "answer"
    os.kill(child.pid, signal.SIGINT)
    assert child.call(Echo("again")).result(BOUND_S) == "again"
    assert (tmp_path / "echo.log").read_text() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_starting_a_child_leaves_interrupts_as_they_were(child: ChildProcess) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, set())
    assert child.call(Echo(1)).result(BOUND_S) == 1
    assert signal.pthread_sigmask(signal.SIG_BLOCK, set()) == before


def test_expected_failure_arrives_with_message_and_hint(child: ChildProcess) -> None:
    with pytest.raises(NotFound) as caught:
        child.call(FailExpected()).result(BOUND_S)
    assert (caught.value.message, caught.value.hint) == ("It is not there.", "Look elsewhere.")


def test_bug_arrives_with_traceback_and_child_goes_on(child: ChildProcess) -> None:
    with pytest.raises(ChildBug, match="ZeroDivisionError"):
        child.call(FailBug()).result(BOUND_S)
    assert child.call(Echo("still here")).result(BOUND_S) == "still here"


def test_cancel_reaches_a_busy_lane(child: ChildProcess) -> None:
    started = threading.Event()
    call = child.call(WaitForCancel(), lambda _event: started.set())
    assert started.wait(BOUND_S)
    call.cancel()
    with pytest.raises(Cancelled):
        call.result(BOUND_S)


def test_cancel_of_a_waiting_call_keeps_it_from_running(child: ChildProcess) -> None:
    started = threading.Event()
    first = child.call(WaitForCancel(), lambda _event: started.set())
    assert started.wait(BOUND_S)
    events: list[object] = []
    second = child.call(Echo("never", events=("ran",)), events.append)
    second.cancel()
    first.cancel()
    with pytest.raises(Cancelled):
        second.result(BOUND_S)
    assert events == []


def test_lanes_run_side_by_side(child: ChildProcess) -> None:
    started = threading.Event()
    slow = child.call(WaitForCancel(), lambda _event: started.set())
    assert started.wait(BOUND_S)
    assert child.call(Echo("quick", lane="other")).result(BOUND_S) == "quick"
    slow.cancel()


def test_abort_fails_open_calls_and_names_the_reason(
    child: ChildProcess, exits: queue.SimpleQueue[ChildExit]
) -> None:
    started = threading.Event()
    waiting = child.call(WaitForCancel(), lambda _event: started.set())
    assert started.wait(BOUND_S)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGABRT)
    with pytest.raises(ChildStopped, match="crashed"):
        waiting.result(BOUND_S)
    ended = exits.get(timeout=BOUND_S)
    assert not ended.expected
    assert "SIGABRT" in ended.reason


def test_last_native_lines_come_with_the_exit(
    child: ChildProcess, exits: queue.SimpleQueue[ChildExit]
) -> None:
    with pytest.raises(ChildStopped):
        child.call(Die()).result(BOUND_S)
    assert any("upside down" in line for line in exits.get(timeout=BOUND_S).last_lines)


def test_call_after_death_starts_a_new_child(child: ChildProcess) -> None:
    with pytest.raises(ChildStopped, match="code 7"):
        child.call(Die(7)).result(BOUND_S)
    assert child.call(Echo("reborn")).result(BOUND_S) == "reborn"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_many_calls_at_the_moment_of_death_all_end(child: ChildProcess) -> None:
    child.call(Echo(0)).result(BOUND_S)
    calls = []
    for number in range(50):
        try:
            calls.append(child.call(Echo(number)))
        except ChildStopped:
            continue
        if number == 25:
            child.kill()
    for call in calls:
        error = call.future.exception(BOUND_S)
        assert error is None or isinstance(error, ChildStopped)


def test_stop_lets_the_child_close_in_good_order(child: ChildProcess, tmp_path: Path) -> None:
    child.call(Echo(1)).result(BOUND_S)
    child.stop(grace_s=BOUND_S)
    assert "closed in good order" in (tmp_path / "echo.log").read_text()
    with pytest.raises(ChildStopped, match="shutting down"):
        child.call(Echo(2))


def test_stop_kills_a_child_that_does_not_listen(
    child: ChildProcess, exits: queue.SimpleQueue[ChildExit]
) -> None:
    started = threading.Event()
    child.call(IgnoreEverything(), lambda _event: started.set())
    assert started.wait(BOUND_S)
    child.stop(grace_s=0.2)
    assert not child.is_running
    assert exits.get(timeout=BOUND_S).expected


def test_listener_that_raises_does_not_end_the_reader(child: ChildProcess) -> None:
    def bad(_event: object) -> None:
        raise RuntimeError("listener")

    assert child.call(Echo("answer", events=(1,)), bad).result(BOUND_S) == "answer"
