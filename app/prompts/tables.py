"""Rows of the prompts: names, versions, drafts, labels and tags."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, UtcDateTime
from app.storage.named import NamedRow


class PromptRow(NamedRow):
    """A prompt; `search_text` is all that a search looks at, folded."""

    __tablename__ = "prompts"

    description: Mapped[str]
    folder: Mapped[str]
    search_text: Mapped[str] = mapped_column(default="", deferred=True)


class VersionRow(Base):
    """A kept version. Triggers refuse to change it, or to delete it without its prompt."""

    __tablename__ = "prompt_versions"

    prompt_id: Mapped[int] = mapped_column(
        ForeignKey("prompts.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[Any] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    note: Mapped[str]
    parent: Mapped[int | None]


class DraftRow(Base):
    """What is being written of a prompt."""

    __tablename__ = "prompt_drafts"

    prompt_id: Mapped[int] = mapped_column(
        ForeignKey("prompts.id", ondelete="CASCADE"), primary_key=True
    )
    content: Mapped[Any] = mapped_column(JSON)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    based_on: Mapped[int | None]


class LabelRow(Base):
    """A folded label and the version it is on."""

    __tablename__ = "prompt_labels"
    __table_args__ = (
        ForeignKeyConstraint(
            ["prompt_id", "number"],
            ["prompt_versions.prompt_id", "prompt_versions.number"],
            ondelete="CASCADE",
        ),
    )

    prompt_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]


class TagRow(Base):
    """A tag of a prompt; `key` is folded."""

    __tablename__ = "prompt_tags"

    prompt_id: Mapped[int] = mapped_column(
        ForeignKey("prompts.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
