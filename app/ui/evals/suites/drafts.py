"""Saves the items of suites as they are typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.base.errors import AppError, NotFound
from app.evals.entities import Item
from app.evals.runs.entities import SuiteId
from app.ui.forms.typed_keeper import TypedKeeper
from app.ui.jobs import JobRunner

if TYPE_CHECKING:
    from app.evals.suites.service import SuiteService

SAVE_AFTER_MS = 900  # each save is a version of the suite, so not at every letter


@dataclass(frozen=True, slots=True)
class Place:
    """An item, by its suite and its key."""

    suite: SuiteId
    key: str


class ItemKeeper(TypedKeeper[Place, Item]):
    """Holds what was typed until it is stored. What waits for that goes on even if it cannot be.

    Signals:
        saved: the `Place` and the `Item` as stored.
    """

    saved = Signal(object, object)

    def __init__(self, jobs: JobRunner, parent: QObject) -> None:
        super().__init__(jobs, parent, SAVE_AFTER_MS)
        self._suites: SuiteService | None = None

    def attach(self, suites: SuiteService) -> None:
        """The service is there."""
        self._suites = suites

    def touch(self, suite_id: SuiteId, item: Item) -> None:
        """This was typed; it is saved after a rest."""
        place = Place(suite_id, item.key)
        self._stuck.pop(place, None)
        self._hold(place, item)

    def _save(self, key: Place, typed: Item) -> None:
        assert self._suites is not None  # nothing is typed before it is there
        try:
            self._suites.change_item(key.suite, typed)
        except NotFound:  # it is new
            self._suites.add_item(key.suite, typed)

    def _tell_saved(self, key: Place, typed: Item, _kept: object) -> None:
        self.saved.emit(key, typed)

    def _tell_failed(self, key: Place, typed: Item, error: AppError) -> None:
        if self._unsaved.get(key) is typed:
            self._stuck[key] = error
