"""Prompts: their versions, drafts, labels and tags."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NEVER_CHANGES = """
CREATE TRIGGER prompt_versions_never_change BEFORE UPDATE ON prompt_versions
BEGIN SELECT RAISE(ABORT, 'a version of a prompt never changes'); END
"""
GOES_WITH_ITS_PROMPT = """
CREATE TRIGGER prompt_versions_go_with_their_prompt BEFORE DELETE ON prompt_versions
WHEN EXISTS (SELECT 1 FROM prompts WHERE id = OLD.prompt_id AND deleted_at IS NULL)
BEGIN SELECT RAISE(ABORT, 'a version of a prompt goes only with the prompt'); END
"""


def upgrade() -> None:
    """Create the tables, and the triggers that keep versions as they are."""
    _create_prompts()
    _create_versions()
    _create_labels_and_tags()
    op.execute(NEVER_CHANGES)
    op.execute(GOES_WITH_ITS_PROMPT)


def _create_prompts() -> None:
    op.create_table(
        "prompts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("name_key", sa.String, nullable=False),
        sa.Column("description", sa.String, nullable=False),
        sa.Column("folder", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("updated_at", sa.DateTime, nullable=False),
        sa.Column("deleted_at", sa.DateTime, nullable=True),
        sa.Column("search_text", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_prompts"),
        sqlite_autoincrement=True,  # what refers to a deleted prompt must not find another one
    )
    op.create_index(
        "uq_prompts_name_key",
        "prompts",
        ["name_key"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
    )


def _create_versions() -> None:
    op.create_table(
        "prompt_versions",
        sa.Column("prompt_id", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("parent", sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint("prompt_id", "number", name="pk_prompt_versions"),
        _of_prompt("prompt_versions"),
    )
    op.create_table(
        "prompt_drafts",
        sa.Column("prompt_id", sa.Integer, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("saved_at", sa.DateTime, nullable=False),
        sa.Column("based_on", sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint("prompt_id", name="pk_prompt_drafts"),
        _of_prompt("prompt_drafts"),
    )


def _create_labels_and_tags() -> None:
    op.create_table(
        "prompt_labels",
        sa.Column("prompt_id", sa.Integer, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("prompt_id", "name", name="pk_prompt_labels"),
        sa.ForeignKeyConstraint(
            ["prompt_id", "number"],
            ["prompt_versions.prompt_id", "prompt_versions.number"],
            name="fk_prompt_labels_prompt_id_prompt_versions",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "prompt_tags",
        sa.Column("prompt_id", sa.Integer, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("prompt_id", "key", name="pk_prompt_tags"),
        _of_prompt("prompt_tags"),
    )


def _of_prompt(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_prompt_id_prompts"
    return sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name=name, ondelete="CASCADE")
