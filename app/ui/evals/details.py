"""An item of a run: what was asked, and what every candidate made of it, side by side."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app.base.errors import AppError
from app.evals.entities import Item
from app.evals.runs.entities import Run, RunMetric
from app.evals.runs.pairs import PairPage
from app.evals.runs.results import MatrixRow
from app.prompts.diff import Run as DiffRun
from app.prompts.diff import word_diff
from app.ui.evals.answer_column import COLUMN, AnswerColumn
from app.ui.evals.pair_words import write_outcomes
from app.ui.evals.text_page import TextPage
from app.ui.pane import PaneContext
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import ElidedLabel, Label
from app.ui.widgets.layout import column as stacked
from app.ui.widgets.layout import row


class DetailsPanel(QWidget):
    """Shows a MatrixRow.

    Signals:
        sent_wanted: the `SampleId` of which a person wants to see what was sent.
        closed: it is not wanted any more.
    """

    sent_wanted = Signal(object)
    closed = Signal()

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._run: Run | None = None
        self._row: MatrixRow | None = None
        self._metric: RunMetric | None = None
        self._columns: list[AnswerColumn] = []
        icons = context.icons
        self.title = ElidedLabel("", "h3")
        self.differences = Button("Differences", "chip")
        self.differences.setCheckable(True)
        self.one, self.other = QComboBox(), QComboBox()
        self.one.setAccessibleName("Differences from")
        self.other.setAccessibleName("Differences to")
        self._to = Label("to", "body2")
        self.close_button = IconButton(icons.icon("ph.x"), "Close details", size=16)
        self.close_button.clicked.connect(self.closed)
        self.differences.toggled.connect(self._show)
        self.one.activated.connect(self._show)
        self.other.activated.connect(self._show)
        for combo in (self.one, self.other):
            combo.setMaximumWidth(200)
        self.item = TextPage(context.theme, "The item")
        self.diff = TextPage(context.theme, "Differences between two answers")
        self.judged = TextPage(context.theme, "What the judge said side by side")
        judged_head = row(Label("Side by side", "h3"), None, margins=(8, 0, 4, 0))
        judged_head.setMinimumHeight(self.close_button.sizeHint().height())  # as beside it
        self._judged = stacked(judged_head, self.judged, margins=(4, 0, 0, 0), spacing=0)
        self._judged.setMinimumWidth(context.theme.px(COLUMN))
        self._judged.hide()
        self._pairs = PairPage((), 0)
        self._lay_out()
        context.theme.changed.connect(self._show)

    @property
    def columns(self) -> tuple[AnswerColumn, ...]:
        """The answers, one column for each candidate."""
        return tuple(self._columns)

    @property
    def position(self) -> int | None:
        """Of the item that is shown, in its run."""
        return None if self._row is None else self._row.position

    def show_row(self, run: Run, row: MatrixRow, metric: RunMetric | None, column: int) -> None:
        """Show an item. `column` is that of the chosen candidate, which is brought into view."""
        is_other = self._row is None or self._row.position != row.position
        is_new_run = self._run is None or self._run.id != run.id
        if not is_other and not is_new_run and (row, metric) == (self._row, self._metric):
            self._reveal(column)
            return
        self._run, self._row, self._metric = run, row, metric
        if is_other or is_new_run:
            self._pairs = PairPage((), 0)
        if is_new_run:
            self._offer_pairs(run)
        self._show()
        self._reveal(column)

    def show_pairs(self, pairs: PairPage) -> None:
        """Show what judges said of the answers to the item."""
        self._pairs = pairs
        self._show_judged()

    def _show_judged(self) -> None:
        run, found = self._run, self._pairs.outcomes
        self._judged.setVisible(bool(found) and not self.diff.isVisibleTo(self))
        if run is not None and found:
            self.judged.write(found, lambda: write_outcomes(self.judged, run, found))

    def _offer_pairs(self, run: Run) -> None:
        for combo in (self.one, self.other):
            combo.clear()
            for each in run.candidates:
                combo.addItem(each.label, each.number)
        if len(run.candidates) > 1:
            self.one.setCurrentIndex(run.baseline)
            self.other.setCurrentIndex(1 if run.baseline == 0 else 0)

    def _lay_out(self) -> None:
        head = row(
            self.title, self.differences, self.one, self._to, self.other, self.close_button,
            margins=(24, 8, 16, 6),
        )  # fmt: skip
        layout = head.layout()
        assert isinstance(layout, QHBoxLayout)
        layout.setStretch(0, 1)
        self._answers = QHBoxLayout()
        self._answers.setContentsMargins(0, 0, 0, 0)
        self._answers.setSpacing(0)
        self._answers.addWidget(self.diff, 1)
        self._answers.addWidget(self._judged, 1)
        inner = QWidget()
        inner.setLayout(self._answers)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(inner)
        body = QHBoxLayout()
        body.setContentsMargins(14, 0, 8, 8)
        body.setSpacing(0)
        body.addWidget(self.item, 1)
        body.addWidget(self._scroll, 3)
        self.setObjectName("evalDetails")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(head)
        outer.addLayout(body, 1)

    def _reveal(self, column: int) -> None:
        if 0 <= column < len(self._columns):
            self._scroll.ensureWidgetVisible(self._columns[column], 0, 0)

    def _show(self) -> None:
        run, found = self._run, self._row
        if run is None or found is None:
            return
        is_many, is_diff = len(run.candidates) > 1, self.differences.isChecked()
        self.differences.setVisible(is_many)
        for part in (self.one, self._to, self.other):
            part.setVisible(is_many and is_diff)
        self.title.set_text(f"Item {found.position + 1:,}: {found.item.key}")
        self.item.write(found.item, lambda: _write_item(self.item, found.item))
        while len(self._columns) < len(run.candidates):
            self._add_column()
        for at, column in enumerate(self._columns):
            is_used = at < len(run.candidates)
            column.setVisible(is_used and not (is_diff and is_many))
            if is_used:
                candidate = run.candidates[at]
                samples = found.cells.get(candidate.number, ())
                column.show_samples(run, candidate, samples, self._metric)
        self.diff.setVisible(is_many and is_diff)
        self._show_judged()
        if is_many and is_diff:
            self._compare(found)

    def _add_column(self) -> None:
        column = AnswerColumn(self._context)
        column.sent_wanted.connect(self.sent_wanted)
        self._columns.append(column)
        self._answers.insertWidget(len(self._columns), column, 1)  # after the differences

    def _compare(self, found: MatrixRow) -> None:
        pair = [found.cells.get(each.currentData(), ()) for each in (self.one, self.other)]
        names = f"{self.one.currentText()} → {self.other.currentText()}"
        if not all(pair):
            self._say("One of the two has not answered yet.")
            return
        one, other = (samples[0].sample.text for samples in pair)
        if one == other:
            self._say("The two answers are the same.")
            return

        def show(runs: tuple[DiffRun, ...]) -> None:
            if found is self._row:
                self.diff.write((names, runs), lambda: self._write_diff(names, runs))

        self._context.jobs.submit(word_diff, one, other, owner=self, done=show, failed=self._refuse)

    def _write_diff(self, names: str, runs: tuple[DiffRun, ...]) -> None:
        self.diff.heading(names)
        self.diff.runs(runs)

    def _say(self, words: str) -> None:
        self.diff.write(words, lambda: self.diff.line(words, "text2"))

    def _refuse(self, error: AppError) -> None:
        self._say(str(error))


def _write_item(page: TextPage, item: Item) -> None:
    for turn in item.input:
        is_only = len(item.input) == 1
        page.heading("Input" if is_only else f"Input: {turn.role.value}")
        page.line(turn.content)
    if item.targets:
        page.heading("Target" if len(item.targets) == 1 else "Targets, any of")
        for target in item.targets:
            page.line(target)
    if item.tags:
        page.heading("Tags")
        page.line(", ".join(item.tags))
