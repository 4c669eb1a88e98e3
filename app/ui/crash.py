"""Bugs: caught, logged, and made into a report that `crash_sheet` shows. Nothing is sent."""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import TextIO

from PySide6.QtCore import QObject, Qt, Signal

import app

log = logging.getLogger(__name__)

FAULT_FILE = "fault.log"
LOG_LINES = 40


class CrashReporter(QObject):
    """Catches what nobody else did, on every thread.

    Signals:
        reported: a new report, as text; sent on the GUI thread.
    """

    reported = Signal(str)
    _found = Signal(str)

    def __init__(self, logs: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._logs = logs
        self._fault_file: TextIO | None = None
        self._before = (sys.excepthook, threading.excepthook)
        self._found.connect(self.reported, Qt.ConnectionType.QueuedConnection)

    def install(self) -> str:
        """Take over from Python's own handlers.

        Returns:
            what the last run left behind if a native crash ended it; empty otherwise.
        """
        left = self._open_fault_file()
        self._before = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception
        return left

    def uninstall(self) -> None:
        """Give the handlers back that were there before."""
        if sys.excepthook == self._on_exception:
            sys.excepthook, threading.excepthook = self._before
        if self._fault_file is not None:
            faulthandler.disable()
            self._fault_file.close()
            self._fault_file = None

    def report_bug(self, bug: BaseException) -> None:
        """Report an exception that somebody caught but did not expect. From any thread."""
        import traceback  # both only once something went wrong

        from app.base.log import tail

        lines = traceback.format_exception(bug)
        log.error("bug: %s", "".join(lines))
        self._found.emit(report_text("".join(lines), tail(self._logs / "cairn.log", LOG_LINES)))

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        self.report_bug(error.with_traceback(trace))

    def _on_thread_exception(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self.report_bug(args.exc_value)

    def _open_fault_file(self) -> str:
        """Have native crashes written to a file; return what the last one wrote."""
        path = self._logs / FAULT_FILE
        try:
            left = path.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            left = ""
        try:
            self._fault_file = path.open("w", encoding="utf-8")
        except OSError as error:
            log.info("native crashes will not be recorded: %s", error)
            return left
        faulthandler.enable(self._fault_file)
        return left


def report_text(trace: str, last_lines: tuple[str, ...]) -> str:
    """A report with what a developer needs and nothing of the user's documents."""
    import platform  # both only once something went wrong

    from PySide6 import __version__ as pyside_version

    about = (
        f"Cairn {app.__version__}, Python {platform.python_version()}, PySide {pyside_version}, "
        f"{platform.platform()}"
    )
    parts = [about, trace.strip()]
    if last_lines:
        parts.append("Last lines of the log:\n" + "\n".join(last_lines))
    return "\n\n".join(parts) + "\n"
