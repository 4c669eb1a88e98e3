"""What a test case begins with, before a person has looked at it, and how it gets into a suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from app.engine.messages import Turn
from app.evals.entities import Item
from app.evals.runs.entities import StoredSuite, SuiteId
from app.evals.suites.suite import made_key

if TYPE_CHECKING:
    from app.evals.suites.service import SuiteService


OWN_SUITE = "My test cases"


@dataclass(frozen=True, slots=True)
class CaseDraft:
    """A test case to be.

    Attributes:
        turns: what is asked; the last turn is the question.
        keeps_earlier: the turns before the question belong to it unless a person says otherwise.
        note: a word on what is not in it, for the person; empty for none.
    """

    turns: tuple[Turn, ...]
    targets: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    keeps_earlier: bool = False
    note: str = ""

    @property
    def item(self) -> Item:
        """What it becomes as it is, still without a key."""
        turns = self.turns if self.keeps_earlier else self.turns[-1:]
        return Item("", turns, self.targets, self.tags, self.metadata)

    @classmethod
    def of(cls, item: Item) -> CaseDraft:
        """An item as it came of a trial or an agent's run, with all of its turns."""
        return cls(item.input, item.targets, item.tags, item.metadata, keeps_earlier=True)


@dataclass(frozen=True, slots=True)
class SavedCase:
    """What came of saving a test case.

    Attributes:
        began_suite: the suite was made for it.
        was_there: the suite had it already, so nothing was changed.
    """

    suite: StoredSuite
    key: str
    began_suite: bool = False
    was_there: bool = False


def place_of(suites: SuiteService, last: SuiteId | None) -> SuiteId | str:
    """Where a test case goes unasked: the last suite that was chosen, else one of one's own."""
    known = suites.suites()
    own = [each.id for each in known if each.name.casefold() == OWN_SUITE.casefold()]
    if last is not None and any(each.id == last for each in known):
        return last
    return own[0] if own else OWN_SUITE


def save_case(suites: SuiteService, place: SuiteId | str, item: Item) -> SavedCase:
    """Put an item into a suite. Blocks: for a job.

    Args:
        suites: the service.
        place: a suite, or the name of one that is begun with it.
        item: its key is made from what is in it.

    Raises:
        SuiteError, BadSuiteName: it cannot be used.
        NotFound: the suite is gone.
    """
    item = replace(item, key=made_key(item))
    if isinstance(place, str):
        return SavedCase(suites.create(place, (item,)), item.key, began_suite=True)
    before = suites.get(place)
    suites.add_item(place, item)
    after = suites.get(place)
    return SavedCase(after, item.key, was_there=before.sha256 == after.sha256)


def take_back(suites: SuiteService, saved: SavedCase) -> None:
    """Undo `save_case`. Blocks: for a job."""
    if saved.began_suite and suites.get(saved.suite.id).items == 1:
        suites.delete(saved.suite.id)
    else:
        suites.remove_items(saved.suite.id, [saved.key])
