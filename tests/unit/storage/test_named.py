from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import MetaData, create_engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.storage import named
from app.storage.base import now
from app.storage.named import NamedRow


class OfThisTest(NamedRow):
    """Keeps its tables out of Cairn's."""

    __abstract__ = True
    metadata = MetaData()


class BoatRow(OfThisTest):
    """Something with a name."""

    __tablename__ = "boats"


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    OfThisTest.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


def add(session: Session, name: str) -> BoatRow:
    row = BoatRow(created_at=now(), updated_at=now())
    row.rename(name)
    session.add(row)
    session.flush()
    return row


def free(session: Session, name: str, longest: int = 20) -> str:
    return named.free_name(session, BoatRow, name, joint=" ", longest=longest)


def test_two_that_are_there_never_share_a_name(session: Session) -> None:
    add(session, "Ada")
    assert named.is_taken(session, BoatRow, "ADA")
    with pytest.raises(IntegrityError):
        add(session, "aDa")


def test_free_name_counts_and_stays_short_enough(session: Session) -> None:
    assert free(session, "Ada") == "Ada"
    add(session, "Ada")
    add(session, "ada 2")
    assert free(session, "Ada") == "Ada 3"
    add(session, "x" * 20)
    assert free(session, "x" * 20) == "x" * 18 + " 2"


def test_deleted_one_is_away_and_comes_back_under_a_name_that_is_free(session: Session) -> None:
    row = add(session, "Ada")
    row.deleted_at = now()
    assert named.row_there(session, BoatRow, row.id) is None
    assert not named.is_taken(session, BoatRow, "Ada")
    add(session, "Ada")
    back = named.restored(session, BoatRow, row.id, joint="-", longest=20)
    assert back is named.row_there(session, BoatRow, row.id)
    assert (row.name, row.name_key) == ("Ada-2", "ada-2")
    assert named.restored(session, BoatRow, 99, joint="-", longest=20) is None


def test_one_that_is_there_keeps_its_name_when_it_is_restored(session: Session) -> None:
    row = add(session, "Ada")
    named.restored(session, BoatRow, row.id, joint="-", longest=20)
    assert row.name == "Ada"


def test_untouched_is_only_a_table_that_never_had_a_row(session: Session) -> None:
    add(session, "first of another table")
    session.rollback()
    assert named.is_untouched(session, BoatRow)
    row = add(session, "Ada")
    session.delete(row)
    session.flush()
    assert not named.is_untouched(session, BoatRow)
