"""Takes what a pane wants to become an example through the sheet and into a prompt."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from app.base.errors import AppError
from app.prompts.entities import Example, PromptId
from app.ui.forms.example_sheet import AddedExample, ExampleSheet, add_example
from app.ui.pane import Pane
from app.ui.widgets.choice import Choice, Severity

_LAST = "forms/last_prompt"


class ExampleKeeper(QObject):
    """Opens the sheet over a pane, and tells of what came of it.

    Signals:
        prompt_wanted: the `PromptId` of a prompt that a person wants to see.
    """

    prompt_wanted = Signal(object)

    def __init__(self, pane: Pane) -> None:
        super().__init__(pane)
        self._pane = pane

    def offer(self, example: Example) -> ExampleSheet:
        """Open the sheet."""
        context = self._pane.context
        sheet = ExampleSheet(self._pane.window(), context.icons, example)
        sheet.saved.connect(partial(self._save, sheet))
        sheet.open()
        last = [PromptId(each) for each in context.state.numbers(_LAST)]
        context.jobs.submit(
            self._pane.services.prompts.prompts,
            owner=sheet,
            done=lambda prompts: sheet.show_prompts(prompts, last[0] if last else None),
            failed=sheet.refuse,
        )
        return sheet

    def _save(self, sheet: ExampleSheet, prompt_id: PromptId, example: Example) -> None:
        self._pane.context.jobs.submit(
            add_example,
            self._pane.services.prompts,
            prompt_id,
            example,
            owner=self,
            done=partial(self._on_saved, sheet),
            failed=partial(self._on_failed, sheet),
        )

    def _on_saved(self, sheet: ExampleSheet, added: AddedExample) -> None:
        if isValid(sheet):
            sheet.dismiss()
        context, prompt = self._pane.context, added.prompt
        context.state.remember(_LAST, [prompt.id])
        see = Choice("Open prompt", partial(self.prompt_wanted.emit, prompt.id))
        if added.was_there:
            context.notify.toast(f"“{prompt.name}” has this example already.", choice=see)
        else:
            text = f"Added to the draft of “{prompt.name}”"
            context.notify.toast(text, Severity.OK, choice=see)

    def _on_failed(self, sheet: ExampleSheet, error: AppError) -> None:
        if isValid(sheet) and sheet.isVisible():
            sheet.refuse(error)
        else:  # it was closed meanwhile
            self._pane.context.notify.problem(error)
