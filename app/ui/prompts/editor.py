"""The editor of one prompt, with its live preview beside it or below it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from app.chat.sampling import sampling_from
from app.engine.sampling import Sampling
from app.prompts.entities import Content
from app.ui.pane import PaneContext
from app.ui.prompts.example_rows import ExamplesSection
from app.ui.prompts.latest_job import LatestJob
from app.ui.prompts.lint_marks import Findings, find
from app.ui.prompts.output_fields import OutputSection
from app.ui.prompts.part_edit import PartsSection
from app.ui.prompts.preview import PreviewPanel
from app.ui.prompts.sampling_fields import SamplingSection
from app.ui.prompts.variable_rows import VariablesSection
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import ScrollPage, row

if TYPE_CHECKING:
    from app.bootstrap import Services

NARROW = 800  # pixels at 100 %; below, the preview is under the editor
_SHOWN = "prompts/preview"


class PromptEditor(QWidget):
    """Edits a content.

    Signals:
        edited: a person changed something.
    """

    edited = Signal()

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._services: Services | None = None
        self.parts = PartsSection(context)
        self.variables = VariablesSection(context)
        self.examples = ExamplesSection(context)
        self.output = OutputSection(context)
        self.sampling = SamplingSection(context)
        self.sampling.begin_with = self._settings_sampling
        self._lists = (self.parts.list, self.variables.list, self.examples.list)
        self.preview = PreviewPanel(context, self.content)
        self._lint = LatestJob(context.jobs, lambda: partial(find, self.content()), self)
        self._build()
        self._lint.done.connect(self._on_found)
        self._lint.failed.connect(lambda error: self.summary.setText(str(error)))
        self.preview.problem_found.connect(self.parts.show_problem)
        self.parts.cursor_moved.connect(self._on_cursor_moved)
        schema = self.output.field
        schema.cursor_moved.connect(lambda place: self._on_cursor_moved(schema, place))
        for each in self._lists:
            each.completed.connect(self._on_completed)
        context.theme.changed.connect(self._lint.request)  # marks have colours of their own

    @property
    def is_busy(self) -> bool:
        """Whether checks or the preview are behind what is written."""
        is_complete = all(each.is_complete for each in self._lists)
        return self._lint.is_busy or self.preview.is_busy or not is_complete

    def attach(self, services: Services) -> None:
        """The services are there."""
        self._services = services
        self.preview.attach(services)

    def show_content(self, content: Content) -> None:
        """Replace everything, without a signal and without a way back by undo."""
        self.parts.show_parts(content.parts)
        self.variables.show_variables(content.variables)
        self.examples.show_examples(content.examples)
        self.output.show_schema(content.output_schema)
        self.sampling.show_sampling(content.sampling)
        self._page.verticalScrollBar().setValue(0)
        self._lint.request()
        self.preview.begin()

    def content(self) -> Content:
        """What is shown, as a content."""
        return Content(
            self.parts.parts,
            self.variables.variables,
            self.examples.examples,
            self.output.schema,
            self.sampling.sampling,
        )

    def models_changed(self) -> None:
        """Another model is in use, or none."""
        self.preview.follow()

    def _build(self) -> None:
        self._page = ScrollPage("Prompt", margins=(16, 8, 16, 24), width=820)
        sections = (self.parts, self.variables, self.examples, self.output, self.sampling)
        for section in sections:
            section.edited.connect(self._on_edited)
            self._page.body.addWidget(section)
        self._page.body.addStretch(1)
        self.summary = Label("", "caption")
        self.toggle = Button("Preview", "chip", self._context.icons.icon("ph.eye"))
        self.toggle.setCheckable(True)
        self.toggle.setAccessibleName("Show the preview")
        self.toggle.setChecked(self._context.state.text(_SHOWN, "shown") == "shown")
        self.toggle.toggled.connect(self._on_toggled)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.addWidget(self._page)
        self.split.addWidget(self.preview)
        self.split.setHandleWidth(1)
        self.split.setChildrenCollapsible(False)
        self.split.setStretchFactor(0, 3)
        self.split.setStretchFactor(1, 2)
        self.preview.setVisible(self.toggle.isChecked())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(row(self.summary, None, self.toggle, margins=(24, 4, 24, 4)))
        layout.addWidget(self.split, 1)

    def _settings_sampling(self) -> Sampling:
        if self._services is None:
            return Sampling()
        chosen = self._services.settings.current.sampling
        return replace(sampling_from(chosen), seed=max(chosen.seed, 0))

    def _on_edited(self) -> None:
        self._lint.request()
        self.preview.follow()
        self.edited.emit()

    def _on_completed(self) -> None:
        self._lint.request()  # the cards that have come lack their marks
        self.preview.follow()

    def _on_found(self, findings: Findings) -> None:
        self.parts.show_findings(findings.prompt, self.variables.declare)
        self.variables.show_findings(findings.prompt)
        self.output.show_findings(findings.schema)
        self.summary.setText(_counted(findings) if self.parts.cards else "")

    def _on_toggled(self, is_shown: bool) -> None:
        self.preview.setVisible(is_shown)
        self._context.state.remember(_SHOWN, "shown" if is_shown else "hidden")

    def _on_cursor_moved(self, widget: QWidget, place: QRect) -> None:
        content = self._page.widget()
        if widget.hasFocus() and content is not None:
            at = widget.mapTo(content, place.center())
            self._page.ensureVisible(at.x(), at.y(), 0, place.height() * 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_narrow = event.size().width() < self._context.theme.px(NARROW)
        wanted = Qt.Orientation.Vertical if is_narrow else Qt.Orientation.Horizontal
        if self.split.orientation() != wanted or event.oldSize().width() <= 0:
            self.split.setOrientation(wanted)
            self.preview.stand(below=is_narrow)
            self.split.setSizes([600, 400])  # shares, not pixels


def _counted(findings: Findings) -> str:
    kinds = [each.severity.value for each in (*findings.prompt, *findings.schema)]
    counts = ((kinds.count("error"), "error"), (kinds.count("warning"), "warning"))
    said = [f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts if count]
    return " · ".join(said) or "No errors found"
