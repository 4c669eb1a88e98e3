"""Long work on widgets, a few of them at a time, so that the window stays at hand."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from PySide6.QtCore import QObject, QTimer, Signal

_SLICE_S = 0.02
_PAUSE_MS = 5  # for what the window has to do in between


class Slices(QObject):
    """Calls `step` again and again while it says that more is left.

    Signals:
        ended: nothing is left.
    """

    ended = Signal()

    def __init__(self, step: Callable[[], bool], parent: QObject) -> None:
        """Do nothing yet; `step` makes one widget and tells whether more are left."""
        super().__init__(parent)
        self._step = step
        self._timer = QTimer(self, interval=_PAUSE_MS)
        self._timer.timeout.connect(self._go_on)

    @property
    def is_busy(self) -> bool:
        """Whether something is left."""
        return self._timer.isActive()

    def start(self) -> None:
        """Begin soon; there is at least one step."""
        self._timer.start()

    def stop(self) -> None:
        """Leave what is left."""
        self._timer.stop()

    def finish(self) -> None:
        """Do all that is left now."""
        if self.is_busy:
            self._go_on(float("inf"))

    def _go_on(self, most_s: float = _SLICE_S) -> None:
        started = perf_counter()
        while self._step():
            if perf_counter() - started > most_s:
                return
        self._timer.stop()
        self.ended.emit()
