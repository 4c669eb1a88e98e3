"""Evaluation: candidates of a run compared in pairs by a judge."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "eval_pairings",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("one", sa.Integer, nullable=False),
        sa.Column("other", sa.Integer, nullable=False),
        sa.Column("judge", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_eval_pairings"),
        sa.UniqueConstraint("run_id", "key", name="uq_eval_pairings_run_id"),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["eval_runs.id"],
            name="fk_eval_pairings_run_id_eval_runs",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "eval_pairs",
        sa.Column("pairing_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("repeat", sa.Integer, nullable=False),
        sa.Column("preference", sa.String, nullable=False),
        sa.Column("reasons", sa.JSON, nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("pairing_id", "position", "repeat", name="pk_eval_pairs"),
        sa.ForeignKeyConstraint(
            ["pairing_id"],
            ["eval_pairings.id"],
            name="fk_eval_pairs_pairing_id_eval_pairings",
            ondelete="CASCADE",
        ),
    )
