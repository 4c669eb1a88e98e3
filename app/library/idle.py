"""Work for quiet moments: done some time after the last change, put off while changes go on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from app.base.errors import AppError

log = logging.getLogger(__name__)


class IdleWork:
    """Calls `work` after each of the given times (seconds) in which nothing was changed."""

    def __init__(self, work: Callable[[], None], after: Sequence[float], name: str) -> None:
        """Begin to wait; a start counts as a change."""
        self._work = work
        self._after = after
        self._state = threading.Condition()
        self._busy = 0
        self._changes = 0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @contextmanager
    def put_off(self) -> Iterator[None]:
        """Nothing is begun inside; the times count anew from its end."""
        self._note(+1)
        try:
            yield
        finally:
            self._note(-1)

    def close(self) -> None:
        """Begin nothing more and wait for what is under way."""
        with self._state:
            self._closed = True
            self._state.notify_all()
        self._thread.join()

    def _note(self, change: int) -> None:
        with self._state:
            self._busy += change
            self._changes += 1
            self._state.notify_all()

    def _run(self) -> None:
        seen, step = -1, 0
        while not self._closed:
            with self._state:
                if self._changes != seen:
                    seen, step = self._changes, 0
                is_waiting = not self._busy and step < len(self._after)
                timed_out = not self._state.wait(self._after[step] if is_waiting else None)
                if self._closed or self._changes != seen or not timed_out:
                    continue
            step += 1
            self._do()

    def _do(self) -> None:
        try:
            self._work()
        except AppError as error:
            log.warning("put off: %s", error)
        except Exception:
            log.exception("idle work failed")
