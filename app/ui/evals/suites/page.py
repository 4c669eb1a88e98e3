"""The page of one suite: its items in a table, and beside it the editor of the chosen one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from app.base.errors import AppError
from app.evals.entities import Item
from app.evals.runs.entities import StoredSuite, SuiteId
from app.ui.evals.suites.actions import SuiteActions
from app.ui.evals.suites.choice import ItemChoice
from app.ui.evals.suites.drafts import ItemKeeper, Place
from app.ui.evals.suites.reading import (
    ItemFilter,
    blank_item,
    copied,
    rekey,
)
from app.ui.evals.suites.rows import SuiteRows
from app.ui.evals.suites.settings import SuiteSettings
from app.ui.evals.suites.view import SuiteView
from app.ui.pane import PaneContext

if TYPE_CHECKING:
    from app.bootstrap import Services

_SEARCH_AFTER_MS = 250


class SuitePage(QWidget):
    """Shows and edits a suite. What is typed is saved by itself.

    Signals:
        run_requested: the id of the suite that shall be run.
        closed: a person wants to go back.
    """

    run_requested = Signal(int)
    closed = Signal()

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._services: Services | None = None
        self.keeper = ItemKeeper(context.jobs, self)
        self.rows = SuiteRows(context.jobs, self)
        self.view = SuiteView(context, self.rows.items, self)
        self.choice = ItemChoice(context.jobs, self.keeper, self.rows, self.view, self)
        self.doing = SuiteActions(context, self.keeper, self)
        self.settings = SuiteSettings(context, self)
        self._search_timer = QTimer(self, singleShot=True, interval=_SEARCH_AFTER_MS)
        self._connect()

    def attach(self, services: Services) -> None:
        """The services are there."""
        self._services = services
        self.keeper.attach(services.evals.suites)
        self.rows.attach(services.evals.suites)
        self.choice.attach(services.evals.suites)

    def show_suite(self, suite_id: SuiteId) -> None:
        """Show a suite from its beginning."""
        self.keeper.flush()
        self.view.filter.reset()
        self.view.clear_problems()
        self.choice.show_nothing()
        self.rows.show(suite_id, ItemFilter())

    def refresh(self) -> None:
        """Something was written: show the suite as it is now. Keeps the place."""
        self.rows.refresh()

    @property
    def is_busy(self) -> bool:
        """Whether something is being read or saved."""
        return self.rows.is_busy or self.keeper.is_busy or self.choice.is_waiting

    def unsaved_question(self) -> str | None:
        """What to ask before the window closes; None where all that was typed is stored now."""
        try:
            self.keeper.save_now()
        except AppError:
            return "An item cannot be saved as it is. Close, and lose what was changed in it?"
        return None

    def _connect(self) -> None:
        view, header, editor = self.view, self.view.header, self.view.editor
        header.back_requested.connect(self._on_back_requested)
        header.run_requested.connect(self._on_run_requested)
        header.metrics_requested.connect(partial(self._with_suite, self.settings.edit_metrics))
        header.details_requested.connect(partial(self._with_suite, self.settings.edit_details))
        header.versions_requested.connect(partial(self._with_suite, self.settings.show_versions))
        header.export_requested.connect(partial(self._with_suite, self.doing.export))
        for part in (header, view):
            part.add_requested.connect(self.add_item)
            part.paste_requested.connect(self.paste)
        view.removal_requested.connect(self.remove_chosen)
        view.filter.changed.connect(self._search_timer.start)
        view.stuck_wanted.connect(self._go_back_to)
        self._search_timer.timeout.connect(self._on_filter_rested)
        editor.key_edited.connect(self._on_key_edited)
        editor.duplicate_requested.connect(self.duplicate)
        editor.remove_requested.connect(self.remove_shown)
        self.rows.failed.connect(view.show_problem)
        for each in (self.doing, self.settings):
            each.changed.connect(partial(self.rows.refresh, now=True))
            each.failed.connect(view.show_problem)

    def _go_back_to(self, place: Place) -> None:
        """Show an item that cannot be saved."""
        item = self.keeper.unsaved(place)
        if item is None:
            return
        if place.suite != self.rows.suite_id:
            self.show_suite(place.suite)
        self._let_all_through()
        self.choice.show_new(item)

    def _on_key_edited(self, key: str) -> None:
        item, place = self.view.editor.item, self.choice.place
        if item is None or place is None or self._services is None:
            return

        def done(new: Item) -> None:
            self.keeper.forget(place)
            if self.choice.place == place:
                self.choice.show_new(new)
            self.rows.refresh(now=True)

        work = partial(rekey, self._services.evals.suites, place.suite, item, key)
        self.keeper.then(work, done, self.view.editor.refuse_key)

    # Doing.

    def add_item(self) -> None:
        """Begin an item; it is stored once something is asked in it."""
        if self.rows.suite_id is not None:
            self.keeper.flush()
            self._let_all_through()
            self.choice.show_new(blank_item())
            self.view.editor.focus_question()

    def duplicate(self) -> None:
        """Copy the item that is shown, to the end."""
        item = self.view.editor.item
        if item is not None and self.rows.suite_id is not None:
            self._let_all_through()
            copy = copied(item)
            self.choice.show_new(copy)
            self.keeper.touch(self.rows.suite_id, copy)
            self.keeper.flush()

    def remove_shown(self) -> None:
        """Take out the item that is shown."""
        if (place := self.choice.place) is None:
            return
        row = self.rows.items.row_of(place.key)
        if row is not None:
            self._remove([(row, place.key)])
        else:  # it was never stored
            self.keeper.forget(place)
            self.choice.show_nothing()

    def remove_chosen(self) -> None:
        """Take out the items that are selected in the table."""
        looks = [(row, self.rows.items.look(row)) for row in self.view.table.chosen_rows()]
        self._remove([(row, "" if look is None else look.key) for row, look in looks])

    def paste(self) -> None:
        """Make items of the rows on the clipboard."""
        if self._services is not None and self.rows.suite_id is not None:
            self._let_all_through()
            text = QGuiApplication.clipboard().text()
            self.doing.paste(self._services.evals.suites, self.rows.suite_id, text)

    def _remove(self, rows: list[tuple[int, str]]) -> None:
        suite_id = self.rows.suite_id
        if self._services is None or suite_id is None or not rows:
            return
        for place in [Place(suite_id, key) for _row, key in rows]:
            if self.keeper.problem(place) is not None:
                self.keeper.forget(place)  # what cannot be saved goes with it
        self.doing.remove(self._services.evals.suites, suite_id, self.rows.filter, rows)
        self.choice.show_nothing(freed_row=rows[0][0])

    def _let_all_through(self) -> None:
        """What is new shall be seen."""
        if self.rows.suite_id is not None and self.rows.filter != ItemFilter():
            self.view.filter.reset()
            self.rows.show(self.rows.suite_id, ItemFilter())

    def _with_suite(self, act: Callable[[Services, StoredSuite], object]) -> None:
        if self._services is not None and self.rows.shown is not None:
            act(self._services, self.rows.shown.suite)

    def _on_run_requested(self) -> None:
        if (suite_id := self.rows.suite_id) is not None:
            ask = self.run_requested.emit
            self.keeper.then(int, lambda _saved: ask(suite_id), self.view.show_problem)

    def _on_back_requested(self) -> None:
        self.keeper.flush()
        self.closed.emit()

    def _on_filter_rested(self) -> None:
        wanted = self.view.filter.wanted
        if self.rows.suite_id is not None and wanted != self.rows.filter:
            self.keeper.flush()
            self.choice.show_nothing()
            self.rows.show(self.rows.suite_id, wanted)
