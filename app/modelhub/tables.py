"""Rows of the model hub."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, UtcDateTime


class ModelRow(Base):
    """A GGUF file that was imported; what its header said at that time."""

    __tablename__ = "models"

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(String, unique=True)
    name: Mapped[str]
    size_bytes: Mapped[int]
    architecture: Mapped[str]
    quantization: Mapped[str]
    parameters: Mapped[int]
    context_length: Mapped[int]
    has_chat_template: Mapped[bool]
    sha256: Mapped[str | None]
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    load_options: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class EndpointRow(Base):
    """A model on a server. Its key is in the system's keyring, never here."""

    __tablename__ = "endpoints"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    base_url: Mapped[str]
    model: Mapped[str]
    kind: Mapped[str]
    context_length: Mapped[int]
    allow_plain_http: Mapped[bool]
    key_name: Mapped[str]
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
