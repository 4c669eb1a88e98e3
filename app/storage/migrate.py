"""Brings a database to the present schema with Alembic, after making a copy of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine

from app.base.errors import DatabaseTooNew

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(engine: Engine, path: Path) -> None:
    """Upgrade to the newest revision; does nothing when the database is up to date.

    Raises:
        DatabaseTooNew: the database has a revision that this version does not know.
    """
    known = revisions()
    found = _revision_of(path)
    if found == known[-1]:
        return
    if found is not None and found not in known:
        raise DatabaseTooNew(
            f"The data in {path.parent} was written by a newer Cairn (schema {found}).",
            "Start that version, or choose another folder with --data-dir. Nothing was changed.",
        )
    if found is not None:
        _copy(path, path.with_name(f"{path.stem}.before-{known[-1]}{path.suffix}"))
    _upgrade(engine)


def revisions() -> tuple[str, ...]:
    """Every revision this version knows, oldest first: file names are ``0001_words.py``."""
    return tuple(sorted(each.name[:4] for each in (MIGRATIONS / "versions").glob("[0-9]*.py")))


def _revision_of(path: Path) -> str | None:
    if not path.exists() or path.stat().st_size == 0:
        return None
    # Read-only, so that a database from a newer version is not even touched by a journal.
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        known = connection.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
        ).fetchone()
        if known is None:
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None


def _copy(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(source)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)


def _upgrade(engine: Engine) -> None:
    # Alembic is only needed when there is something to upgrade; it costs start-up time.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        # sqlite3 opens transactions for row changes only; this makes the upgrade all or nothing.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
