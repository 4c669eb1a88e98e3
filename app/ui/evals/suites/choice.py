"""Which item of a suite is chosen: keeps table, editor and what is unsaved in step."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.evals.entities import Item
from app.ui.evals.suites.drafts import ItemKeeper, Place
from app.ui.evals.suites.reading import ItemLook, Opened, read_item
from app.ui.evals.suites.rows import SuiteRows
from app.ui.evals.suites.view import SuiteView
from app.ui.jobs import JobRunner

if TYPE_CHECKING:
    from app.evals.suites.service import SuiteService


class ItemChoice(QObject):
    """Shows the item of the row that a person goes to, and saves what is typed in it."""

    def __init__(
        self,
        jobs: JobRunner,
        keeper: ItemKeeper,
        rows: SuiteRows,
        view: SuiteView,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._jobs, self._keeper, self._rows, self._view = jobs, keeper, rows, view
        self._suites: SuiteService | None = None
        self.place: Place | None = None
        self._is_adding = False  # the item that is shown has no row yet
        self._awaited_row = -1  # was chosen before it was read
        self._freed_row = -1  # where an item was removed; the next one is shown then
        view.table.moved.connect(self._on_row_moved)
        view.editor.edited.connect(self._on_edited)
        keeper.saved.connect(self._on_saved)
        keeper.changed.connect(self.show_state)
        rows.opened.connect(self._on_opened)
        rows.page_taken.connect(self._on_page_taken)

    def attach(self, suites: SuiteService) -> None:
        """The service is there."""
        self._suites = suites

    @property
    def is_waiting(self) -> bool:
        """Whether a row was gone to that is not read yet."""
        return self._awaited_row >= 0

    def show_new(self, item: Item) -> None:
        """Show an item that may have no row yet."""
        assert self._rows.suite_id is not None
        self.place, self._is_adding = Place(self._rows.suite_id, item.key), True
        row = self._rows.items.row_of(item.key)
        self._view.table.choose(-1 if row is None else row)
        self._view.editor.show_item(item)
        self._show_parts()
        self.show_state()

    def show_nothing(self, *, freed_row: int = -1) -> None:
        """Show no item; with a row, what moves up to it once the rows are read again."""
        self.place, self._awaited_row, self._is_adding = None, -1, False
        self._freed_row = freed_row
        self._view.editor.show_item(None)
        self._show_parts()

    def show_state(self) -> None:
        """Say whether the item is saved, and whether others cannot be."""
        elsewhere = [each for each in self._keeper.stuck if each != self.place]
        self._view.show_stuck(elsewhere)
        if self.place is None:
            return
        is_saved = self._keeper.unsaved(self.place) is None
        words = ("" if self._is_adding else "Saved") if is_saved else "Saving…"
        self._view.editor.say(words, self._keeper.problem(self.place))

    def _on_opened(self, opened: Opened, is_fresh: bool) -> None:
        self._view.show_opened(opened)
        if not opened.shown and not self._is_adding:
            self.show_nothing()
        self._show_parts()
        items = self._rows.items
        if self._is_adding:
            items.look(items.rowCount() - 1)  # what is new stands at the end
        elif is_fresh and opened.shown:
            self._view.table.go_to(0)
        elif self._freed_row >= 0 and opened.shown and self.place is None:
            self._awaited_row = min(self._freed_row, opened.shown - 1)
            items.look(self._awaited_row)
        self._freed_row = -1

    def _on_page_taken(self) -> None:
        items, table = self._rows.items, self._view.table
        if self._awaited_row >= 0 and items.is_read(self._awaited_row):
            table.choose(self._awaited_row)
            self._on_row_moved(self._awaited_row)
        if self.place is None or len(table.chosen_rows()) > 1:
            return
        row = items.row_of(self.place.key)  # rows above it may have come or gone
        if row is not None and table.chosen_rows() != (row,):
            self._is_adding = False
            table.choose(row)
            self.show_state()

    def _on_row_moved(self, row: int) -> None:
        self._keeper.flush()
        look = self._rows.items.look(row)
        self._awaited_row = row if look is None else -1
        if look is None or self._rows.suite_id is None or self._suites is None:
            return
        place = Place(self._rows.suite_id, look.key)
        if place == self.place:
            return
        self.place, self._is_adding = place, False
        if (item := self._keeper.unsaved(place)) is not None:
            self._show_item(place, item)
            return
        self._jobs.submit(
            read_item,
            self._suites,
            place.suite,
            self._rows.filter,
            row,
            place.key,
            owner=self,
            done=partial(self._show_item, place),
            failed=self._view.show_problem,
        )

    def _show_item(self, place: Place, item: Item) -> None:
        if place == self.place:
            self._view.editor.show_item(self._keeper.unsaved(place) or item)
            self.show_state()

    def _show_parts(self) -> None:
        opened = self._rows.shown
        has_items = opened is None or opened.suite.items > 0 or self._is_adding
        self._view.show_parts(has_items=has_items)

    def _on_edited(self, item: Item) -> None:
        if self.place is not None:
            self._keeper.touch(self.place.suite, item)
            self._rows.items.replace(ItemLook.of(item))

    def _on_saved(self, place: Place, item: Item) -> None:
        if place.suite == self._rows.suite_id:
            self._rows.items.replace(ItemLook.of(item))
            self._rows.refresh()
