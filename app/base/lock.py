"""One process on one data folder at a time."""

from __future__ import annotations

from filelock import FileLock, Timeout

from app.base.errors import AppError, DataFolderInUse, disk_full, is_disk_full
from app.base.paths import DataPaths


class DataFolderLock:
    """Holds the data folder from `acquire` to `release`; the system frees it if we are killed."""

    def __init__(self, paths: DataPaths) -> None:
        self._paths = paths
        self._lock = FileLock(paths.root / ".lock", timeout=0)

    def acquire(self) -> None:
        """Take the folder.

        Raises:
            DataFolderInUse: another process has it.
            AppError: it may not be written.
        """
        try:
            self._lock.acquire()
        except Timeout as error:
            raise DataFolderInUse(
                f"Another Cairn is using the data folder {self._paths.root}.",
                "Close it first, or choose another folder with --data-dir.",
            ) from error
        except OSError as error:
            if is_disk_full(error):
                raise disk_full(self._paths.root) from error
            raise AppError(
                f"Cairn cannot take its data folder {self._paths.root} ({error.strerror}).",
                "Give yourself the right to write there, or choose another with --data-dir.",
            ) from error

    def release(self) -> None:
        """Give the folder back. Safe to call twice."""
        self._lock.release()
