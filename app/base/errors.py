"""Errors a person may read. Everything else is a bug and goes to the crash report.

AppError
├── DataFolderInUse      another Cairn has this data folder open
├── DatabaseTooNew       a newer Cairn wrote this database
├── DiskFull             no room to write
├── ChildStopped         a child process ended while it was working for us
└── (capabilities)       ReaderError, ModelLoadError, NotFound, ...
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AppError(Exception):
    """An expected failure: `message` says what happened, `hint` the next step; both are shown."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def __reduce__(self) -> tuple[type[AppError], tuple[str, str]]:
        # Errors cross process borders; subclasses keep this two-argument form.
        return type(self), (self.message, self.hint)


class NotFound(AppError):
    """The named thing does not exist (any more)."""


class DataFolderInUse(AppError):
    """Another process holds the data folder."""


class DatabaseTooNew(AppError):
    """The database has a schema this version does not know."""


class DiskFull(AppError):
    """There is no room left on the disk."""


class ChildStopped(AppError):
    """A child process ended while a call was open."""


class Cancelled(Exception):
    """Raised inside work that was asked to stop. Not a failure."""


_NO_ROOM = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}


def is_disk_full(error: BaseException) -> bool:
    """Tell whether an error, or what caused it, says that the disk is full."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in _NO_ROOM:
            return True
        text = str(seen).lower()
        if "no space left on device" in text or "database or disk is full" in text:
            return True
        seen = seen.__cause__ or seen.__context__
    return False


@contextmanager
def disk_full_explained(folder: Path) -> Iterator[None]:
    """Turn a full disk, whoever reports it, into a `DiskFull` that names the folder."""
    try:
        yield
    except Exception as error:
        if is_disk_full(error):
            raise disk_full(folder) from error
        raise


def disk_full(folder: Path) -> DiskFull:
    """The error for a folder that no more can be written to."""
    return DiskFull(
        f"There is no room left on the disk that holds {folder}.",
        "Free some space, then try again. Nothing already stored was changed.",
    )
