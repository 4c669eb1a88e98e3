"""Logging: one file a process in the data folder, warnings on stderr. Nothing is sent anywhere."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from pathlib import Path

OURS = "cairn"
FORMAT = "%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"


def configure(logs: Path, name: str = "cairn", *, to_stderr: bool = True) -> None:
    """Send this process's log to ``logs/NAME.log`` (three files of 2 MB), warnings to stderr too.

    Called again, it replaces what it set up before and leaves the handlers of others alone.
    """
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    for old in root.handlers[:]:
        if old.name == OURS:
            root.removeHandler(old)
            old.close()
    file = _LogFile(
        logs / f"{name}.log", maxBytes=2_000_000, backupCount=2, encoding="utf-8", delay=True
    )
    _add(file, logging.INFO, FORMAT)
    if to_stderr:
        _add(logging.StreamHandler(), logging.WARNING, "%(levelname)s: %(message)s")


class _LogFile(logging.handlers.RotatingFileHandler):
    """Drops what it cannot write: on a full disk the user needs our words, not the logger's."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)


def _add(handler: logging.Handler, level: int, form: str) -> None:
    handler.set_name(OURS)
    handler.setLevel(level)
    handler.setFormatter(logging.Formatter(form))
    logging.getLogger().addHandler(handler)


def tail(path: Path, lines: int = 12, max_bytes: int = 64_000) -> tuple[str, ...]:
    """The last lines of a log file; empty when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - max_bytes))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ()
    return tuple(line for line in text.splitlines() if line.strip())[-lines:]
