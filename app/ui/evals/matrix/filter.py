"""Which items of a run are shown."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from app.evals.reports.data import is_score
from app.evals.runs.entities import Run, RunMetric
from app.evals.runs.results import MatrixFilter
from app.ui.icons import Icons
from app.ui.widgets.flow import FlowLayout
from app.ui.widgets.labels import Label

ALL, FAILURES, UNSCORED, PROBLEMS, FLIPS = "all", "failures", "unscored", "problems", "flips"
_KINDS = {
    ALL: "All items",
    FAILURES: "Failures",
    UNSCORED: "Unscored",
    PROBLEMS: "Without an answer",
    FLIPS: "Flips between two",
}
_TYPING_MS = 250


class MatrixFilterBar(QWidget):
    """A search field and what else narrows the items down.

    Signals:
        changed: another filter or metric was chosen.
    """

    changed = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run: Run | None = None
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search items and answers")
        self.search.setAccessibleName("Search items and answers")
        self.search.setClearButtonEnabled(True)
        self.search.addAction(
            icons.icon("ph.magnifying-glass"), QLineEdit.ActionPosition.LeadingPosition
        )
        self.search.setFixedWidth(240)
        self.metric_choice = _combo("Metric of the marks")
        self.kind = _combo("Which items")
        self.candidate = _combo("Of which candidate")
        self.one = _combo("First candidate of a flip")
        self.other = _combo("Second candidate of a flip")
        self.tag = _combo("Tag")
        self._and = Label("and", "body2")
        self.count = Label("", "caption")
        self._timer = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._timer.timeout.connect(self.changed)
        self.search.textChanged.connect(self._timer.start)
        for key, words in _KINDS.items():
            self.kind.addItem(words, key)
        layout = FlowLayout(self)
        pair = (self.one, self._and, self.other)
        for part in (self.search, self.metric_choice, self.kind, self.candidate, *pair, self.tag):
            layout.addWidget(part)
            if isinstance(part, QComboBox):
                part.activated.connect(self._on_chosen)
        layout.addWidget(self.count)
        self._arrange()

    def show_run(self, run: Run, tags: Sequence[str]) -> None:
        """Offer the metrics, candidates and tags of a run; what was chosen stays if it can."""
        is_new = self._run is None or self._run.id != run.id
        self._run = run
        if is_new:
            self.search.clear()
            self._timer.stop()
            self.kind.setCurrentIndex(0)
        _fill(self.metric_choice, [(each.label, each.id) for each in run.metrics])
        people = [(each.label, each.number) for each in run.candidates]
        _fill(self.candidate, [("of any candidate", None), *people])
        _fill(self.one, people)
        _fill(self.other, people)
        if is_new and len(people) > 1:
            self.one.setCurrentIndex(run.baseline)
            self.other.setCurrentIndex(1 if run.baseline == 0 else 0)
        _fill(self.tag, [("All tags", ""), *((f"Tag: {each}", each) for each in tags)])
        self._arrange()

    @property
    def chosen_metric(self) -> RunMetric | None:
        """By which cells are marked."""
        metrics = () if self._run is None else self._run.metrics
        wanted = self.metric_choice.currentData()
        return next((each for each in metrics if each.id == wanted), None)

    @property
    def chosen(self) -> MatrixFilter:
        """The filter, as the service takes it."""
        kind, metric = self.kind.currentData(), self.chosen_metric
        below = 1.0 if kind == FAILURES and metric is not None and is_score(metric) else None
        pair = (self.one.currentData(), self.other.currentData())
        return MatrixFilter(
            text=self.search.text().strip(),
            tag=self.tag.currentData() or "",
            metric=None if metric is None else metric.id,
            below=below,
            unscored=kind == UNSCORED,
            problems=kind == PROBLEMS,
            flips=pair if kind == FLIPS and None not in pair else None,
            candidate=self.candidate.currentData() if kind not in (ALL, FLIPS) else None,
        )

    @property
    def is_on(self) -> bool:
        """Whether anything is left out."""
        return bool(self.search.text().strip() or self.tag.currentData()) or (
            self.kind.currentData() != ALL
        )

    def clear(self) -> None:
        """Show all items again."""
        self.search.clear()
        self._timer.stop()
        self.kind.setCurrentIndex(0)
        self.tag.setCurrentIndex(0)
        self._on_chosen()

    def _on_chosen(self) -> None:
        self._arrange()
        self.changed.emit()

    def _arrange(self) -> None:
        """Show only what has a say."""
        kind, run = self.kind.currentData(), self._run
        is_many = run is not None and len(run.candidates) > 1
        self.metric_choice.setVisible(run is not None and len(run.metrics) > 1)
        self.candidate.setVisible(is_many and kind in (FAILURES, UNSCORED, PROBLEMS))
        for part in (self.one, self._and, self.other):
            part.setVisible(is_many and kind == FLIPS)
        self.tag.setVisible(self.tag.count() > 1)
        metric = self.chosen_metric
        model = self.kind.model()
        offered = {
            FAILURES: metric is not None and is_score(metric),
            FLIPS: is_many and metric is not None and is_score(metric),
        }
        for at in range(self.kind.count()):
            item = model.item(at)  # type: ignore[attr-defined]  # a combo box has a standard model
            item.setEnabled(offered.get(self.kind.itemData(at), True))


def _combo(name: str) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    combo.setMaximumWidth(240)
    return combo


def _fill(combo: QComboBox, entries: Sequence[tuple[str, object]]) -> None:
    """Offer entries of (words, data); the chosen one stays chosen if it is among them."""
    shown = [(combo.itemText(at), combo.itemData(at)) for at in range(combo.count())]
    if shown == list(entries):
        return
    chosen = combo.currentData()
    combo.clear()
    for words, data in entries:
        combo.addItem(words, data)
    found = next((at for at, (_words, data) in enumerate(entries) if data == chosen), 0)
    combo.setCurrentIndex(found if entries else -1)
