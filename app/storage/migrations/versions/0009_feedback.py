"""Answers have a rating and a correction by the person who read them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; the answers themselves stay as they are."""
    op.add_column("messages", sa.Column("rating", sa.String, nullable=True))
    op.add_column("messages", sa.Column("correction", sa.String, nullable=True))
