"""Ends the process when a native call does not come back."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

# A step is planned to take a second. The first may have to read the whole model from a slow disk.
FIRST_STEP_S, STEP_S = 900.0, 120.0
HUNG_EXIT_CODE = 70
_LOOK_S = 5.0


def _end_process(seconds: float) -> None:
    log.error("error: a step of the model took longer than %.0f seconds", seconds)
    os._exit(HUNG_EXIT_CODE)


class Watchdog:
    """Looks now and then whether the step under way is overdue. Without a step it sleeps."""

    def __init__(
        self,
        on_hang: Callable[[float], None] = _end_process,
        *,
        first_s: float = FIRST_STEP_S,
        step_s: float = STEP_S,
        look_s: float = _LOOK_S,
    ) -> None:
        """Start the thread.

        Args:
            on_hang: gets the limit that was passed, in seconds.
            first_s, step_s: how long the first step, and each later one, may take.
            look_s: how often it looks while there is a step.
        """
        self._on_hang = on_hang
        self._limit_s, self._step_s, self._look_s = first_s, step_s, look_s
        self._began: float | None = None
        self._busy = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
        self._thread.start()

    @contextmanager
    def step(self) -> Iterator[None]:
        """Watch what is in the block."""
        self._began = time.monotonic()
        if not self._busy.is_set():
            self._busy.set()
        try:
            yield
        finally:
            self._began = None
            self._limit_s = self._step_s

    def rest(self) -> None:
        """There is nothing to compute for a while."""
        self._busy.clear()

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        self._busy.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._busy.wait()
            if self._closing.wait(self._look_s):
                return
            began = self._began
            if began is not None and time.monotonic() - began > self._limit_s:
                self._on_hang(self._limit_s)
                return
