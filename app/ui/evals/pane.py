"""The evaluation pane: suites and runs, the page of a suite, and the page of a run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.base.changes import Topic
from app.base.errors import AppError
from app.evals.runs.entities import Run, RunId, StoredSuite, SuiteId
from app.ui.actions import ActionSpec
from app.ui.evals.home import HomePage
from app.ui.evals.presets import Preset
from app.ui.evals.reading import Shelf, read_best, read_shelf
from app.ui.evals.refreshing import Refresher
from app.ui.evals.run_actions import RunActions
from app.ui.evals.run_page import RunPage
from app.ui.pane import Pane, PaneContext

if TYPE_CHECKING:
    from app.ui.evals.suite_page import SuitePage


class EvalsPane(Pane):
    """Measures which model, file or prompt does better."""

    pane_id: ClassVar[str] = "evals"
    title: ClassVar[str] = "Evaluation"
    icon: ClassVar[str] = "ph.chart-bar"

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._shelf: Shelf | None = None
        self._bests: dict[RunId, tuple[object, str]] = {}
        self._reads_best = False
        self.suite_page: SuitePage | None = None

    # Hooks

    def build(self) -> None:
        self.run_actions = RunActions(self)
        self.home = HomePage(self.context.icons)
        self.run_page = RunPage(self, self.run_actions)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.home)
        self._pages.addWidget(self.run_page)
        self.body.addWidget(self._pages)
        self._reader = Refresher(self.context.jobs, self._prepare, self)
        self._reader.done.connect(self._on_shelf_read)
        self._reader.failed.connect(self.show_problem)
        self._connect()

    def ready(self) -> None:
        self.run_page.attach(self.services.evals)
        self._reader.request_now()

    def changed(self, topics: frozenset[Topic]) -> None:
        if Topic.EVALS in topics:
            self._reader.request()
            self.run_page.reload()

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
        if self._pages.currentWidget() is self.home:
            return (self.home.header, self.home.page)
        return (self._pages.currentWidget(),)

    def focus_first(self) -> None:
        if self._is_built and self._pages.currentWidget() is self.home:
            self.home.new.setFocus()

    def problem_place(self) -> QVBoxLayout:
        on_run = self._pages.currentWidget() is self.run_page
        return self.run_page.problems if on_run else self.home.problems

    # What a person can start

    def new_evaluation(self, preset: Preset = Preset.NONE, suite: SuiteId | None = None) -> None:
        """Ask what is to be measured, and begin it."""
        if not self.is_ready:
            return
        from app.ui.evals.new_run_sheet import NewRunSheet  # nobody misses it before

        sheet = NewRunSheet(self.window(), self.context, self.services, suite, preset)
        sheet.started.connect(self._on_started)
        sheet.closed.connect(sheet.deleteLater)
        sheet.open()

    def import_suite(self) -> None:
        """Ask for a file, and take its items in as a suite."""
        if self.is_ready:
            from app.ui.evals.importing import choose_and_import  # nobody misses it before

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
        home.delete_requested.connect(do.delete)
        home.suite_delete_requested.connect(do.delete_suite)
        home.best_wanted.connect(self._read_bests)
        self.run_page.left.connect(self.show_home)
        self.run_page.failed.connect(self.show_problem)

    def _suite_page(self) -> SuitePage:
        if self.suite_page is None:
            from app.ui.evals.suite_page import SuitePage  # nobody misses it before

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
        return self._reader.is_busy or self._reads_best or self.run_page.is_busy

    def _prepare(self) -> Callable[[], Any] | None:
        return partial(read_shelf, self.services.evals)

    def _on_shelf_read(self, shelf: Shelf) -> None:
        self._shelf = shelf
        there = {run.id for run in shelf.runs}
        self._bests = {id: found for id, found in self._bests.items() if id in there}
        self._show_shelf()
        self._read_bests()

    def _show_shelf(self) -> None:
        if self._shelf is not None:
            bests = {run_id: words for run_id, (_at, words) in self._bests.items()}
            self.home.show_shelf(self._shelf, bests)

    def _read_bests(self) -> None:
        """Sum up one run whose score is not known as it is now; then the next."""
        if self._reads_best:
            return
        run = next((each for each in self.home.shown_runs if self._lacks_best(each)), None)
        if run is None:
            return
        self._reads_best = True
        self.context.jobs.submit(
            read_best,
            self.services.evals,
            run,
            owner=self,
            done=lambda found: self._on_best_read(run, found[1]),
            failed=self._on_best_failed,
        )

    def _lacks_best(self, run: Run) -> bool:
        known = self._bests.get(run.id)
        return not run.state.is_active and (known is None or known[0] != _state_of(run))

    def _on_best_read(self, run: Run, words: str) -> None:
        self._reads_best = False
        self._bests[run.id] = (_state_of(run), words)
        self._show_shelf()
        self._read_bests()

    def _on_best_failed(self, error: AppError) -> None:
        self._reads_best = False
        self.show_problem(error)

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


def _state_of(run: Run) -> object:
    """What changes when the score of a run does."""
    return run.samples, run.baseline, [(each.id, each.unscored) for each in run.metrics]
