"""Databases of older versions open and keep what is in them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from app.chat import store as chat_store
from app.chat.entities import ConversationId
from app.chat.feedback import Feedback
from app.modelhub import store
from app.storage.db import Database
from app.storage.migrate import MIGRATIONS, revisions


def make(path: Path, revision: str) -> None:
    """Write a database as the version with this schema did."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cairn.db"


def test_first_schema_keeps_its_models_and_gives_them_no_options(path: Path) -> None:
    make(path, "0001")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO models (path, name, size_bytes, architecture, quantization, parameters,"
            " context_length, has_chat_template, added_at)"
            " VALUES ('/m/a.gguf', 'A', 7, 'llama', 'Q4_0', 3, 512, 1, '2026-11-01 00:00:00')"
        )
    database = Database(path)
    database.open()
    with database.read() as session:
        (model,) = store.models(session)
    database.close()
    assert (model.name, model.size_bytes, model.options) == ("A", 7, None)


def test_schema_without_pictures_keeps_its_messages(path: Path) -> None:
    make(path, "0003")
    moment = "2026-11-01 00:00:00"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO conversations VALUES (1, 'Chat', '{}', :moment, :moment)",
            {"moment": moment},
        )
        connection.execute(
            "INSERT INTO messages (conversation_id, role, text, chosen, created_at)"
            " VALUES (1, 'user', 'How long?', 1, :moment)",
            {"moment": moment},
        )
    database = Database(path)
    database.open()
    with database.read() as session:
        (message,) = chat_store.shown_branch(session, ConversationId(1))
        in_use = chat_store.pictures_in_use(session)
    database.close()
    assert (message.text, message.pictures, in_use) == ("How long?", (), frozenset())


def test_schema_without_feedback_keeps_its_answers_which_have_none(path: Path) -> None:
    make(path, "0008")
    moment = "2026-11-01 00:00:00"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO conversations (title, scope, created_at, updated_at)"
            " VALUES ('Chat', '{}', :moment, :moment)",
            {"moment": moment},
        )
        connection.execute(
            "INSERT INTO messages (conversation_id, role, text, chosen, created_at)"
            " VALUES (1, 'assistant', 'Three months.', 1, :moment)",
            {"moment": moment},
        )
    database = Database(path)
    database.open()
    with database.read() as session:
        (message,) = chat_store.shown_branch(session, ConversationId(1))
    database.close()
    assert (message.settled_text, message.feedback) == ("Three months.", Feedback())


def test_upgrade_leaves_a_copy_of_the_old_file(path: Path) -> None:
    make(path, "0001")
    before = path.read_bytes()
    database = Database(path)
    database.open()
    database.close()
    copy = path.with_name(f"cairn.before-{revisions()[-1]}.db")
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
    assert len(copy.read_bytes()) == len(before)
