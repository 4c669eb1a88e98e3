"""Logging: one file a process in the data folder, warnings on stderr. Nothing is sent anywhere."""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path

FORMAT = "%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"


def configure(logs: Path, name: str = "cairn", *, to_stderr: bool = True) -> None:
    """Send this process's log to ``logs/NAME.log`` (three files of 2 MB) and warnings to stderr."""
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    file = logging.handlers.RotatingFileHandler(
        logs / f"{name}.log", maxBytes=2_000_000, backupCount=2, encoding="utf-8", delay=True
    )
    file.setFormatter(logging.Formatter(FORMAT))
    root.addHandler(file)
    if to_stderr:
        stream = logging.StreamHandler()
        stream.setLevel(logging.WARNING)
        stream.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
        root.addHandler(stream)


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
