"""Rows of the agents: what they are, what they may do unasked, their runs and the steps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, UtcDateTime
from app.storage.named import NamedRow


class AgentRow(NamedRow):
    """An agent; `data` is all that a person decides but its name."""

    __tablename__ = "agents"

    data: Mapped[Any] = mapped_column(JSON)


class GrantRow(Base):
    """A tool that an agent may use without asking."""

    __tablename__ = "agent_grants"

    agent_id: Mapped[int] = mapped_column(
        ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True
    )
    server: Mapped[str] = mapped_column(primary_key=True)
    tool: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RunRow(Base):
    """A run. It outlives its agent: `data` has the agent as it was."""

    __tablename__ = "agent_runs"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[int | None] = mapped_column(
        ForeignKey("agents.id", ondelete="SET NULL"), index=True
    )
    state: Mapped[str]
    task: Mapped[str]
    data: Mapped[Any] = mapped_column(JSON)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StepRow(Base):
    """A step of a run. `whole` is the whole result of a tool, where `detail` has only a part."""

    __tablename__ = "agent_steps"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("agent_runs.id", ondelete="CASCADE"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("agent_steps.id", ondelete="CASCADE"))
    kind: Mapped[str]
    detail: Mapped[Any] = mapped_column(JSON)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seconds: Mapped[float | None] = mapped_column(Float)
    whole: Mapped[str | None] = mapped_column(String, deferred=True)
