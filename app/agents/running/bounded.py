"""Work of others that is given a time: it may hang, and whoever waits for it goes on."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final, TypeVar

from app.base.errors import Cancelled
from app.base.jobs import CancelToken

T = TypeVar("T")

_GRACE_S: Final = 0.5  # for a tool that notices Stop, so that it is known what it did


class TimedOut(Exception):
    """The time was over first. What comes after is dropped."""


class Broke(Exception):
    """It ended the thread in a way that no work should."""


def run_bounded(work: Callable[[CancelToken], T], cancel: CancelToken, seconds: float | None) -> T:
    """The result of work that runs in a thread of its own.

    Args:
        work: gets a token that is cancelled when nobody waits any more.
        cancel: ends the waiting.
        seconds: how long to wait; None for as long as it takes.

    Raises:
        TimedOut: the time was over.
        Cancelled: it was stopped.
        Exception: whatever the work raised.
    """
    own, over, done = CancelToken(), threading.Event(), Future[T]()

    def body() -> None:
        try:
            done.set_result(work(own))
        except Exception as error:  # noqa: BLE001 - whoever waits learns of it
            done.set_exception(error)
        except BaseException as error:  # noqa: BLE001 - a tool may call sys.exit()
            done.set_exception(Broke(repr(error)))

    done.add_done_callback(lambda _done: over.set())
    threading.Thread(target=body, name="agent tool", daemon=True).start()
    forget = cancel.on_cancel(over.set)
    over.wait(seconds)
    forget()
    if not done.done():
        own.cancel()
        with contextlib.suppress(TimeoutError):
            done.exception(_GRACE_S)
    if done.done() and not isinstance(done.exception(), Cancelled):
        return done.result()
    cancel.check()
    raise TimedOut


@contextmanager
def time_limit(cancel: CancelToken, seconds: float) -> Iterator[CancelToken]:
    """A token that is cancelled with this one, and when the time is over."""
    own = CancelToken()
    forget = cancel.on_cancel(own.cancel)
    timer = threading.Timer(seconds, own.cancel)
    timer.daemon = True
    timer.start()
    try:
        yield own
    finally:
        timer.cancel()
        forget()
