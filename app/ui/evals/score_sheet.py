"""Asks by which metrics a run is measured again, without asking its candidates again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from app.base.errors import AppError
from app.evals.runs.entities import Run, Task
from app.ui.evals.metrics.picker import MetricPicker
from app.ui.pane import PaneContext
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row
from app.ui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from app.bootstrap import Services

_WORDS = (
    "The answers stay as they are, and so do the scores there are. What you choose here is "
    "measured on the same answers."
)


class ScoreSheet(Sheet):
    """A choice of metrics. Used once.

    Signals:
        given: the documents of the metrics.
    """

    given = Signal(object)

    def __init__(self, window: QWidget, context: PaneContext, services: Services, run: Run) -> None:
        super().__init__(window, context.icons, f"Score “{run.name}” again", width=640)
        self.picker = MetricPicker(context)
        self.picker.offer(is_reading=run.task is Task.READ)
        self.picker.attach(services)
        self.picker.changed.connect(self._on_changed)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(self.picker)
        scroll.setMinimumHeight(260)
        self.problem = Label("", "danger", wrap=True)
        self.problem.hide()
        back = Button("Cancel")
        back.clicked.connect(self.dismiss)
        self.confirm = Button("Score", "primary")
        self.confirm.clicked.connect(lambda: self.given.emit(self.picker.documents))
        self.body.setSpacing(12)
        self.body.addWidget(Label(_WORDS, "body2", wrap=True))
        self.body.addWidget(scroll, 1)
        self.body.addWidget(self.problem)
        self.body.addWidget(row(None, back, self.confirm))
        self.closed.connect(self.deleteLater)
        self._on_changed()

    def first_focus(self) -> QWidget | None:
        return self.picker.add_button

    def refuse(self, error: AppError) -> None:
        """Say why it cannot be measured so."""
        self.problem.setText(str(error))
        self.problem.show()

    def _on_changed(self) -> None:
        self.confirm.setEnabled(bool(self.picker.documents) and self.picker.is_usable)
