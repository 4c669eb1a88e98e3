"""Ends the window in order when the system or a terminal asks: SIGTERM, SIGINT."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

from PySide6.QtCore import QObject, QSocketNotifier

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts(QObject):
    """Python runs its signal handlers only between its own instructions, and Qt's loop has none.

    The signal therefore writes a byte to a socket that the loop watches.
    """

    def __init__(self, quit: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._quit = quit
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)
        self._before_fd = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._before = {each: signal.signal(each, lambda *_args: None) for each in SIGNALS}
        self._notifier = QSocketNotifier(self._read.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_activated)

    def close(self) -> None:
        """Give the old handlers back."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._before_fd)
        for each, handler in self._before.items():
            signal.signal(each, handler)
        self._read.close()
        self._write.close()

    def _on_activated(self) -> None:
        received = self._read.recv(64)
        if any(each in received for each in SIGNALS):
            self._quit()
