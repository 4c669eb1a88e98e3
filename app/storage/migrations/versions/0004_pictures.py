"""Questions come with pictures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the pictures themselves are files in the data folder."""
    op.add_column("messages", sa.Column("pictures", sa.JSON, nullable=True))
