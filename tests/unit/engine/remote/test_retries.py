from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from app.engine.remote.errors import CannotConnect, RemoteError, ServerBusy
from app.engine.remote.retries import Retries, retry_after_s, wait_or_cancel

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def run(error: Callable[[], RemoteError], **changes) -> tuple[list[float], RemoteError]:
    """Fail at every try; what was waited, and what came out in the end."""
    waits: list[float] = []
    clock = [0.0]

    def wait(seconds: float, _cancel: CancelToken) -> None:
        waits.append(seconds)
        clock[0] += seconds

    retries = Retries(wait=wait, clock=lambda: clock[0], jitter=lambda: 0.0, **changes)

    def try_it() -> None:
        for failed in retries.tries_left(CancelToken()):
            failed(error())

    with pytest.raises(RemoteError) as caught:
        try_it()
    return waits, caught.value


def test_waits_double_and_the_last_error_comes_out() -> None:
    waits, error = run(lambda: CannotConnect("no", is_passing=True))
    assert waits == [0.5, 1.0, 2.0]
    assert isinstance(error, CannotConnect)


def test_error_that_does_not_pass_is_not_tried_again() -> None:
    assert run(lambda: CannotConnect("no"))[0] == []


def test_server_may_ask_for_more_but_not_for_any_time() -> None:
    def busy(seconds: float) -> Callable[[], RemoteError]:
        return lambda: ServerBusy("busy", is_passing=True, retry_after_s=seconds)

    assert run(busy(3), tries=2)[0] == [3.0]
    assert run(busy(0.1), tries=2)[0] == [0.5]
    assert run(busy(86400), tries=2)[0] == [20.0]


def test_budget_ends_the_tries() -> None:
    waits, _error = run(
        lambda: CannotConnect("no", is_passing=True), tries=50, longest_wait_s=5.0, budget_s=16.0
    )
    assert waits == [0.5, 1.0, 2.0, 4.0, 5.0]


def test_jitter_only_lengthens() -> None:
    retries = Retries(jitter=lambda: 1.0)
    assert retries._wait_s(0, None) == pytest.approx(0.625)


def test_cancel_interrupts_the_wait() -> None:
    cancel = CancelToken()
    timer = threading.Timer(0.05, cancel.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        wait_or_cancel(60.0, cancel)
    timer.join()


def test_wait_ends_by_itself() -> None:
    wait_or_cancel(0.001, CancelToken())


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Fri, 02 Jan 2026 03:04:35 GMT", 30.0),
        ("Fri, 02 Jan 2026 03:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("9" * 400, 999999999.0),
        ("Fri, 99 Jan 2026 03:00:00 GMT", None),
    ],
)
def test_retry_after_is_read(header: str, seconds: float | None) -> None:
    assert retry_after_s(header, lambda: NOW) == seconds
