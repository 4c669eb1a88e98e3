"""The items of a run: what is filtered, the matrix, and the details of the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.evals.runs.entities import Run
from app.evals.runs.pairs import PairPage
from app.evals.runs.results import MatrixFilter, MatrixPage
from app.ui.amounts import count_text
from app.ui.evals.details import DetailsPanel
from app.ui.evals.matrix.filter import MatrixFilterBar
from app.ui.evals.matrix.items import PAGE, MatrixModel
from app.ui.evals.matrix.pages import Fetch, MatrixPages
from app.ui.evals.matrix.table import MatrixTable
from app.ui.pane import PaneContext
from app.ui.widgets.choice import Choice
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.layout import column

if TYPE_CHECKING:
    from app.evals.service import EvalService


class ItemsPage(QWidget):
    """Items by candidates.

    Signals:
        sent_wanted: the `SampleId` of which a person wants to see what was sent.
        failed: the `AppError` of a page that could not be read.
    """

    sent_wanted = Signal(object)
    failed = Signal(object)

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._evals: EvalService | None = None
        self._run: Run | None = None
        self._wanted_position: int | None = None
        self.filter = MatrixFilterBar(context.icons)
        self.items = MatrixModel(self)
        self.pages = MatrixPages(context.jobs, self.items, self._prepare)
        self.table = MatrixTable(self.items, context.theme, context.icons)
        self.details = DetailsPanel(context)
        self.details.hide()
        self.nothing = EmptyState(
            context.icons.icon("ph.funnel", "accent_text"),
            "No item fits",
            "Nothing in this run is like what you are looking for.",
            primary=Choice("Show all items", self.filter.clear),
        )
        self._lay_out()
        self.filter.changed.connect(self._on_filter_changed)
        self.pages.failed.connect(self.failed)
        self.items.page_put.connect(self._on_page_put)
        self.table.cell_chosen.connect(self._on_cell_chosen)
        self.table.opened.connect(self._open_details)
        self.details.sent_wanted.connect(self.sent_wanted)
        self.details.closed.connect(self._close_details)

    def attach(self, evals: EvalService) -> None:
        """Where pages are read."""
        self._evals = evals

    def show_run(self, run: Run, tags: Sequence[str]) -> None:
        """Show a run; of the same run the place, the filter and the selection stay."""
        before, self._run = self._run, run
        self.filter.show_run(run, tags)
        is_same = before is not None and before.id == run.id
        if not is_same:
            self._close_details()
            self.table.scrollToTop()
        self.items.show_run(run, self.filter.chosen_metric)
        if before is not None and is_same and _progress(before) != _progress(run):
            self._wanted_position = self.details.position
            self.items.refresh()

    def _lay_out(self) -> None:
        self._stack = QStackedWidget()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.nothing)
        holder = column(self.filter, self._stack, margins=(24, 10, 16, 8), spacing=10)
        inside = holder.layout()
        assert isinstance(inside, QVBoxLayout)
        inside.setStretch(1, 1)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(holder)
        self.splitter.addWidget(self.details)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.splitter)

    def _prepare(self) -> Fetch | None:
        if self._evals is None or self._run is None:
            return None
        return partial(_read_page, self._evals, self._run, self.filter.chosen)

    def _on_filter_changed(self) -> None:
        if self._run is not None:
            self._wanted_position = self.details.position
            self.items.show_run(self._run, self.filter.chosen_metric)
            self.items.restart()

    def _on_page_put(self) -> None:
        total = self.items.total
        is_empty = total == 0 and self.filter.is_on
        self._stack.setCurrentWidget(self.nothing if is_empty else self.table)
        self.filter.count.setText(count_text(total, "item"))
        self._keep_selection()
        index = self.table.currentIndex()
        if self.details.isVisibleTo(self) and index.isValid():
            self._show_details(index.row(), index.column())

    def _keep_selection(self) -> None:
        """Stay with the item, wherever it moved to among those that are shown."""
        position = self._wanted_position
        at = None if position is None else self.items.find(position)
        if at is None:
            return
        self._wanted_position = None
        current = self.table.currentIndex()
        if current.row() != at:
            self.table.setCurrentIndex(self.items.index(at, max(0, current.column())))

    def _on_cell_chosen(self, at: int, candidate: int) -> None:
        self._wanted_position = None
        self._show_details(at, candidate)

    def _show_details(self, at: int, candidate: int) -> None:
        found = self.items.row(at)
        if found is None or self._run is None:
            return
        self.details.show_row(self._run, found, self.filter.chosen_metric, candidate)
        self._read_pairs(self._run, found.position)
        if not self.details.isVisibleTo(self):
            self.details.show()

    def _read_pairs(self, run: Run, position: int) -> None:
        if not run.pairings or self._evals is None:
            return

        def show(pairs: PairPage) -> None:
            if self._run is not None and (self._run.id, self.details.position) == (
                run.id,
                position,
            ):
                self.details.show_pairs(pairs)

        self._context.jobs.submit(
            partial(self._evals.pair_outcomes, run.id, position=position),
            owner=self,
            done=show,
            failed=self.failed.emit,
        )

    def _open_details(self) -> None:
        index = self.table.currentIndex()
        self._show_details(index.row(), index.column())
        self.details.item.setFocus()

    def _close_details(self) -> None:
        self.details.hide()
        self.table.clearSelection()


def _progress(run: Run) -> object:
    """What changes when the matrix does."""
    scores = [(each.id, each.unscored) for each in run.metrics]
    return run.samples, run.state, scores, [(each.id, each.missing) for each in run.pairings]


def _read_page(evals: EvalService, run: Run, chosen: MatrixFilter, offset: int) -> MatrixPage:
    return evals.matrix(run.id, chosen, offset=offset, limit=PAGE)
