"""The way out, in steps: each is tried, timed and logged, whatever happened to the one before."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

SLOW_S = 1.0


class Shutdown:
    """Steps to run at the end, the last added first. Running twice does nothing."""

    def __init__(self) -> None:
        self._steps: list[tuple[str, Callable[[], object]]] = []
        self.has_run = False

    def add(self, name: str, step: Callable[[], object]) -> None:
        """Register a step when the thing it ends was started."""
        self._steps.append((name, step))

    def run(self) -> None:
        """Run all steps."""
        if self.has_run:
            return
        self.has_run = True
        for name, step in reversed(self._steps):
            started = time.monotonic()
            try:
                step()
            except Exception:  # a step that fails must not keep the others from running
                log.exception("shutdown step %s failed", name)
            took = time.monotonic() - started
            log.log(
                logging.WARNING if took > SLOW_S else logging.INFO,
                "shutdown: %s took %.0f ms",
                name,
                took * 1000,
            )
