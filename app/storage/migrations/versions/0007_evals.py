"""Evaluation: suites, runs, samples and scores."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _create_suites()
    _create_items()
    _create_runs()
    _create_parts_of_runs()
    _create_samples()


def _create_suites() -> None:
    op.create_table(
        "eval_suites",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("name_key", sa.String, nullable=False),
        sa.Column("description", sa.String, nullable=False),
        sa.Column("metrics", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("updated_at", sa.DateTime, nullable=False),
        sa.Column("deleted_at", sa.DateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_eval_suites"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_eval_suites_name_key",
        "eval_suites",
        ["name_key"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "eval_versions",
        sa.Column("suite_id", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("items", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("suite_id", "number", name="pk_eval_versions"),
        _of("eval_versions", "suite_id", "eval_suites"),
    )


def _create_items() -> None:
    op.create_table(
        "eval_items",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("suite_id", sa.Integer, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("since", sa.Integer, nullable=False),
        sa.Column("until", sa.Integer, nullable=True),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("has_target", sa.Boolean, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("search_text", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_eval_items"),
        _of("eval_items", "suite_id", "eval_suites"),
    )
    op.create_index(
        "uq_eval_items_key",
        "eval_items",
        ["suite_id", "key"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
    )
    op.create_index("ix_eval_items_position", "eval_items", ["suite_id", "position"])


def _create_runs() -> None:
    op.create_table(
        "eval_runs",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("task", sa.String, nullable=False),
        sa.Column("suite_id", sa.Integer, nullable=False),
        sa.Column("suite_name", sa.String, nullable=False),
        sa.Column("suite_number", sa.Integer, nullable=False),
        sa.Column("suite_sha256", sa.String, nullable=False),
        sa.Column("items", sa.Integer, nullable=False),
        sa.Column("repeats", sa.Integer, nullable=False),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("baseline", sa.Integer, nullable=False),
        sa.Column("problem", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("started_at", sa.DateTime, nullable=True),
        sa.Column("ended_at", sa.DateTime, nullable=True),
        sa.Column("deleted_at", sa.DateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_eval_runs"),
        _of("eval_runs", "suite_id", "eval_suites", ondelete=None),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "eval_run_items",
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("item_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "position", name="pk_eval_run_items"),
        _of("eval_run_items", "run_id", "eval_runs"),
        _of("eval_run_items", "item_id", "eval_items", ondelete=None),
    )


def _create_parts_of_runs() -> None:
    op.create_table(
        "eval_candidates",
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("prompt_id", sa.Integer, nullable=True),
        sa.Column("prompt_number", sa.Integer, nullable=True),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("problem", sa.String, nullable=False),
        sa.Column("wall_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "number", name="pk_eval_candidates"),
        _of("eval_candidates", "run_id", "eval_runs"),
    )
    op.create_index("ix_eval_candidates_prompt", "eval_candidates", ["prompt_id", "prompt_number"])
    op.create_table(
        "eval_run_metrics",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("label", sa.String, nullable=False),
        sa.Column("higher_is_better", sa.Boolean, nullable=False),
        sa.Column("summary", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_eval_run_metrics"),
        sa.UniqueConstraint("run_id", "key", name="uq_eval_run_metrics_run_id"),
        _of("eval_run_metrics", "run_id", "eval_runs"),
    )


def _create_samples() -> None:
    op.create_table(
        "eval_samples",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("candidate", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("repeat", sa.Integer, nullable=False),
        sa.Column("prompt_tokens", sa.Integer, nullable=False),
        sa.Column("output_tokens", sa.Integer, nullable=False),
        sa.Column("ttft_s", sa.Double, nullable=False),
        sa.Column("per_token_s", sa.Double, nullable=False),
        sa.Column("total_s", sa.Double, nullable=False),
        sa.Column("memory_bytes", sa.Integer, nullable=False),
        sa.Column("problem", sa.String, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("turns", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_eval_samples"),
        sa.UniqueConstraint(
            "run_id", "position", "candidate", "repeat", name="uq_eval_samples_run_id"
        ),
        _of("eval_samples", "run_id", "eval_runs"),
    )
    op.create_table(
        "eval_scores",
        sa.Column("metric_id", sa.Integer, nullable=False),
        sa.Column("sample_id", sa.Integer, nullable=False),
        sa.Column("value", sa.Double, nullable=True),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("metric_id", "sample_id", name="pk_eval_scores"),
        _of("eval_scores", "metric_id", "eval_run_metrics"),
        _of("eval_scores", "sample_id", "eval_samples"),
    )
    op.create_index("ix_eval_scores_sample", "eval_scores", ["sample_id"])


def _of(
    table: str, column: str, other: str, ondelete: str | None = "CASCADE"
) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{other}"
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)
