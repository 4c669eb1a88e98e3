"""The sheet that makes a question and its answer an example in the draft of a prompt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.prompts.entities import Example, Prompt, PromptId
from app.ui.forms.fields import WheelShyBox
from app.ui.forms.form_sheet import FormSheet
from app.ui.forms.long_text import LongText
from app.ui.icons import Icons

if TYPE_CHECKING:
    from app.prompts.service import PromptService

_WHERE = "It goes into the prompt's draft. Keep a version there when you are content with it."


@dataclass(frozen=True, slots=True)
class AddedExample:
    """What came of adding an example; `was_there` if the prompt had it already."""

    prompt: Prompt
    was_there: bool = False


def add_example(prompts: PromptService, prompt_id: PromptId, example: Example) -> AddedExample:
    """Put an example below those in the draft of a prompt. Blocks: for a job.

    Raises:
        NotFound: the prompt is gone.
        BadContent: there would be too much in it.
    """
    content = prompts.newest_content(prompt_id)
    if example in content.examples:
        return AddedExample(prompts.get(prompt_id), was_there=True)
    prompts.save_draft(prompt_id, replace(content, examples=(*content.examples, example)))
    return AddedExample(prompts.get(prompt_id))


class ExampleSheet(FormSheet):
    """Chooses the prompt; both texts can be edited. Used once.

    Signals:
        saved: a `PromptId` and an `Example`. Whoever listens calls `dismiss` or `refuse`.
    """

    saved = Signal(object, object)

    def __init__(self, window: QWidget, icons: Icons, example: Example) -> None:
        super().__init__(window, icons, "Add as example to a prompt", "Add example")
        self.prompt = WheelShyBox()
        self.prompt.setPlaceholderText("Reading the prompts…")
        self.add_field("Prompt", self.prompt, _WHERE)
        self.input, self.output = LongText(), LongText()
        for name, field, text in (
            ("Question", self.input, example.input),
            ("Answer to give", self.output, example.output),
        ):
            field.setPlainText(text)
            field.textChanged.connect(self._show_state)
            self.add_field(name, field)
        self.confirm.clicked.connect(self._on_confirmed)
        self._show_state()

    def show_prompts(self, prompts: tuple[Prompt, ...], chosen: PromptId | None) -> None:
        """Offer these."""
        self.prompt.clear()
        for each in prompts:
            self.prompt.addItem(f"{each.folder}/{each.name}" if each.folder else each.name, each.id)
        found = self.prompt.findData(chosen) if chosen is not None else -1
        self.prompt.setCurrentIndex(max(found, 0) if prompts else -1)
        self.prompt.setPlaceholderText("There is no prompt yet. Write one under Prompts.")
        self.prompt.setEnabled(bool(prompts))
        self._show_state()

    def first_focus(self) -> QWidget | None:
        return self.input if self.output.toPlainText() else self.output

    def _show_state(self) -> None:
        texts = (self.input.toPlainText().strip(), self.output.toPlainText().strip())
        self.confirm.setEnabled(self.prompt.currentIndex() >= 0 and all(texts))

    def _on_confirmed(self) -> None:
        self.confirm.setEnabled(False)  # until there is an answer
        self.clear_problem()
        example = Example(self.input.toPlainText().strip(), self.output.toPlainText().strip())
        self.saved.emit(self.prompt.currentData(), example)
