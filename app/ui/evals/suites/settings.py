"""Changing a suite itself: its name, description and metrics; and looking at its versions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.evals.runs.entities import StoredSuite, SuiteVersion
from app.ui.evals.suites.sheets import DetailsSheet, MetricsSheet, VersionsSheet
from app.ui.pane import PaneContext

if TYPE_CHECKING:
    from app.bootstrap import Services


class SuiteSettings(QObject):
    """Opens the sheets of a suite, and does what they ask for.

    Signals:
        changed: the suite is another now.
        failed: the `AppError` of something that has no sheet of its own.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self, context: PaneContext, page: QWidget) -> None:
        super().__init__(page)
        self._context, self._page = context, page

    def edit_details(self, services: Services, suite: StoredSuite) -> DetailsSheet:
        """Ask for another name and description."""
        sheet = DetailsSheet(self._page.window(), self._context, suite)

        def change(name: str, description: str) -> None:
            work = partial(
                services.evals.suites.change, suite.id, name=name, description=description
            )
            self._submit(sheet, work)

        sheet.given.connect(change)
        sheet.open()
        return sheet

    def edit_metrics(self, services: Services, suite: StoredSuite) -> MetricsSheet:
        """Ask for other metrics."""
        sheet = MetricsSheet(self._page.window(), self._context, services, suite)

        def change(metrics: tuple[dict[str, Any], ...]) -> None:
            self._submit(sheet, partial(services.evals.suites.change, suite.id, metrics=metrics))

        sheet.given.connect(change)
        sheet.open()
        return sheet

    def show_versions(self, services: Services, suite: StoredSuite) -> None:
        """List the versions."""

        def show(versions: tuple[SuiteVersion, ...]) -> None:
            VersionsSheet(self._page.window(), self._context, versions).open()

        self._context.jobs.submit(
            services.evals.suites.versions,
            suite.id,
            owner=self,
            done=show,
            failed=self.failed.emit,
        )

    def _submit(self, sheet: DetailsSheet | MetricsSheet, work: Callable[[], object]) -> None:
        def done(_suite: object) -> None:
            sheet.dismiss()
            self.changed.emit()

        self._context.jobs.submit(work, owner=sheet, done=done, failed=sheet.refuse)
