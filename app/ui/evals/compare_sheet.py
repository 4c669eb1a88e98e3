"""Compares a run with another one, metric by metric, on the items that are equal in both."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from app.base.errors import AppError
from app.evals.reports.data import estimate_words
from app.evals.runs.entities import Run, RunId
from app.evals.statistics import Estimate, Outcome
from app.ui.amounts import day_text
from app.ui.forms.fields import WheelShyBox
from app.ui.jobs import Job
from app.ui.pane import PaneContext
from app.ui.widgets.buttons import Button
from app.ui.widgets.info_bar import Bars, InfoBar
from app.ui.widgets.labels import Label, Tag
from app.ui.widgets.layout import Card, ScrollPage, column, row
from app.ui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from app.evals.runs.comparing import Compared, MetricComparison
    from app.evals.service import EvalService

_WIDTH = 680
_AROUND = 48  # left and right of the page
_LEAST = 160
_NONE = "There is no other run with answers yet. Run the same suite once more, then compare."
_SEVERITIES = {Outcome.BETTER: "ok", Outcome.WORSE: "danger"}


class CompareSheet(Sheet):
    """Chooses the other run and shows what the two come to. Used once.

    Signals:
        run_wanted: the `RunId` of the other run, to be opened.
    """

    run_wanted = Signal(object)

    def __init__(self, window: QWidget, context: PaneContext, evals: EvalService, run: Run) -> None:
        super().__init__(window, context.icons, "Compare with another run", width=_WIDTH)
        self._context, self._evals, self._run = context, evals, run
        self._job: Job | None = None
        baseline = run.candidates[run.baseline].label
        words = (
            f"Each candidate of the other run beside {baseline}, the baseline of “{run.name}”, on "
            "the items that both runs have."
        )
        self.choice = WheelShyBox()
        self.choice.currentIndexChanged.connect(self._compare)
        self._page = ScrollPage("Comparison", width=_WIDTH, margins=(2, 0, 12, 4))
        self._page.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the arrow keys scroll it
        self._bars = Bars()
        self._found = QVBoxLayout()
        self._found.setSpacing(12)
        self.said = Label("Looking for other runs…", "body2", wrap=True)
        self._page.body.addWidget(self.said)
        self._page.body.addWidget(self._bars)
        self._page.body.addLayout(self._found)
        self._page.body.addStretch(1)
        name = Label("The other run", "h3")
        name.setBuddy(self.choice)
        self.choice.setAccessibleName(name.text())
        self.opener = Button("Open that run")
        self.opener.clicked.connect(self._on_open_clicked)
        self._chooser = column(name, self.choice, spacing=4)
        self._chooser.hide()
        self.opener.hide()
        close = Button("Close", "primary")
        close.clicked.connect(self.dismiss)
        self.body.setSpacing(12)
        self.body.addWidget(Label(words, "body2", wrap=True))
        self.body.addWidget(self._chooser)
        self.body.addWidget(self._page, 1)
        self.body.addWidget(row(None, self.opener, close))
        self.closed.connect(self.deleteLater)
        self._content = self._page.widget()
        assert self._content is not None
        self._content.installEventFilter(self)
        context.jobs.submit(evals.runs, owner=self, done=self._on_runs, failed=self._refuse)

    def first_focus(self) -> QWidget | None:
        return self.choice if self.choice.isVisibleTo(self) else super().first_focus()

    def card_height(self, width: int) -> int:
        bar = self._page.verticalScrollBar().sizeHint().width()
        inner = self._page.body.totalHeightForWidth(width - bar - _AROUND)
        page = self._page.sizeHint().expandedTo(self._page.minimumSizeHint()).height()
        return super().card_height(width) - page + max(inner + 4, _LEAST)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._content and event.type() == QEvent.Type.LayoutRequest:
            if self.isVisible():
                self.place()  # something else is on the page
            return False
        return super().eventFilter(watched, event)

    def _on_runs(self, runs: Sequence[Run]) -> None:
        """Offer the runs over the same suite first, the newest of them first."""
        now, mine = datetime.now(UTC).astimezone(), self._run
        others = [each for each in runs if each.id != mine.id and each.samples]
        others.sort(key=lambda each: each.suite_id != mine.suite_id)
        self.said.setText(_NONE)
        self._chooser.setVisible(bool(others))
        self.opener.setVisible(bool(others))
        self.choice.blockSignals(True)
        for each in others:
            suite = "" if each.suite_id == mine.suite_id else f" · {each.suite_name}"
            self.choice.addItem(f"{each.name}{suite} · {day_text(each.created_at, now)}", each.id)
        self.choice.blockSignals(False)
        if others:
            self.choice.setFocus()
            self._compare()

    def _compare(self) -> None:
        if self._job is not None:
            self._job.drop()
        self._clear()
        self.said.setText("Comparing…")
        self.said.show()
        self._job = self._context.jobs.submit(
            partial(self._evals.compare, self._run.id, self._other),
            owner=self,
            done=self._show,
            failed=self._refuse,
        )

    @property
    def _other(self) -> RunId:
        return RunId(self.choice.currentData())

    def _show(self, found: tuple[MetricComparison, ...]) -> None:
        self.said.hide()
        for each in found:
            self._found.addWidget(_MetricCard(each))

    def _refuse(self, error: AppError) -> None:
        self.said.hide()
        self._clear()
        self._bars.add(InfoBar.for_error(self._context.icons, error))

    def _clear(self) -> None:
        self._bars.clear()
        while (item := self._found.takeAt(0)) is not None:
            if (part := item.widget()) is not None:
                part.hide()
                part.deleteLater()

    def _on_open_clicked(self) -> None:
        self.dismiss()
        self.run_wanted.emit(self._other)


class _MetricCard(Card):
    """Both runs by one metric."""

    def __init__(self, found: MetricComparison) -> None:
        super().__init__()
        metric = found.metric
        way = "higher is better" if metric.higher_is_better else "lower is better"
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(0, 1)
        self.body.addWidget(row(Label(metric.label, "h3"), Label(way, "caption"), None))
        self.body.addLayout(self._grid)
        number = estimate_words(metric, found.estimate)
        self._add(0, found.baseline.label, number, found.estimate)
        self._grid.addWidget(Tag("baseline", "info"), 0, 2)
        for at, each in enumerate(found.others):
            number = estimate_words(metric, each.estimate)
            self._add(2 * at + 1, each.candidate.label, number, each.estimate)
            self._add_verdict(2 * at + 1, each)

    def _add(self, at: int, name: str, number: str, estimate: Estimate) -> None:
        unscored = f", {estimate.unscored:,} unscored" if estimate.unscored else ""
        self._grid.addWidget(Label(name, wrap=True), at, 0)
        self._grid.addWidget(Label(f"{number} · n = {estimate.items:,}{unscored}"), at, 1)

    def _add_verdict(self, at: int, each: Compared) -> None:
        outcome = each.verdict.outcome
        words = Label(each.verdict.sentence, "caption", wrap=True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words.setContentsMargins(0, 0, 0, 6)
        self._grid.addWidget(Tag(outcome.value, _SEVERITIES.get(outcome, "")), at, 2)
        self._grid.addWidget(words, at + 1, 0, 1, 3)
