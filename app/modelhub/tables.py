"""Rows of the model hub."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
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
