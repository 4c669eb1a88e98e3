"""The plots of a run: scores with their intervals, or quality against speed or size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from app.evals.runs.results import RunResults
from app.ui.evals.plots.points import View, plot_data
from app.ui.pane import PaneContext
from app.ui.widgets.fold import FoldButton
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import Card, row

if TYPE_CHECKING:
    from app.ui.evals.plots.canvas import PlotCanvas

_VIEWS = {
    View.SCORES: "Scores with intervals",
    View.SPEED: "Quality against speed",
    View.SIZE: "Quality against size",
}


class PlotPanel(Card):
    """Shows RunResults once there is a score. The plotting library loads off the GUI thread."""

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._results: RunResults | None = None
        self._is_loading = False
        self.canvas: PlotCanvas | None = None
        self.view = QComboBox()
        self.view.setAccessibleName("What the plot shows")
        for view, words in _VIEWS.items():
            self.view.addItem(words, view)
        self.metric_choice = QComboBox()
        self.metric_choice.setAccessibleName("Metric of the plot")
        self.view.currentIndexChanged.connect(self._show)
        self.metric_choice.currentIndexChanged.connect(self._show)
        self._place = QVBoxLayout()
        self.waiting = Label("Drawing…", "caption")
        self._place.addWidget(self.waiting)
        self.missing = Label("", "caption", wrap=True)
        self.fold = FoldButton("The plot in words", context.icons)
        self.words = Label("", "body2", wrap=True)
        self.words.hide()
        self.fold.unfolded.connect(self.words.setVisible)
        self.body.addWidget(row(self.view, self.metric_choice, None))
        self.body.addLayout(self._place)
        self.body.addWidget(self.missing)
        self.body.addWidget(self.fold)
        self.body.addWidget(self.words)

    def show_results(self, results: RunResults) -> None:
        """Show these, by the metric that was chosen, else the first."""
        self._results = results
        labels = [(each.id, each.label) for each in results.run.metrics]
        choice = self.metric_choice
        shown = [(choice.itemData(at), choice.itemText(at)) for at in range(choice.count())]
        if labels != shown:
            chosen = choice.currentData()
            choice.blockSignals(True)
            choice.clear()
            for id, label in labels:
                choice.addItem(label, id)
            choice.setCurrentIndex(max(0, choice.findData(chosen)))
            choice.blockSignals(False)
        choice.setVisible(len(labels) > 1)
        self._show()

    def _show(self) -> None:
        results, metric = self._results, self.metric_choice.currentData()
        if results is None or metric is None:
            return
        data = plot_data(results, metric, View(self.view.currentData()))
        self.words.setText(data.words)
        self.missing.setText(data.missing)
        self.missing.setVisible(bool(data.missing))
        self._load()
        if self.canvas is not None:
            self.canvas.show_plot(data)
            self.canvas.setAccessibleName(self.view.currentText())
            self.canvas.setAccessibleDescription(data.words)
            self.canvas.setVisible(bool(data.points))

    def _load(self) -> None:
        if self.canvas is not None or self._is_loading:
            return
        self._is_loading = True
        self._context.jobs.submit(_import_canvas, owner=self, done=self._on_loaded)

    def _on_loaded(self, canvas: type[PlotCanvas]) -> None:
        self.canvas = canvas(self._context.theme)
        self.waiting.hide()
        self._place.addWidget(self.canvas)
        self._show()


def _import_canvas() -> type[PlotCanvas]:
    from app.ui.evals.plots.canvas import PlotCanvas

    return PlotCanvas
