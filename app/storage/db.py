"""The SQLite database: one write lane, many readers (WAL). Knows no table."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from app.base.errors import AppError, disk_full, disk_full_explained, is_disk_full
from app.storage.migrate import migrate

__all__ = ["Database", "DatabaseDamaged", "DatabaseTrouble", "Session"]

T = TypeVar("T")

BUSY_TIMEOUT_MS = 5_000
SIDE_FILES_BYTES = 128 * 1024  # more than a write-ahead log and its index begin with
_TROUBLES = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
}


class DatabaseDamaged(AppError):
    """The file is not a database that can be read."""


class DatabaseTrouble(AppError):
    """The system does not let us read or write the file just now."""


class Database:
    """Opened once by bootstrap. Sessions open and close inside one call; rows never leave it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine: Engine | None = None
        self._lane = ThreadPoolExecutor(1, thread_name_prefix="write lane")
        self._on_lane = threading.local()

    def open(self) -> None:
        """Open the file, creating or upgrading it.

        Raises:
            DatabaseTooNew: a newer Cairn wrote it; it is left as it is.
            DatabaseDamaged: it is no database, or a broken one.
            DatabaseTrouble: the system does not let us use it now.
            DiskFull: there is no room for a new database or for the copy made before an upgrade.
        """
        engine = create_engine(f"sqlite:///{self._path}")
        event.listen(engine, "connect", _prepare_connection)
        try:
            with self._explained():
                migrate(engine, self._path)
        except (DatabaseError, sqlite3.DatabaseError) as error:
            engine.dispose()
            raise DatabaseDamaged(
                f"The database {self._path.name} in {self._path.parent} cannot be read.",
                "Move it aside or restore a copy, then start Cairn again.",
            ) from error
        except AppError:
            engine.dispose()
            raise
        self._engine = engine
        self._sessions = sessionmaker(engine, expire_on_commit=False)

    def close(self) -> None:
        """Finish writing and let the file go."""
        self._lane.shutdown(wait=True)
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading, on the calling thread.

        Raises:
            DatabaseTrouble: the file cannot be read now.
        """
        with self._explained(), self._sessions() as session:
            yield session

    def write(self, work: Callable[[Session], T]) -> T:
        """Run `work` as one transaction on the write lane and wait for it.

        Raises:
            DiskFull: nothing was changed.
            DatabaseTrouble: the file cannot be written now; nothing was changed.
        """
        if getattr(self._on_lane, "active", False):
            raise RuntimeError("a write inside a write would wait for itself")
        return self._lane.submit(self._transaction, work).result()

    def _transaction(self, work: Callable[[Session], T]) -> T:
        self._on_lane.active = True
        try:
            with self._explained(), self._sessions.begin() as session:
                return work(session)
        finally:
            self._on_lane.active = False

    @contextmanager
    def _explained(self) -> Iterator[None]:
        folder = self._path.parent
        with disk_full_explained(folder):
            try:
                yield
            except (OperationalError, sqlite3.OperationalError) as error:
                if is_disk_full(error) or not _is_trouble(error):
                    raise
                # Without room for its side files SQLite just says that it cannot open or read.
                if shutil.disk_usage(folder).free < SIDE_FILES_BYTES:
                    raise disk_full(folder) from error
                reason = str(getattr(error, "orig", error))
                raise DatabaseTrouble(
                    f"The database {self._path.name} in {folder} cannot be used now ({reason}).",
                    "Check that the disk is there and that you may write to it, then try again.",
                ) from error


def _is_trouble(error: OperationalError | sqlite3.OperationalError) -> bool:
    """Whether the system refuses, as opposed to a damaged file or a mistake of ours."""
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", 0)
    return code & 0xFF in _TROUBLES


def _prepare_connection(connection: sqlite3.Connection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # FULL: what the user wrote survives a power cut, at one fsync a transaction.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.close()
