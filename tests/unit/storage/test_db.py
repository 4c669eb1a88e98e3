from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

import app.agents.tables
import app.chat.tables
import app.evals.tables
import app.library.tables
import app.modelhub.tables
import app.prompts.tables  # noqa: F401 - the tables register themselves
from app.base.errors import DatabaseTooNew, DiskFull
from app.storage.base import Base
from app.storage.db import Database, DatabaseDamaged, DatabaseTrouble
from app.storage.migrate import revisions


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cairn.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    database = Database(path)
    database.open()
    yield database
    database.close()


def add_collection(name: str):
    def work(session) -> None:
        session.execute(text("INSERT INTO collections (name) VALUES (:name)"), {"name": name})

    return work


def names(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(text("SELECT name FROM collections ORDER BY id")))


def test_migrations_make_exactly_the_tables_of_the_code(database: Database, path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


def test_failed_write_leaves_nothing(database: Database) -> None:
    def work(session) -> None:
        add_collection("half")(session)
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        database.write(work)
    assert names(database) == []


def test_writes_from_many_threads_run_one_after_the_other(database: Database) -> None:
    inside: list[str] = []
    overlaps: list[str] = []

    def work(session) -> None:
        if inside:
            overlaps.append("two at once")
        inside.append(threading.current_thread().name)
        add_collection(f"c{len(names(database))}-{threading.get_ident()}")(session)
        inside.pop()

    threads = [threading.Thread(target=lambda: database.write(work)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overlaps == []
    assert len(names(database)) == 8


def test_reading_goes_on_during_a_write(database: Database) -> None:
    database.write(add_collection("before"))
    seen: list[list[str]] = []

    def work(session) -> None:
        add_collection("during")(session)
        session.flush()
        reader = threading.Thread(target=lambda: seen.append(names(database)))
        reader.start()
        reader.join()

    database.write(work)
    assert seen == [["before"]]
    assert names(database) == ["before", "during"]


def test_write_inside_a_write_is_a_bug_not_a_hang(database: Database) -> None:
    with pytest.raises(RuntimeError, match="wait for itself"):
        database.write(lambda _session: database.write(add_collection("x")))


def test_newer_database_is_refused_and_not_changed(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    before = path.read_bytes()
    with pytest.raises(DatabaseTooNew, match="newer Cairn"):
        Database(path).open()
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_file_that_is_no_database_is_refused_and_not_changed(path: Path) -> None:
    path.write_bytes(b"this is not a database, but it may be somebody's only copy " * 100)
    before = path.read_bytes()
    with pytest.raises(DatabaseDamaged):
        Database(path).open()
    assert path.read_bytes() == before


def test_upgrade_keeps_a_copy_first(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
    database = Database(path)
    database.open()
    database.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (
            revisions()[-1],
        )


def test_full_disk_is_explained_and_nothing_changed(database: Database) -> None:
    database.write(add_collection("kept"))

    def work(session) -> None:
        add_collection("lost")(session)
        raise OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))

    with pytest.raises(DiskFull):
        database.write(work)
    assert names(database) == ["kept"]


def test_database_that_may_not_be_written_is_explained_and_still_read(database: Database) -> None:
    database.write(add_collection("kept"))

    def work(session) -> None:
        session.execute(text("PRAGMA query_only = ON"))
        try:
            add_collection("lost")(session)
        finally:
            session.execute(text("PRAGMA query_only = OFF"))

    with pytest.raises(DatabaseTrouble, match="readonly database"):
        database.write(work)
    assert names(database) == ["kept"]


def test_database_that_cannot_be_opened_is_not_called_damaged(path: Path) -> None:
    path.mkdir()
    with pytest.raises(DatabaseTrouble, match="cannot be used now"):
        Database(path).open()


def test_start_on_a_full_disk_is_explained(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.mkdir()  # SQLite says the same of side files that do not fit: it cannot open
    usage = shutil.disk_usage(path.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage._replace(free=0))
    with pytest.raises(DiskFull):
        Database(path).open()


KILLED_WRITER = """
import os, sys
from pathlib import Path
from sqlalchemy import text
from app.storage.db import Database
database = Database(Path(sys.argv[1]))
database.open()
database.write(lambda s: s.execute(text("INSERT INTO collections (name) VALUES ('committed')")))
def half(session):
    session.execute(text("INSERT INTO collections (name) VALUES ('half')"))
    os._exit(9)
database.write(half)
"""


def test_kill_in_the_middle_of_a_write_keeps_what_was_committed(path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED_WRITER, str(path)], check=False)
    assert ended.returncode == 9
    database = Database(path)
    database.open()
    assert names(database) == ["committed"]
    database.close()
    assert os.access(path, os.W_OK)
