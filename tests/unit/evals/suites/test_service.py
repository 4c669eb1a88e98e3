"""Suites that are stored: every change a version, nothing lost, undo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.base.changes import Notices
from app.base.errors import NotFound
from app.engine.messages import Role, Turn
from app.evals.entities import Item
from app.evals.errors import BadSuiteName
from app.evals.metrics.metric import MetricError
from app.evals.runs.entities import SuiteId
from app.evals.suites.samples import sample_suites
from app.evals.suites.service import SuiteService
from app.evals.suites.suite import BadItem, Suite, SuiteError, version_of
from app.storage.db import Database


def item(key: str, question: str = "How long?", *tags: str) -> Item:
    return Item(key, (Turn(Role.USER, question),), ("three months",), tags)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "cairn.db")
    database.open()
    yield database
    database.close()


@pytest.fixture
def suites(database: Database) -> SuiteService:
    return SuiteService(database, Notices())


def keys(suites: SuiteService, suite_id: SuiteId, **chosen: Any) -> list[str]:
    return [each.key for each in suites.items(suite_id, **chosen)]


def test_samples_are_there_once_and_stay_away_when_deleted(database: Database):
    suites = SuiteService(database, Notices(), sample_suites)
    assert len(suites.suites()) == 3
    for each in suites.suites():
        suites.delete(each.id)
    suites.purge_deleted()
    assert SuiteService(database, Notices(), sample_suites).suites() == ()


def test_every_change_makes_a_version_named_by_its_content(suites: SuiteService):
    suite = suites.create("Lease", (item("a"), item("b")))
    assert (suite.number, suite.items, suite.sha256) == (1, 2, version_of((item("a"), item("b"))))
    suites.change_item(suite.id, item("a", "How long now?"))
    suites.add_item(suite.id, item("c"))
    suites.remove_items(suite.id, ["b"])
    suites.restore_items(suite.id, ["b"])
    suites.change_item(suite.id, item("a"))
    numbers = [(each.number, each.items) for each in suites.versions(suite.id)]
    assert numbers == [(6, 3), (5, 3), (4, 2), (3, 3), (2, 2), (1, 2)]
    assert suites.get(suite.id).sha256 == version_of(map(item, "abc"))
    assert keys(suites, suite.id) == ["a", "b", "c"]


def test_what_changes_nothing_makes_no_version(suites: SuiteService):
    suite = suites.create("Lease", (item("a"),))
    suites.change_item(suite.id, item("a"))
    suites.add_item(suite.id, item("a"))
    suites.remove_items(suite.id, ["nobody"])
    suites.restore_items(suite.id, ["a", "nobody"])
    assert suites.get(suite.id).number == 1


def test_item_from_chat_gets_a_key_of_its_content(suites: SuiteService):
    suite = suites.create("From chat")
    added = suites.add_item(suite.id, item(""))
    assert added.key.startswith("item-")
    assert suites.add_item(suite.id, item("")) == added
    assert keys(suites, suite.id) == [added.key]


def test_items_added_together_are_one_version_at_the_end(suites: SuiteService):
    suite = suites.create("Lease", (item("a"),))
    added = suites.add_items(suite.id, (item("c"), item(""), item("b"), item("a"), item("c")))
    assert [each.key for each in added] == ["c", added[1].key, "b", "a", "c"]
    assert keys(suites, suite.id) == ["a", "c", added[1].key, "b"]
    assert suites.get(suite.id).number == 2


def test_item_keeps_its_place_under_another_key(suites: SuiteService):
    suite = suites.create("Lease", (item("a"), item("b"), item("c")))
    suites.change_item(suite.id, item("z", "How long now?"), old_key="b")
    assert suites.items(suite.id) == (item("a"), item("z", "How long now?"), item("c"))
    assert suites.get(suite.id).number == 2


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda s, suite: s.add_items(suite, (item("x"), item("a", "Another?"))), SuiteError),
        (lambda s, suite: s.add_items(suite, (item("x"), item("x", "Another?"))), SuiteError),
        (lambda s, suite: s.add_items(suite, (item("x"), item("y", "  "))), BadItem),
        (lambda s, suite: s.change_item(suite, item("x"), old_key="nobody"), NotFound),
        (lambda s, suite: s.change_item(suite, item("a"), old_key="b"), SuiteError),
        (lambda s, suite: s.add_item(suite, item("a", "Another?")), SuiteError),
        (lambda s, suite: s.add_item(suite, item("x", "  ")), BadItem),
        (lambda s, suite: s.change_item(suite, item("nobody")), NotFound),
        (lambda s, _suite: s.create("Twice", (item("a"), item("a"))), SuiteError),
        (lambda s, _suite: s.create("lease"), BadSuiteName),
        (lambda s, _suite: s.create("two\0words"), BadSuiteName),
        (lambda s, _suite: s.create("Odd", metrics=({"metric": "nonsense"},)), MetricError),
        (lambda s, suite: s.change(suite, metrics=({"metric": 1},)), MetricError),
        (lambda s, suite: s.change(suite, name=" "), BadSuiteName),
    ],
)
def test_what_cannot_be_used_is_refused_and_changes_nothing(
    suites: SuiteService, change: Callable[..., object], error: type[Exception]
):
    suite = suites.create("Lease", (item("a"), item("b")))
    with pytest.raises(error):
        change(suites, suite.id)
    assert suites.suites() == (suite,)


def test_imported_suite_takes_a_free_name(suites: SuiteService):
    whole = Suite("Lease", (item("a"),), "About leases.", ({"metric": "contains"},))
    first, second = suites.take_in(whole), suites.take_in(whole)
    assert (first.name, second.name) == ("Lease", "Lease 2")
    assert suites.whole(first.id) == whole


def test_deleted_suite_comes_back_under_a_free_name(suites: SuiteService):
    suite = suites.create("Lease", (item("a"),))
    suites.delete(suite.id)
    with pytest.raises(NotFound):
        suites.items(suite.id) and suites.get(suite.id)
    suites.create("Lease")
    assert suites.restore(suite.id).name == "Lease 2"
    assert keys(suites, suite.id) == ["a"]


def test_items_come_in_pages_searched_and_by_tag(suites: SuiteService):
    items = (item("a", "Über Mieten", "x"), item("b", "Kündigung", "x", "y"), item("c"))
    suite = suites.create("Lease", items)
    assert suites.tags(suite.id) == {"x": 2, "y": 1}
    assert keys(suites, suite.id, tag="x") == ["a", "b"]
    assert keys(suites, suite.id, search="KÜNDIGUNG") == ["b"]
    assert keys(suites, suite.id, search="months", offset=1, limit=1) == ["b"]
    assert suites.count(suite.id, search="months") == 3
    assert suites.get(suite.id).without_targets == 0
