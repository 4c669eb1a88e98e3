"""Rows that a person gives a name to. A deleted one can come back until it is purged."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Index, select, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from app.base.folding import fold
from app.storage.base import Base, UtcDateTime
from app.storage.db import Session


class NamedRow(Base):
    """What they have in common. Ids are never used twice.

    Attributes:
        name_key: the folded name; of rows that are not deleted each has its own.
    """

    __abstract__ = True

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        index = Index(
            f"uq_{cls.__tablename__}_name_key",
            "name_key",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
        )
        return index, {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_key: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def rename(self, name: str) -> None:
        """Call it something else; the name must be free."""
        self.name, self.name_key = name, fold(name)


Row = TypeVar("Row", bound=NamedRow)


def row_there(session: Session, kind: type[Row], row_id: int) -> Row | None:
    """The row, unless it is deleted."""
    row = session.get(kind, row_id)
    return None if row is None or row.deleted_at is not None else row


def is_taken(session: Session, kind: type[NamedRow], name: str) -> bool:
    """Whether a row that is not deleted has the name, whatever the case."""
    query = select(kind.id).where(kind.name_key == fold(name), kind.deleted_at.is_(None))
    return session.scalar(query) is not None


def free_name(
    session: Session, kind: type[NamedRow], name: str, *, joint: str, longest: int
) -> str:
    """The name, or the first of "name 2", "name 3", … that is free.

    Args:
        session: reads.
        kind: of rows.
        name: wanted.
        joint: between the name and the number.
        longest: characters; the name is cut for its number.
    """
    tried, number = name, 1
    while is_taken(session, kind, tried):
        number += 1
        ending = f"{joint}{number}"
        tried = name[: longest - len(ending)] + ending
    return tried


def restored(
    session: Session, kind: type[Row], row_id: int, *, joint: str, longest: int
) -> Row | None:
    """A row that is no longer deleted, under another name if its own was taken meanwhile.

    None if it was purged. For the arguments see `free_name`.
    """
    row = session.get(kind, row_id)
    if row is not None and row.deleted_at is not None:
        row.rename(free_name(session, kind, row.name, joint=joint, longest=longest))
        row.deleted_at = None
    return row


def is_untouched(session: Session, kind: type[NamedRow]) -> bool:
    """Whether there never was a row, not even one that is deleted by now."""
    # SQLite makes this table with the first one that counts its rows, and a row with the first id.
    last = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
    return session.scalar(last, {"table": kind.__tablename__}) is None
