"""The evaluation pane: suites and runs, the page of a suite, and the page of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from PySide6.QtWidgets import QStackedWidget, QWidget

from app.base.changes import Topic
from app.evals.runs.entities import Run, RunId, StoredSuite, SuiteId
from app.ui.actions import ActionSpec
from app.ui.evals.best_scores import BestScores
from app.ui.evals.home import HomePage
from app.ui.evals.presets import Preset
from app.ui.evals.reading import Shelf, read_shelf
from app.ui.evals.refreshing import Refresher
from app.ui.evals.run_actions import RunActions
from app.ui.evals.run_page import RunPage
from app.ui.pane import Pane, PaneContext
from app.ui.widgets.info_bar import ACROSS, Bars

if TYPE_CHECKING:
    from app.ui.evals.new_run.sheet import NewRunSheet
    from app.ui.evals.suites.page import SuitePage


class EvalsPane(Pane):
    """Measures which model, file or prompt does better."""

    pane_id: ClassVar[str] = "evals"
    title: ClassVar[str] = "Evaluation"
    icon: ClassVar[str] = "ph.chart-bar"
    drop_title: ClassVar[str] = "Drop CSV, JSON or JSON Lines files to import suites"

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._shelf: Shelf | None = None
        self.suite_page: SuitePage | None = None
        self._sheet: NewRunSheet | None = None

    # Hooks

    def build(self) -> None:
        self.run_actions = RunActions(self)
        self.home = HomePage(self.context.icons)
        self.run_page = RunPage(self, self.run_actions)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.home)
        self._pages.addWidget(self.run_page)
        self._problems_of_suite = Bars(margins=ACROSS)
        self.body.addWidget(self._problems_of_suite)
        self.body.addWidget(self._pages)
        self._reader = Refresher(self.context.jobs, self._prepare, self)
        self._reader.done.connect(self._on_shelf_read)
        self._reader.failed.connect(self.show_problem)
        self._bests = BestScores(self.context.jobs, self)
        self._bests.changed.connect(self._show_shelf)
        self._bests.failed.connect(self.show_problem)
        self._connect()

    def ready(self) -> None:
        self.run_page.attach(self.services.evals)
        self._reader.request_now()

    def changed(self, topics: frozenset[Topic]) -> None:
        if Topic.EVALS in topics:
            self._reader.request()
            self.run_page.reload()
            if self.suite_page is not None:
                self.suite_page.refresh()

    def take_drop(self, paths: Sequence[Path]) -> bool:
        from app.ui.evals.suites.importing import import_paths, is_suite_file  # with the first drop

        if self._sheet is not None and self._sheet.take_drop(paths):
            return True
        if not self.is_ready or not all(map(is_suite_file, paths)):
            return False
        import_paths(paths, self, self.context, self.services, self._on_suite_made)
        return True

    def can_close(self) -> str | None:
        return None if self.suite_page is None else self.suite_page.unsaved_question()

    def actions_offered(self) -> tuple[ActionSpec, ...]:
        def spec(name: str, title: str, icon: str, run: Callable[[], object]) -> ActionSpec:
            return ActionSpec(
                f"evals.{name}", title, "Evaluation", icon, run, "", self.pane_id,
                enabled_when=lambda: self.is_ready,
            )  # fmt: skip

        return (
            spec("new", "New evaluation…", "ph.plus", self.new_evaluation),
            spec("import", "Import a suite…", "ph.file-arrow-down", self.import_suite),
        )

    def regions(self) -> tuple[QWidget, ...]:
        if not self._is_built:
            return (self,)
        if self._pages.currentWidget() is self.run_page:
            parts: tuple[QWidget, ...] = (
                self.run_page.header,
                self.run_page.tabs,
                self.run_page.summary,
                self.run_page.items.table,
                self.run_page.items.details,
            )
            return tuple(part for part in parts if part.isVisible())
        if self._pages.currentWidget() is self.suite_page and self.suite_page is not None:
            return (self.suite_page,)
        return (self.home.header, self.home.page)

    def focus_first(self) -> None:
        if self._is_built and self._pages.currentWidget() is self.home:
            self.home.new.setFocus()

    def problem_place(self) -> Bars:
        page = self._pages.currentWidget()
        if isinstance(page, HomePage | RunPage):
            return page.problems
        return self._problems_of_suite

    # What a person can start

    def new_evaluation(self, preset: Preset = Preset.NONE, suite: SuiteId | None = None) -> None:
        """Ask what is to be measured, and begin it."""
        if not self.is_ready:
            return
        from app.ui.evals.new_run.sheet import NewRunSheet  # nobody misses it before

        sheet = NewRunSheet(self.window(), self.context, self.services, suite, preset)
        sheet.started.connect(self._on_started)
        sheet.closed.connect(self._on_sheet_closed)
        self._sheet = sheet
        sheet.open()

    def import_suite(self) -> None:
        """Ask for a file, and take its items in as a suite."""
        if self.is_ready:
            from app.ui.evals.suites.importing import choose_and_import  # nobody misses it before

            choose_and_import(self, self.context, self.services, self._on_suite_made)

    def show_run(self, run_id: RunId) -> None:
        """Show the page of a run."""
        self.run_page.show_run(run_id)
        self._pages.setCurrentWidget(self.run_page)
        self.run_page.tabs.setFocus()

    def show_suite(self, suite_id: SuiteId) -> None:
        """Show the page of a suite."""
        page = self._suite_page()
        page.show_suite(suite_id)
        self._pages.setCurrentWidget(page)

    def show_home(self) -> None:
        """Show all suites and runs."""
        self._pages.setCurrentWidget(self.home)
        self.home.new.setFocus()

    # Building

    def _connect(self) -> None:
        home, do = self.home, self.run_actions
        home.new_requested.connect(self.new_evaluation)
        home.import_requested.connect(self.import_suite)
        home.new_suite_requested.connect(self._make_suite)
        home.run_requested.connect(self.show_run)
        home.suite_requested.connect(self.show_suite)
        home.resume_requested.connect(do.resume)
        home.rename_requested.connect(do.ask_name)
        home.delete_requested.connect(do.delete)
        home.suite_delete_requested.connect(do.delete_suite)
        home.best_wanted.connect(self._read_bests)
        do.run_wanted.connect(self.show_run)
        self.run_page.left.connect(self.show_home)
        self.run_page.failed.connect(self.show_problem)

    def _on_sheet_closed(self) -> None:
        sheet, self._sheet = self._sheet, None
        if sheet is not None:
            sheet.deleteLater()

    def _suite_page(self) -> SuitePage:
        if self.suite_page is None:
            from app.ui.evals.suites.page import SuitePage  # nobody misses it before

            self.suite_page = SuitePage(self.context)
            self.suite_page.attach(self.services)
            self.suite_page.run_requested.connect(
                lambda suite_id: self.new_evaluation(Preset.NONE, SuiteId(suite_id))
            )
            self.suite_page.closed.connect(self.show_home)
            self._pages.addWidget(self.suite_page)
        return self.suite_page

    # Showing what is stored

    @property
    def is_reading(self) -> bool:
        """Whether anything is being read just now."""
        return self._reader.is_busy or self._bests.is_busy or self.run_page.is_busy

    def _prepare(self) -> Callable[[], Any] | None:
        return partial(read_shelf, self.services.evals)

    def _on_shelf_read(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._show_shelf()
        self._read_bests()

    def _show_shelf(self) -> None:
        if self._shelf is not None:
            self.home.show_shelf(self._shelf, self._bests.words)

    def _read_bests(self) -> None:
        self._bests.look(self.services.evals, self.home.shown_runs)

    # What a person did

    def _on_started(self, run: Run) -> None:
        self.show_run(run.id)

    def _on_suite_made(self, suite: StoredSuite) -> None:
        self.show_suite(suite.id)

    def _make_suite(self) -> None:
        """Begin an empty suite under a free name, and show it."""
        taken = {suite.name.casefold() for suite in self._shelf.suites} if self._shelf else set()
        names = ("New suite", *(f"New suite {number}" for number in range(2, len(taken) + 3)))
        name = next(each for each in names if each.casefold() not in taken)
        self.context.jobs.submit(
            self.services.evals.suites.create,
            name,
            owner=self,
            done=self._on_suite_made,
            failed=self.show_problem,
        )
