"""The preview beside the editor: values to try, the prompt as the model reads it, its tokens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.base.errors import AppError
from app.prompts.entities import Content
from app.prompts.preview import Preview
from app.ui.forms.variable_form import VariableForm
from app.ui.pane import PaneContext
from app.ui.prompts.finding_list import FindingList, Remark
from app.ui.prompts.latest_job import LatestJob
from app.ui.prompts.looking import Look, look
from app.ui.prompts.preview_text import PreviewText
from app.ui.prompts.token_table import TokenTable
from app.ui.widgets.choice import Severity
from app.ui.widgets.fold import FoldButton
from app.ui.widgets.labels import ElidedLabel, Label
from app.ui.widgets.layout import NONE, ScrollPage, column, row

if TYPE_CHECKING:
    from app.bootstrap import Services

_TITLE = "Preview"
_INDENT = (8, 0, 0, 0)  # as the icon of a heading that folds
_STALE = "Below is how it was before."
_LEGEND = "Coloured words and marks come from the model's template; your text cannot become one."


class PreviewPanel(QWidget):
    """Follows what is written.

    Signals:
        problem_found: the `Problem` that keeps the prompt from being filled in, or None.
    """

    problem_found = Signal(object)

    def __init__(self, context: PaneContext, content: Callable[[], Content]) -> None:
        """Show nothing yet.

        Args:
            context: of the pane.
            content: gives what is to be previewed.
        """
        super().__init__()
        self._content = content
        self._services: Services | None = None
        self._build(context)
        self._job = LatestJob(context.jobs, self._work, self)
        self._job.done.connect(self._on_looked)
        self._job.failed.connect(self._on_failed)
        self.form.changed.connect(self._job.request)
        self.form.completed.connect(self._job.request)

    @property
    def is_busy(self) -> bool:
        """Whether the newest state is not shown yet."""
        return self._job.is_busy

    def attach(self, services: Services) -> None:
        """The services are there."""
        self._services = services
        self.form.attach(services.library)
        self._job.request()

    def begin(self) -> None:
        """Another prompt is shown: forget the values of the last one."""
        self.form.show_variables(self._content().variables, keep=False)
        self._show_form()
        self._show(Preview())
        self._page.verticalScrollBar().setValue(0)
        self._job.request()

    def follow(self) -> None:
        """Something changed: look again soon."""
        self._job.request()

    def stand(self, *, below: bool) -> None:
        """Stand below the editor, and begin where it does, or beside it."""
        left = 24 if below else 16
        self._page.body.setContentsMargins(left - _INDENT[0], 12, 24, 24)

    def _build(self, context: PaneContext) -> None:
        self.model = ElidedLabel("", "caption")
        self._values = FoldButton("Values to try", context.icons)
        self.form = VariableForm(context)
        self.samples = Label("", "caption", wrap=True)
        self.findings = FindingList(context.icons)
        self.note = Label("", "body2", wrap=True)
        self.tokens = TokenTable()
        self.text = PreviewText(context.theme)
        self._legend = Label(_LEGEND, "caption", wrap=True)
        self._page = ScrollPage(_TITLE, margins=NONE)
        self.stand(below=False)
        self._values.set_open(True)
        self._values.unfolded.connect(self.form.setVisible)
        title = row(Label(_TITLE, "h3"), None, self.model, margins=_INDENT)
        below = (self.form, self.samples, self.findings, self.note, self.tokens, self.text)
        rest = column(*below, self._legend, margins=_INDENT, spacing=12)
        for widget in (title, self._values, rest):
            self._page.body.addWidget(widget)
        self._page.body.addStretch(1)
        for widget in (self.samples, self.note, self._legend):
            widget.hide()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._page)

    def _work(self) -> Callable[[], Look]:
        content = self._content()
        self.form.show_variables(content.variables)
        self._show_form()
        return partial(look, self._services, content, self.form.values())

    def _show_form(self) -> None:
        is_asked = bool(self._content().variables)
        self._values.setVisible(is_asked)
        self.form.setVisible(is_asked and self._values.is_open)

    def _on_looked(self, found: Look) -> None:
        self.model.set_text(found.model)
        self._show(found.preview)

    def _show(self, preview: Preview) -> None:
        problem = preview.problem
        self.problem_found.emit(problem)
        self.findings.show_remarks([Remark(problem.message)] if problem else [])
        _say(self.samples, _samples(preview))
        if problem is not None:
            # What was shown stays, so that nothing jumps while one types.
            _say(self.note, _STALE if self.text.toPlainText() else "")
            return
        _say(self.note, preview.note)
        self.tokens.show_preview(preview)
        self._legend.setVisible(bool(preview.runs))
        self.text.setVisible(bool(preview.turns))
        self.text.show_runs(preview.runs) if preview.runs else self.text.show_turns(preview.turns)

    def _on_failed(self, error: AppError) -> None:
        self.findings.show_remarks([Remark(str(error), Severity.WARN)])


def _say(label: Label, words: str) -> None:
    label.setText(words)
    label.setVisible(bool(words))


def _samples(preview: Preview) -> str:
    if not preview.sampled:
        return ""
    names = ", ".join(preview.sampled[:5]) + (", …" if len(preview.sampled) > 5 else "")
    return f"Without a value yet, so a sample stands in: {names}."
