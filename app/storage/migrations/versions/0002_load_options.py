"""Models keep load options of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; without a value the defaults in Settings count."""
    op.add_column("models", sa.Column("load_options", sa.JSON, nullable=True))
