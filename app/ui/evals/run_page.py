"""The page of one run: its head, and under it the results or the items."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QTabBar, QVBoxLayout, QWidget

from app.base.errors import AppError, NotFound
from app.evals.runs.entities import Run, RunId, Sample, SampleId
from app.ui.evals.items_page import ItemsPage
from app.ui.evals.reading import ShownRun, read_run
from app.ui.evals.refreshing import Refresher
from app.ui.evals.run_actions import RunActions
from app.ui.evals.run_header import RunHeader
from app.ui.evals.sent_sheet import SentSheet
from app.ui.evals.summary import SummaryPage
from app.ui.evals.words import left_open
from app.ui.pane import Pane
from app.ui.widgets.info_bar import ACROSS, Bars
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row

if TYPE_CHECKING:
    from app.evals.service import EvalService

RESULTS, ITEMS = 0, 1


class RunPage(QWidget):
    """Shows the run that it is told to, and reads it again after changes.

    Signals:
        left: the run is gone, or a person wants to see all of them.
        failed: the `AppError` of a reading.
    """

    left = Signal()
    failed = Signal(object)

    def __init__(self, pane: Pane, actions: RunActions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pane = pane
        self._actions = actions
        self._evals: EvalService | None = None
        self._run_id: RunId | None = None
        self.run: Run | None = None
        self._tags: tuple[str, ...] = ()
        self.header = RunHeader(pane.context.icons)
        self.tabs = QTabBar()
        self.tabs.setObjectName("evalTabs")
        self.tabs.setAccessibleName("What is shown of this run")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.open_words = Label("", "body2", wrap=True)
        self.problems = Bars(margins=ACROSS)
        self.summary = SummaryPage(pane.context)
        self.items = ItemsPage(pane.context)
        self._stack = QStackedWidget()
        for words, page in (("Results", self.summary), ("Items", self.items)):
            self.tabs.addTab(words)
            self._stack.addWidget(page)
        self._open_line = row(self.open_words, margins=(24, 0, 24, 8))
        self._lay_out()
        self._reader = Refresher(pane.context.jobs, self._prepare, self)
        self._reader.done.connect(self._on_read)
        self._reader.failed.connect(self._on_failed)
        self._connect()

    @property
    def run_id(self) -> RunId | None:
        """Of the run that is wanted."""
        return self._run_id

    @property
    def is_busy(self) -> bool:
        """Whether something of it is being read."""
        return self._reader.is_busy or self.items.pages.is_busy

    def attach(self, evals: EvalService) -> None:
        """Where runs are read."""
        self._evals = evals
        self.items.attach(evals)

    def show_run(self, run_id: RunId) -> None:
        """Show this run."""
        if run_id != self._run_id:
            self._run_id, self.run = run_id, None
            self._stack.hide()
            self.tabs.setCurrentIndex(RESULTS)
        self._reader.request_now()

    def reload(self) -> None:
        """Something was written: read the run again soon."""
        if self._run_id is not None:
            self._reader.request()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.problems)
        layout.addWidget(self._open_line)
        layout.addWidget(row(self.tabs, None, margins=(24, 0, 24, 0)))
        layout.addWidget(self._stack, 1)
        layout.addStretch(0)

    def _connect(self) -> None:
        head, do = self.header, self._actions
        self.tabs.currentChanged.connect(self._on_tab_changed)
        head.back.connect(self.left)
        head.pause_wanted.connect(lambda: self._with_run(lambda run: do.pause(run.id)))
        head.stop_wanted.connect(lambda: self._with_run(lambda run: do.stop(run.id)))
        head.resume_wanted.connect(lambda: self._with_run(do.resume))
        head.score_wanted.connect(lambda: self._with_run(do.ask_metrics))
        head.rename_wanted.connect(lambda: self._with_run(do.ask_name))
        head.judge_wanted.connect(lambda: self._with_run(do.ask_judge))
        head.compare_wanted.connect(lambda: self._with_run(do.ask_comparison))
        head.delete_wanted.connect(lambda: self._with_run(lambda run: do.delete(run, self.leave)))
        head.export_wanted.connect(
            lambda form: self._with_run(lambda run: do.choose_export(run, form))
        )
        self.summary.baseline_chosen.connect(
            lambda number: self._with_run(lambda run: do.set_baseline(run.id, number))
        )
        side_by_side = self.summary.side_by_side
        side_by_side.judge_wanted.connect(lambda: self._with_run(do.ask_judge))
        side_by_side.remove_wanted.connect(
            lambda result: self._with_run(lambda run: do.remove_pairing(run.id, result))
        )
        self.items.sent_wanted.connect(self._show_sent)
        self.items.failed.connect(self.failed)

    def leave(self) -> None:
        """Show no run any more."""
        self._run_id = self.run = None
        self.left.emit()

    def _with_run(self, do: Callable[[Run], object]) -> None:
        if self.run is not None:
            do(self.run)

    def _prepare(self) -> Callable[[], ShownRun] | None:
        if self._evals is None or self._run_id is None:
            return None
        return partial(read_run, self._evals, self._run_id)

    def _on_read(self, shown: ShownRun) -> None:
        run = shown.results.run
        if run.id != self._run_id:
            return
        self.run = run
        self.header.show_run(run)
        words = left_open(run)
        self.open_words.setText(words)
        self._open_line.setVisible(bool(words))
        self.summary.show_results(shown.results, shown.pairs)
        self._tags = shown.tags
        if self._stack.currentWidget() is self.items:
            self.items.show_run(run, shown.tags)
        self._stack.show()

    def _on_tab_changed(self, at: int) -> None:
        self._stack.setCurrentIndex(at)
        if at == ITEMS and self.run is not None:
            self.items.show_run(self.run, self._tags)

    def _on_failed(self, error: AppError) -> None:
        if isinstance(error, NotFound):
            self.leave()
        self.failed.emit(error)

    def _show_sent(self, sample_id: SampleId) -> None:
        evals = self._evals
        if evals is None:
            return

        def show(found: tuple[Sample, object]) -> None:
            SentSheet(self.window(), self._pane.context, found[0]).open()

        self._pane.context.jobs.submit(
            evals.sample, sample_id, owner=self, done=show, failed=self.failed.emit
        )
