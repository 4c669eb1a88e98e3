"""The results of a run: who did how well, what that means in words, and the plots."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.evals.runs.results import RunResults
from app.ui.evals.candidate_table import CandidateTable
from app.ui.evals.pair_card import PairSection
from app.ui.evals.plots.panel import PlotPanel
from app.ui.evals.progress_card import ProgressCard
from app.ui.evals.reading import ShownPair
from app.ui.pane import PaneContext
from app.ui.widgets.choice import Severity
from app.ui.widgets.info_bar import Bars, InfoBar
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import ScrollPage

_MOST_SENTENCES = 24
_COMING = "Scores come in once answers are made and scored."
_NONE = "No answer is scored yet."
_BASELINE = (
    "The star marks the baseline, with which the others are compared. Click another star to change "
    "that."
)


class SummaryPage(ScrollPage):
    """Shows RunResults.

    Signals:
        baseline_chosen: the number of the candidate to compare with.
    """

    baseline_chosen = Signal(int)

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__("Results", parent, width=1280, margins=(24, 12, 24, 32))
        self._icons = context.icons
        self.progress = ProgressCard()
        self.table = CandidateTable(context.theme, context.icons)
        self.table.baseline_chosen.connect(self.baseline_chosen)
        self.hint = Label(_BASELINE, "caption", wrap=True)
        self.nothing = Label(_COMING, "body2", wrap=True)
        self.meaning = Label("What this says", "h2")
        self._sentences = QVBoxLayout()
        self._sentences.setSpacing(6)
        self._problems = Bars()
        self._shown_problems: tuple[str, ...] = ()
        self._shown_sentences: tuple[str, ...] = ()
        self.plots = PlotPanel(context)
        self.side_by_side = PairSection(context.icons)
        self._lay_out()

    def show_results(self, results: RunResults, pairs: Sequence[ShownPair] = ()) -> None:
        """Show these; the place on the page and the selection stay."""
        run = results.run
        self.progress.setVisible(run.state.is_active)
        if run.state.is_active:
            self.progress.show_results(results)
        self.table.show_results(results)
        self.hint.setVisible(len(results.candidates) > 1)
        has_scores = any(
            each.estimate.value is not None
            for result in results.candidates
            for each in result.metrics
        )
        self.nothing.setVisible(not has_scores)
        self.nothing.setText(_COMING if run.state.is_active else _NONE)
        self.plots.setVisible(has_scores)
        if has_scores:
            self.plots.show_results(results)
        self._show_sentences(_sentences(results) if has_scores else ())
        self.side_by_side.show_pairs(run, pairs)
        self._show_problems(_problems(results))

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is said of the candidates beside the baseline."""
        return self._shown_sentences

    @property
    def problems(self) -> tuple[str, ...]:
        """What went wrong, in words."""
        return self._shown_problems

    def _lay_out(self) -> None:
        body = self.body
        body.addWidget(self.progress)
        body.addWidget(self._problems)
        for part in (self.table, self.hint, self.nothing):
            body.addWidget(part)
        body.addSpacing(4)
        body.addWidget(self.meaning)
        body.addLayout(self._sentences)
        body.addWidget(self.plots)
        body.addSpacing(4)
        body.addWidget(self.side_by_side)
        body.addStretch(1)

    def _show_sentences(self, sentences: tuple[str, ...]) -> None:
        self.meaning.setVisible(bool(sentences))
        if sentences == self._shown_sentences:
            return
        self._shown_sentences = sentences
        _clear(self._sentences)
        for each in sentences:
            label = Label(f"•  {each}", wrap=True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._sentences.addWidget(label)

    def _show_problems(self, problems: tuple[str, ...]) -> None:
        if problems == self._shown_problems:
            return
        self._shown_problems = problems
        self._problems.clear()
        for each in problems:
            self._problems.add(InfoBar(self._icons, each, Severity.WARN, closable=False))


def _clear(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def _sentences(results: RunResults) -> tuple[str, ...]:
    said = [
        f"{result.candidate.label}, {each.metric.label}: {each.verdict.sentence}"
        for each_metric in range(len(results.run.metrics))
        for result in results.candidates
        for each in (result.metrics[each_metric],)
        if each.verdict is not None
    ]
    more = len(said) - _MOST_SENTENCES
    return (*said[:_MOST_SENTENCES], *([f"{more:,} more are in the exports."] if more > 0 else []))


def _problems(results: RunResults) -> tuple[str, ...]:
    found = [
        f"{result.candidate.label}: {result.candidate.problem}"
        for result in results.candidates
        if result.candidate.problem
    ]
    found += [
        f"{result.candidate.label}: {result.problems:,} of {result.samples:,} questions got no "
        f"answer. The commonest reason: {result.problem}"
        for result in results.candidates
        if result.problems
    ]
    if results.run.problem and results.run.problem not in " ".join(found):
        found.insert(0, results.run.problem)
    return tuple(found)
