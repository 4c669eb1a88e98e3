"""Tries a prompt out: one input, and two answers to it beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QWidget

from app.base.errors import AppError
from app.evals.trials import Trial, Tried, item_from
from app.modelhub.borrowing import Wanted
from app.prompts.diff import Change, Run, word_diff
from app.prompts.entities import Content, Prompt, PromptVersion, Variable, VariableKind
from app.ui.forms.variable_form import VariableForm
from app.ui.pane import PaneContext
from app.ui.prompts.run_bar import RunBar
from app.ui.prompts.trial_column import TrialColumn
from app.ui.prompts.trial_run import TrialRun
from app.ui.prompts.version_choice import editions_of
from app.ui.widgets.layout import ScrollPage

if TYPE_CHECKING:
    from app.bootstrap import Services

_WIDEST = 1280
_BESIDE = 640  # narrower than this, the columns stand below each other


class Playground(QWidget):
    """Form, Run, and two columns. Results stay until the next run or another prompt.

    Signals:
        test_case_wanted: an `Item` to put into a suite.
    """

    test_case_wanted = Signal(object)

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._services: Services | None = None
        self._prompt: Prompt | None = None
        self._content = Content()
        self._versions: tuple[PromptVersion, ...] = ()
        self._agreed: set[tuple[Wanted, str]] = set()
        self._trials = TrialRun(context.jobs, self)
        self._trials.changed.connect(self._show_running)
        self.form = VariableForm(context)
        self.form.submitted.connect(self.run)
        self.columns = tuple(TrialColumn(context, letter) for letter in "AB")
        self._bar = RunBar(context)
        self._bar.run_requested.connect(self.run)
        self._bar.stop_requested.connect(self.stop)
        self._bar.marks_wanted.connect(self._on_marks_wanted)
        self._lay_out()
        for column in self.columns:
            column.chosen.connect(self._on_chosen)
            column.agreed.connect(partial(self._on_agreed, column))
            column.models_wanted.connect(self._go_to_models)
            column.kept.connect(partial(self._on_kept, column))
        self._show_running()

    def attach(self, services: Services) -> None:
        """The services are there."""
        self._services = services
        self.form.attach(services.library)
        for column in self.columns:
            column.model.attach(services)
        self._read_versions()

    def show_prompt(self, prompt: Prompt, content: Content) -> None:
        """Try this prompt out; called again whenever anything of it has changed.

        Args:
            content: as it is being written.
        """
        before, self._prompt, self._content = self._prompt, prompt, content
        if before is None or before.id != prompt.id:
            self.stop()
            self._versions = ()
            self.form.show_variables((), keep=False)
            for column in self.columns:
                column.clear()
                column.version.show_editions(editions_of(prompt, content, ()), "")
        self._show_editions()
        if before is None or (before.id, before.latest) != (prompt.id, prompt.latest):
            self._read_versions()

    def models_changed(self) -> None:
        """Models came, went, or another one is in use."""
        for column in self.columns:
            column.model.models_changed()

    def has_work(self) -> bool:
        """Whether an answer is on its way."""
        return self._trials.is_running

    def run(self) -> None:
        """Have both columns answer."""
        self._run(self.columns)

    def stop(self) -> None:
        """Stop; what was said so far stays."""
        self._trials.stop()
        self._bar.show_stopping()

    # Building

    def _lay_out(self) -> None:
        page = ScrollPage("Playground", width=_WIDEST, margins=(24, 16, 24, 24))
        page.body.setSpacing(16)
        page.body.addWidget(self.form)
        page.body.addWidget(self._bar)
        holder = QWidget()
        self._beside = QBoxLayout(QBoxLayout.Direction.LeftToRight, holder)
        self._beside.setContentsMargins(0, 0, 0, 0)
        self._beside.setSpacing(16)
        for column in self.columns:
            self._beside.addWidget(column, 1)
        page.body.addWidget(holder)
        page.body.addStretch(1)
        around = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(page)

    # What can be tried

    def _read_versions(self) -> None:
        if self._services is not None and self._prompt is not None:
            prompt_id = self._prompt.id
            self._context.jobs.submit(
                self._services.prompts.versions,
                prompt_id,
                owner=self,
                done=partial(self._on_versions_read, prompt_id),
                failed=self._on_versions_failed,
            )

    def _on_versions_read(self, prompt_id: object, versions: tuple[PromptVersion, ...]) -> None:
        if self._prompt is None or self._prompt.id != prompt_id:
            return
        is_first = not self._versions
        self._versions = versions
        self._show_editions()
        if is_first and versions:
            # What people most often want to know: is it better than what there is?
            self.columns[0].version.choose("latest")

    def _on_versions_failed(self, error: AppError) -> None:
        self._context.notify.problem(error)

    def _show_editions(self) -> None:
        if self._prompt is None:
            return
        editions = editions_of(self._prompt, self._content, self._versions)
        for column in self.columns:
            column.version.show_editions(editions)
        self._show_form()

    def _show_form(self) -> None:
        variables: dict[str, Variable] = {}
        for column in self.columns:
            for each in column.version.edition.content.variables:
                variables.setdefault(each.name, each)
        self.form.show_variables(tuple(variables.values()))

    def _on_chosen(self) -> None:
        self._show_form()
        self._show_running()

    # Running

    def _run(self, columns: Sequence[TrialColumn]) -> None:
        if self._services is None or self._prompt is None or self._trials.is_running:
            return
        settings = [column.settings.read() for column in columns]
        if self.form.problems() or None in settings:
            return
        given = self.form.values()
        trials = tuple(
            Trial(
                column.version.edition.content,
                given,
                column.model.wanted,
                chosen,
                sends_documents=self._sends_documents(column, given),
            )
            for column, chosen in zip(columns, settings, strict=True)
            if chosen is not None
        )
        self._bar.unmark()
        self._trials.start(self._services, columns, trials)

    def _sends_documents(self, column: TrialColumn, given: dict[str, object]) -> bool:
        variables = column.version.edition.content.variables
        names = [each.name for each in variables if each.kind is VariableKind.DOCUMENT]
        has_agreed = _place(column) in self._agreed
        return not has_agreed and any(given.get(name) for name in names)

    def _show_running(self) -> None:
        self._bar.show_state(
            is_running=self._trials.is_running,
            can_run=any(each.model.chosen.can_answer for each in self.columns),
            can_compare=all(each.tried is not None and each.text for each in self.columns),
        )

    # What came of it

    def _on_marks_wanted(self, is_wanted: bool) -> None:
        first, second = (column.text for column in self.columns)
        if not is_wanted:
            self._mark(())
        elif first == second:
            self._bar.say_same()
        else:
            jobs = self._context.jobs
            jobs.submit(word_diff, first, second, owner=self, done=self._on_compared)

    def _on_compared(self, runs: tuple[Run, ...]) -> None:
        texts = [column.text for column in self.columns]
        if self._bar.marks and _texts(runs) == texts:
            self._mark(runs)

    def _mark(self, runs: tuple[Run, ...]) -> None:
        for column, change in zip(self.columns, (Change.DELETED, Change.INSERTED), strict=True):
            column.mark(runs, change)

    def _on_agreed(self, column: TrialColumn) -> None:
        self._agreed.add(_place(column))
        self._run((column,))

    def _on_kept(self, column: TrialColumn, tried: Tried) -> None:
        if self._prompt is None:
            return
        metadata = {
            "prompt": self._prompt.name,
            "version": column.version.edition.name,
            "model": tried.model,
            "quantization": tried.quantization,
        }
        self.test_case_wanted.emit(item_from(tried, metadata))

    def _go_to_models(self) -> None:
        self._context.actions.pane_wanted.emit("models")

    def resizeEvent(self, event: QResizeEvent) -> None:
        is_narrow = event.size().width() < self._context.theme.px(_BESIDE)
        direction = QBoxLayout.Direction
        self._beside.setDirection(direction.TopToBottom if is_narrow else direction.LeftToRight)
        super().resizeEvent(event)


def _place(column: TrialColumn) -> tuple[Wanted, str]:
    """A model, and for the one in use which one that is."""
    return column.model.wanted, column.model.chosen.title


def _texts(runs: Sequence[Run]) -> list[str]:
    """Both texts that runs were made from."""
    return [
        "".join(each.text for each in runs if each.change in (Change.EQUAL, change))
        for change in (Change.DELETED, Change.INSERTED)
    ]
