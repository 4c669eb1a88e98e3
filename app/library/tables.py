"""Rows of the library: documents and collections. Chunks live in LanceDB."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, UtcDateTime


class CollectionRow(Base):
    """A named group of documents."""

    __tablename__ = "collections"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String, unique=True)


class DocumentRow(Base):
    """A file and how far it is on its way into the index: this row is the durable job.

    `crashes` counts how often the library child died on it, so that one file cannot do that for
    ever. `modified_ns` tells whether the file changed since it was indexed.
    """

    __tablename__ = "documents"
    __table_args__ = (Index("ix_documents_content", "content"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(String, unique=True)
    title: Mapped[str]
    kind: Mapped[str | None]
    status: Mapped[str] = mapped_column(index=True)
    size_bytes: Mapped[int]
    modified_ns: Mapped[int]
    content: Mapped[str | None]
    reason: Mapped[str] = mapped_column(default="")
    hint: Mapped[str] = mapped_column(default="")
    pages: Mapped[int] = mapped_column(default=0)
    chunks: Mapped[int] = mapped_column(default=0)
    crashes: Mapped[int] = mapped_column(default=0)
    collection_id: Mapped[int | None] = mapped_column(
        ForeignKey("collections.id", ondelete="SET NULL"), index=True
    )
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
