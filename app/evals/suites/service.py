"""The use cases of suites: making, importing and editing them, with every version kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from app.base.changes import Notices, Topic
from app.base.errors import NotFound
from app.base.folding import fold
from app.evals.entities import Item
from app.evals.runs.entities import StoredSuite, SuiteId, SuiteVersion
from app.evals.store import items as item_store
from app.evals.store import suites as store
from app.evals.suites.checking import (
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    check_metrics,
    checked_description,
    checked_name,
    checked_suite,
    key_is_taken,
)
from app.evals.suites.suite import (
    MAX_ITEMS,
    Suite,
    SuiteError,
    check_item,
    digest_of,
    made_key,
)
from app.evals.tables import SuiteRow
from app.storage.db import Database, Session
from app.storage.seeding import Seeding

T = TypeVar("T")


class SuiteService:
    """The suites. All that changes one is a single transaction; `NotFound` if it is gone."""

    def __init__(
        self,
        database: Database,
        notices: Notices,
        samples: Callable[[], Iterable[Suite]] = tuple,
    ) -> None:
        """Serve the suites of a database.

        Args:
            samples: what there is to begin with; asked for once, at the first use of a database
                that never held a suite.
        """
        self._database = database
        self._notices = notices
        self._samples = samples
        self._seeding = Seeding(database, SuiteRow, self._seeds)

    def suites(self) -> tuple[StoredSuite, ...]:
        """Every suite by name."""
        return self._read(store.suites)

    def get(self, suite_id: SuiteId) -> StoredSuite:
        """One suite."""
        return self._read(lambda s: store.suite(s, suite_id))

    def find(self, name: str) -> StoredSuite:
        """The suite with this name, whatever the case."""
        return self._read(lambda s: store.by_name(s, name.strip()))

    def create(
        self,
        name: str,
        items: Iterable[Item] = (),
        *,
        description: str = "",
        metrics: Iterable[Mapping[str, Any]] = (),
    ) -> StoredSuite:
        """Begin a suite.

        Raises:
            BadSuiteName: the name or description cannot be used, or another suite has the name.
            SuiteError: an item cannot be used, or two have the same key.
            MetricError: there is no such metric.
        """
        suite = checked_suite(Suite(checked_name(name), tuple(items), description, tuple(metrics)))
        return self.get(self._write(lambda s: _add(s, suite, suite.name)))

    def take_in(self, suite: Suite) -> StoredSuite:
        """Keep a suite that was read from a file, under a free name.

        Raises:
            SuiteError, MetricError: as `create`.
        """
        shown = "".join(each if each.isprintable() else " " for each in suite.name)
        name = " ".join(shown.split())[:LONGEST_NAME] or "Suite"
        short = suite.description[:LONGEST_DESCRIPTION]
        kept = checked_suite(replace(suite, name=name, description=short))

        def work(session: Session) -> SuiteId:
            return _add(session, kept, store.free_name(session, name, LONGEST_NAME))

        return self.get(self._write(work))

    def change(
        self,
        suite_id: SuiteId,
        *,
        name: str | None = None,
        description: str | None = None,
        metrics: Sequence[Mapping[str, Any]] | None = None,
    ) -> StoredSuite:
        """Give a suite another name, description or metrics; None keeps them.

        Raises:
            BadSuiteName, MetricError: as `create`.
        """
        new_name = None if name is None else checked_name(name)
        text = None if description is None else checked_description(description)
        check_metrics(metrics or ())
        return self._change(
            suite_id,
            lambda s: store.change(s, suite_id, name=new_name, description=text, metrics=metrics),
        )

    def delete(self, suite_id: SuiteId) -> None:
        """Take a suite away; its runs stay. `restore` brings it back until a purge."""
        self._write(lambda s: store.mark_deleted(s, suite_id))

    def restore(self, suite_id: SuiteId) -> StoredSuite:
        """Bring a deleted suite back, under another name if its name was taken meanwhile."""
        return self._change(suite_id, lambda s: store.restore(s, suite_id, LONGEST_NAME))

    def purge_deleted(self) -> None:
        """Let go of deleted suites that have no runs for good."""
        self._database.write(store.purge)

    def versions(self, suite_id: SuiteId) -> tuple[SuiteVersion, ...]:
        """Every version, newest first."""
        return self._read(lambda s: store.versions(s, suite_id))

    def tags(self, suite_id: SuiteId) -> Mapping[str, int]:
        """The tags of the items in order, and how many have each."""
        return self._read(lambda s: item_store.tags(s, suite_id))

    def count(self, suite_id: SuiteId, *, search: str = "", tag: str = "") -> int:
        """How many items `items` goes over."""
        return self._read(lambda s: item_store.count_items(s, suite_id, fold(search).split(), tag))

    def items(
        self,
        suite_id: SuiteId,
        *,
        search: str = "",
        tag: str = "",
        offset: int = 0,
        limit: int = 100,
    ) -> tuple[Item, ...]:
        """A page of the newest version's items, in order.

        Args:
            search: only those with all of these words, or parts of words, in key, input, targets
                or tags.
            tag: only those that have it.
            offset, limit: which part of them; a limit of -1 is all of the rest.
        """
        words = fold(search).split()
        return self._read(lambda s: item_store.items(s, suite_id, words, tag, offset, limit))

    def whole(self, suite_id: SuiteId) -> Suite:
        """The newest version with all its items, to be written as a file."""
        found = self.get(suite_id)
        items = self.items(suite_id, limit=-1)
        return Suite(found.name, items, found.description, found.metrics)

    def add_item(self, suite_id: SuiteId, item: Item) -> Item:
        """Add an item, in a new version; an empty key is made from the content.

        Returns:
            The item as it is stored; one that was there already is left as it was.

        Raises:
            SuiteError: it cannot be used, or another item has its key.
        """
        return self.add_items(suite_id, (item,))[0]

    def add_items(self, suite_id: SuiteId, items: Iterable[Item]) -> tuple[Item, ...]:
        """Add items at the end, all or none, in one new version; else as `add_item`.

        Returns:
            Each item as it is stored.
        """
        keyed = tuple(each if each.key else replace(each, key=made_key(each)) for each in items)
        new: dict[str, Item] = {}
        for each in keyed:
            check_item(each)
            if digest_of(new.setdefault(each.key, each)) != digest_of(each):
                raise key_is_taken(each.key)

        def work(session: Session) -> None:
            there = item_store.items_with_keys(session, suite_id, tuple(new))
            for key, row in there.items():
                if row.digest != digest_of(new[key]):
                    raise key_is_taken(key)
            count = item_store.count_items(session, suite_id, (), "")
            if len(there) < len(new) and count + len(new) - len(there) > MAX_ITEMS:
                raise SuiteError(f"A suite has at most {MAX_ITEMS:,} items.", "Begin another one.")
            item_store.add(session, suite_id, tuple(new.values()))

        self._write(work)
        return keyed

    def change_item(self, suite_id: SuiteId, item: Item, *, old_key: str = "") -> None:
        """Put an item in the place of another, in a new version.

        Args:
            suite_id: which suite.
            item: as it is to be.
            old_key: of the one it replaces; empty for the one with the same key.

        Raises:
            SuiteError: it cannot be used, or a third item has its key.
            NotFound: there is no item to replace.
        """
        check_item(item)
        key = old_key or item.key

        def work(session: Session) -> None:
            there = item_store.items_with_keys(session, suite_id, (key, item.key))
            if key not in there:
                raise NotFound(f"The item “{key}” is not there any more.")
            if key != item.key and item.key in there:
                raise key_is_taken(item.key)
            item_store.replace(session, suite_id, there[key], item)

        self._write(work)

    def remove_items(self, suite_id: SuiteId, keys: Sequence[str]) -> None:
        """Take items out, in a new version. `restore_items` puts them back where they were."""
        self._write(lambda s: item_store.take_out(s, suite_id, keys))

    def restore_items(self, suite_id: SuiteId, keys: Sequence[str]) -> None:
        """Put items that were removed back, in a new version; those that are there stay."""
        self._write(lambda s: item_store.bring_back(s, suite_id, keys))

    def _change(self, suite_id: SuiteId, work: Callable[[Session], None]) -> StoredSuite:
        self._write(work)
        return self.get(suite_id)

    def _read(self, work: Callable[[Session], T]) -> T:
        self._seeding.ensure()
        with self._database.read() as session:
            return work(session)

    def _write(self, work: Callable[[Session], T]) -> T:
        self._seeding.ensure()
        done = self._database.write(work)
        self._notices.changed(Topic.EVALS)
        return done

    def _seeds(self) -> Callable[[Session], object]:
        samples = [checked_suite(each) for each in self._samples()]
        return lambda session: [_add(session, each, each.name) for each in samples]


def _add(session: Session, suite: Suite, name: str) -> SuiteId:
    suite_id = store.add(session, name, suite.description, suite.metrics)
    item_store.add(session, suite_id, suite.items)
    return suite_id
