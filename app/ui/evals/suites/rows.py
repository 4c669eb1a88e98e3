"""Keeps the rows of a suite's page up to date: what the filter lets through, page by page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from app.evals.runs.entities import SuiteId
from app.ui.evals.refreshing import Refresher
from app.ui.evals.suites.items import SuiteItemsModel
from app.ui.evals.suites.reading import ItemFilter, Opened, Page, read_page, read_suite
from app.ui.jobs import JobRunner

if TYPE_CHECKING:
    from app.evals.suites.service import SuiteService


class SuiteRows(QObject):
    """Reads a suite and the pages of its rows that come into view.

    Signals:
        opened: an `Opened`, and whether the suite or the filter is another one than before.
        page_taken: rows were read.
        failed: an `AppError`.
    """

    opened = Signal(object, bool)
    page_taken = Signal()
    failed = Signal(object)

    def __init__(self, jobs: JobRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._suites: SuiteService | None = None
        self.suite_id: SuiteId | None = None
        self.filter = ItemFilter()
        self.shown: Opened | None = None
        self._is_fresh = True
        self._generation = 0  # pages of older ones are dropped
        self.items = SuiteItemsModel(self._read_page, self)
        self._refresher = Refresher(jobs, self._reading, self)
        self._refresher.done.connect(self._on_read)
        self._refresher.failed.connect(self.failed)

    def attach(self, suites: SuiteService) -> None:
        """The service is there."""
        self._suites = suites

    def show(self, suite_id: SuiteId, wanted: ItemFilter) -> None:
        """Show another suite, or by another filter."""
        if suite_id != self.suite_id:
            self.shown = None
        self.suite_id, self.filter, self._is_fresh = suite_id, wanted, True
        self._refresher.request_now()

    def refresh(self, *, now: bool = False) -> None:
        """The suite may be another one; rows keep their place."""
        if self.suite_id is not None:
            self._refresher.request_now() if now else self._refresher.request()

    @property
    def is_busy(self) -> bool:
        """Whether the suite is being read."""
        return self._refresher.is_busy

    def _reading(self) -> Callable[[], Any] | None:
        if self._suites is None or self.suite_id is None:
            return None
        return partial(read_suite, self._suites, self.suite_id, self.filter, self.shown)

    def _on_read(self, opened: Opened) -> None:
        if opened.suite.id != self.suite_id or opened.wanted != self.filter:
            return  # the one that is wanted follows
        before, self.shown = self.shown, opened
        is_fresh, self._is_fresh = self._is_fresh, False
        if is_fresh:
            self._generation += 1
            self.items.show_rows(opened.shown)
        elif before is None or before.suite.number != opened.suite.number:
            self._generation += 1
            self.items.refresh(opened.shown)
        self.opened.emit(opened, is_fresh)

    def _read_page(self, number: int) -> None:
        if self._suites is None or self.suite_id is None:
            return
        generation = self._generation

        def done(page: Page) -> None:
            if generation == self._generation:
                self.items.take_page(page)
                self.page_taken.emit()

        self._jobs.submit(
            read_page,
            self._suites,
            self.suite_id,
            self.filter,
            number,
            owner=self,
            done=done,
            failed=self.failed.emit,
        )
