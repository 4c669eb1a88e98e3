"""When to try again: exponential back-off with jitter, and what the server asks for."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from app.base.jobs import CancelToken
from app.engine.remote.errors import RemoteError

Wait = Callable[[float, CancelToken], None]


def wait_or_cancel(seconds: float, cancel: CancelToken) -> None:
    """Wait; raises `Cancelled` as soon as the token is."""
    asked = threading.Event()
    forget = cancel.on_cancel(asked.set)
    try:
        asked.wait(seconds)
    finally:
        forget()
    cancel.check()


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how long.

    Attributes:
        tries: in all, the first one included.
        first_wait_s: doubled with each try; a random part of a quarter is added.
        longest_wait_s: more is never waited, even if the server asks for it.
        budget_s: no try begins later than this after the first one.
    """

    tries: int = 4
    first_wait_s: float = 0.5
    longest_wait_s: float = 20.0
    budget_s: float = 60.0
    wait: Wait = wait_or_cancel
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random

    def tries_left(self, cancel: CancelToken) -> Iterator[Callable[[RemoteError], None]]:
        """One item for each try: call it with what went wrong, and it waits or raises that again.

        Raises:
            Cancelled: while it waited.
        """
        began = self.clock()
        for number in range(self.tries):

            def failed(error: RemoteError, number: int = number) -> None:
                wait_s = self._wait_s(number, error.retry_after_s)
                is_late = self.clock() + wait_s - began > self.budget_s
                if not error.is_passing or is_late or number + 1 >= self.tries:
                    raise error
                self.wait(wait_s, cancel)

            yield failed

    def _wait_s(self, number: int, asked_s: float | None) -> float:
        own = self.first_wait_s * 2.0**number * (1 + 0.25 * self.jitter())
        return min(max(own, asked_s or 0.0), self.longest_wait_s)


def _now() -> datetime:
    return datetime.now(UTC)


def retry_after_s(header: str, now: Callable[[], datetime] = _now) -> float | None:
    """Read a Retry-After header: seconds or a date. None if it is neither."""
    header = header.strip()
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        when = parsedate_to_datetime(header)
    except (ValueError, TypeError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - now()).total_seconds())
