"""Prompts in chat: a conversation has a persona, a question was written with a prompt."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; both keep what the prompt said, so that it may be deleted."""
    op.add_column("conversations", sa.Column("persona", sa.JSON, nullable=True))
    op.add_column("messages", sa.Column("prompt", sa.JSON, nullable=True))
