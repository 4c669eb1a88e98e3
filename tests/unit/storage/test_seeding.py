from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select

from app.base.errors import AppError
from app.evals.tables import SuiteRow
from app.storage.base import now
from app.storage.db import Database, Session
from app.storage.seeding import Seeding

WAIT_S = 10.0


def opened(path: Path) -> Iterator[Database]:
    database = Database(path)
    database.open()
    yield database
    database.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    yield from opened(tmp_path / "cairn.db")


@pytest.fixture
def of_another(database: Database, tmp_path: Path) -> Iterator[Database]:
    """The same file, as another process has it open."""
    yield from opened(tmp_path / "cairn.db")


def add(session: Session, name: str) -> SuiteRow:
    row = SuiteRow(description="", metrics=[], created_at=now(), updated_at=now())
    row.rename(name)
    session.add(row)
    session.flush()
    return row


def names(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(SuiteRow.name).order_by(SuiteRow.id)))


def two_suites() -> Callable[[Session], object]:
    return lambda session: [add(session, name) for name in ("Ada", "Bea")]


def test_new_database_gets_its_rows_once(database: Database) -> None:
    seeding = Seeding(database, SuiteRow, two_suites)
    seeding.ensure()
    seeding.ensure()
    Seeding(database, SuiteRow, two_suites).ensure()
    assert names(database) == ["Ada", "Bea"]


def test_nothing_comes_back_once_everything_was_deleted(database: Database) -> None:
    Seeding(database, SuiteRow, two_suites).ensure()
    database.write(lambda s: s.execute(delete(SuiteRow)))
    Seeding(database, SuiteRow, two_suites).ensure()
    assert names(database) == []


def test_thread_that_comes_meanwhile_sees_the_rows(database: Database) -> None:
    is_preparing, may_go_on = threading.Event(), threading.Event()

    def slow() -> Callable[[Session], object]:
        is_preparing.set()
        assert may_go_on.wait(WAIT_S)
        return two_suites()

    seeding = Seeding(database, SuiteRow, slow)

    def look() -> list[str]:
        seeding.ensure()
        return names(database)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(look)
        assert is_preparing.wait(WAIT_S)
        second = pool.submit(look)
        may_go_on.set()
        assert first.result(WAIT_S) == second.result(WAIT_S) == ["Ada", "Bea"]


def test_of_two_processes_one_writes(database: Database, of_another: Database) -> None:
    def while_the_other_does() -> Callable[[Session], object]:
        Seeding(of_another, SuiteRow, two_suites).ensure()
        return two_suites()

    Seeding(database, SuiteRow, while_the_other_does).ensure()
    assert names(database) == ["Ada", "Bea"]


def test_what_fails_is_said_once_and_leaves_nothing(database: Database) -> None:
    def broken() -> Callable[[Session], object]:
        def write(session: Session) -> None:
            add(session, "Ada")
            raise AppError("Something is wrong with Bea.")

        return write

    seeding = Seeding(database, SuiteRow, broken)
    with pytest.raises(AppError):
        seeding.ensure()
    seeding.ensure()
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(SuiteRow)) == 0
