"""Rows of the chat: conversations and their message trees."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, deferred, mapped_column

from app.storage.base import Base, UtcDateTime


class ConversationRow(Base):
    """A chat. `scope` holds collection and document ids.

    `persona` is the prompt it is answered by, as it was filled in.
    """

    __tablename__ = "conversations"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    scope: Mapped[dict[str, list[int]]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    persona: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)


class MessageRow(Base):
    """A node of the tree. Of siblings exactly one is `chosen`: it is on the shown branch.

    `pictures` lists those of a question; their bytes are files in the data folder. `prompt` is the
    one a question was written with, as it was filled in.
    `rating` and `correction` are a person's feedback on an answer, whose `text` stays as it was.
    `turns` is what was sent to the model: turns and passages, word for word. It is large and rarely
    wanted, so it is loaded only when asked for.
    """

    __tablename__ = "messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), index=True
    )
    role: Mapped[str]
    text: Mapped[str]
    chosen: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    record: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    pictures: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    prompt: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    rating: Mapped[str | None]
    correction: Mapped[str | None]
    turns: Mapped[Any] = deferred(mapped_column(JSON, nullable=True))
