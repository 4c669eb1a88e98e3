from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from app.base.paths import DataPaths
from app.engine.messages import Role
from app.prompts import store
from app.prompts.entities import Content, Part, PromptId
from app.prompts.tables import PromptRow
from app.storage.base import Base
from app.storage.db import Database, Session


def content(text: str) -> Content:
    return Content((Part(Role.USER, text),))


@pytest.fixture
def database(data_paths: DataPaths) -> Iterator[Database]:
    database = Database(data_paths.database)
    database.open()
    yield database
    database.close()


@pytest.fixture
def prompt_id(database: Database) -> PromptId:
    """A prompt with one version."""

    def work(session: Session) -> PromptId:
        made = store.add(session, "summary", "", "")
        store.keep(session, made, content("first"), "", None)
        return made

    return database.write(work)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE prompt_versions SET note = 'other'", "never changes"),
        ("UPDATE prompt_versions SET number = 2", "never changes"),
        ("DELETE FROM prompt_versions", "goes only with the prompt"),
        (
            "INSERT INTO prompts SELECT 99, name, name_key, '', '', created_at, updated_at,"
            " NULL, '' FROM prompts",
            "UNIQUE",
        ),
    ],
)
def test_database_itself_refuses_to_break_the_rules(
    data_paths: DataPaths, prompt_id: PromptId, statement: str, message: str
) -> None:
    with (
        closing(sqlite3.connect(data_paths.database)) as connection,
        pytest.raises(sqlite3.IntegrityError, match=message),
    ):
        connection.execute(statement)


def test_versions_of_two_writers_have_numbers_without_gaps(
    database: Database, data_paths: DataPaths, prompt_id: PromptId
) -> None:
    other = Database(data_paths.database)
    other.open()

    def write(text: str) -> int:
        writer = database if text < "10" else other
        return writer.write(lambda s: store.keep(s, prompt_id, content(text), "", None)).number

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(write, map(str, range(20))))
    other.close()
    assert sorted(numbers) == list(range(2, 22))
    with database.read() as session:
        assert [each.number for each in store.versions(session, prompt_id)] == list(
            range(21, 0, -1)
        )


def test_failure_while_a_version_is_kept_leaves_the_draft(
    database: Database, prompt_id: PromptId
) -> None:
    database.write(lambda s: store.save_draft(s, prompt_id, content("second")))

    def work(session: Session) -> None:
        store.keep_draft(session, prompt_id, "")
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        database.write(work)
    with database.read() as session:
        found = store.prompt(session, prompt_id)
    assert (found.latest, found.has_draft) == (1, True)


def test_purge_takes_deleted_prompts_with_all_they_had_and_no_others(
    database: Database, data_paths: DataPaths, prompt_id: PromptId
) -> None:
    def work(session: Session) -> None:
        store.set_label(session, prompt_id, "production", 1)
        store.set_tags(session, prompt_id, {"a": "A"})
        store.save_draft(session, prompt_id, content("draft"))
        store.mark_deleted(session, prompt_id)
        store.keep(session, store.add(session, "other", "", ""), content("x"), "", None)
        store.purge(session)

    database.write(work)
    with closing(sqlite3.connect(data_paths.database)) as connection:
        left = {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in Base.metadata.tables
            if table.startswith("prompt")
        }
    assert left == {
        "prompts": 1,
        "prompt_versions": 1,
        "prompt_drafts": 0,
        "prompt_labels": 0,
        "prompt_tags": 0,
    }


def test_id_of_a_purged_prompt_is_not_used_again(database: Database, prompt_id: PromptId) -> None:
    def work(session: Session) -> PromptId:
        store.mark_deleted(session, prompt_id)
        store.purge(session)
        return store.add(session, "summary", "", "")

    assert database.write(work) > prompt_id


def test_saving_the_same_draft_writes_nothing(database: Database, prompt_id: PromptId) -> None:
    database.write(lambda s: store.save_draft(s, prompt_id, content("second")))

    def work(session: Session) -> tuple[bool, bool]:
        is_other = store.save_draft(session, prompt_id, content("second"))
        return is_other, session.is_modified(session.get_one(PromptRow, prompt_id))

    assert database.write(work) == (False, False)
