"""Rows of evaluation: suites and their items, runs, what candidates said, and scores."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, UtcDateTime
from app.storage.named import NamedRow


class SuiteRow(NamedRow):
    """A suite."""

    __tablename__ = "eval_suites"

    description: Mapped[str]
    metrics: Mapped[Any] = mapped_column(JSON)


class SuiteVersionRow(Base):
    """A version of a suite: which of its items are in it, the items themselves say."""

    __tablename__ = "eval_versions"

    suite_id: Mapped[int] = mapped_column(
        ForeignKey("eval_suites.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    items: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ItemRow(Base):
    """An item as it was from version `since` on, up to before version `until`.

    An item that is changed makes a new row with the same key and position. `search_text` is what
    a search looks at, folded.
    """

    __tablename__ = "eval_items"
    __table_args__ = (
        Index(
            "uq_eval_items_key", "suite_id", "key", unique=True, sqlite_where=text("until IS NULL")
        ),
        Index("ix_eval_items_position", "suite_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    suite_id: Mapped[int] = mapped_column(ForeignKey("eval_suites.id", ondelete="CASCADE"))
    key: Mapped[str]
    position: Mapped[int]
    since: Mapped[int]
    until: Mapped[int | None]
    digest: Mapped[str]
    has_target: Mapped[bool]
    tags: Mapped[Any] = mapped_column(JSON)
    document: Mapped[Any] = mapped_column(JSON)
    search_text: Mapped[str] = mapped_column(deferred=True)


class RunRow(Base):
    """A run. `suite_id` never loses its suite: one that has runs is not purged."""

    __tablename__ = "eval_runs"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    state: Mapped[str]
    task: Mapped[str]
    suite_id: Mapped[int] = mapped_column(ForeignKey("eval_suites.id"))
    suite_name: Mapped[str]
    suite_number: Mapped[int]
    suite_sha256: Mapped[str]
    items: Mapped[int]
    repeats: Mapped[int]
    seed: Mapped[int]
    baseline: Mapped[int]
    problem: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RunItemRow(Base):
    """An item that a run asks."""

    __tablename__ = "eval_run_items"

    run_id: Mapped[int] = mapped_column(
        ForeignKey("eval_runs.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("eval_items.id"))


class CandidateRow(Base):
    """A candidate of a run. `wall_s` is how long it has been generating."""

    __tablename__ = "eval_candidates"
    __table_args__ = (Index("ix_eval_candidates_prompt", "prompt_id", "prompt_number"),)

    run_id: Mapped[int] = mapped_column(
        ForeignKey("eval_runs.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[Any] = mapped_column(JSON)
    prompt_id: Mapped[int | None]
    prompt_number: Mapped[int | None]
    state: Mapped[str]
    facts: Mapped[Any] = mapped_column(JSON)
    problem: Mapped[str]
    wall_s: Mapped[float]


class RunMetricRow(Base):
    """A metric of a run; `key` is its document in canonical JSON.

    `summary` is what its scores come to, see `runs.summary`.
    """

    __tablename__ = "eval_run_metrics"
    __table_args__ = (UniqueConstraint("run_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("eval_runs.id", ondelete="CASCADE"))
    key: Mapped[str]
    document: Mapped[Any] = mapped_column(JSON)
    label: Mapped[str]
    higher_is_better: Mapped[bool]
    summary: Mapped[Any] = mapped_column(JSON, deferred=True)


class SampleRow(Base):
    """What a candidate made of an item in one repeat; there is one of each.

    `document` is the rest of the entity; `turns` are what was sent. What is summed up over all
    samples of a run has columns of its own, `ttft_s` without waiting in the queue.
    """

    __tablename__ = "eval_samples"
    __table_args__ = (UniqueConstraint("run_id", "position", "candidate", "repeat"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("eval_runs.id", ondelete="CASCADE"))
    candidate: Mapped[int]
    position: Mapped[int]
    repeat: Mapped[int]
    prompt_tokens: Mapped[int]
    output_tokens: Mapped[int]
    ttft_s: Mapped[float]
    per_token_s: Mapped[float]
    total_s: Mapped[float]
    memory_bytes: Mapped[int]
    problem: Mapped[str]
    text: Mapped[str]
    document: Mapped[Any] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    turns: Mapped[Any] = mapped_column(JSON, deferred=True)


class ScoreRow(Base):
    """A sample by a metric; no value is unscored."""

    __tablename__ = "eval_scores"
    __table_args__ = (Index("ix_eval_scores_sample", "sample_id"),)

    metric_id: Mapped[int] = mapped_column(
        ForeignKey("eval_run_metrics.id", ondelete="CASCADE"), primary_key=True
    )
    sample_id: Mapped[int] = mapped_column(
        ForeignKey("eval_samples.id", ondelete="CASCADE"), primary_key=True
    )
    value: Mapped[float | None]
    reason: Mapped[str]
    details: Mapped[Any] = mapped_column(JSON)


class PairingRow(Base):
    """Two candidates of a run that a judge compares.

    `key` is both of them, the smaller number first, and the judge, in canonical JSON.
    """

    __tablename__ = "eval_pairings"
    __table_args__ = (UniqueConstraint("run_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("eval_runs.id", ondelete="CASCADE"))
    key: Mapped[str]
    one: Mapped[int]
    other: Mapped[int]
    judge: Mapped[Any] = mapped_column(JSON)


class PairRow(Base):
    """What a judge found of two answers to an item in one repeat; it is asked once."""

    __tablename__ = "eval_pairs"

    pairing_id: Mapped[int] = mapped_column(
        ForeignKey("eval_pairings.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    repeat: Mapped[int] = mapped_column(primary_key=True)
    preference: Mapped[str]
    reasons: Mapped[Any] = mapped_column(JSON)
    details: Mapped[Any] = mapped_column(JSON)
