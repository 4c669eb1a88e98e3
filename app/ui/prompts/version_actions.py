"""What is done to the versions of a prompt: keeping, discarding, reverting, labelling."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal

from app.prompts.entities import Content, Draft, Prompt, PromptId, PromptVersion
from app.ui.forms.words_sheet import WordsSheet
from app.ui.pane import Pane
from app.ui.prompts.drafts import DraftKeeper
from app.ui.widgets.choice import Choice, Severity

if TYPE_CHECKING:
    from app.prompts.service import PromptService

T = TypeVar("T")


def bring_back(prompts: PromptService, prompt_id: PromptId, content: Content) -> None:
    """Make a discarded draft the draft again; one written since becomes a version first."""
    if prompts.draft(prompt_id) is not None:
        prompts.keep_version(prompt_id, "Written before a discarded draft came back")
    prompts.save_draft(prompt_id, content)


class VersionActions(QObject):
    """Asks in the pane's window and tells the pane what went wrong.

    Signals:
        written: the `PromptId` of a prompt that has another text or other labels now.
    """

    written = Signal(object)

    def __init__(self, pane: Pane, drafts: DraftKeeper) -> None:
        super().__init__(pane)
        self._pane = pane
        self._drafts = drafts

    def keep(self, prompt: Prompt) -> None:
        """Ask for a note, and make a version of the draft."""
        sheet = WordsSheet(
            self._pane.window(),
            self._pane.context.icons,
            f"Keep as version {prompt.latest + 1}",
            "A version never changes. You can compare it with others and come back to it.",
            name="What is new",
            placeholder="What is new? You may leave this empty.",
            confirm="Keep version",
            may_be_empty=True,
        )

        def keep(note: str) -> None:
            work = partial(self._prompts.keep_version, prompt.id, note)
            self._drafts.then(work, partial(self._on_kept, sheet), sheet.refuse)

        sheet.given.connect(keep)
        sheet.open()

    def discard(self, prompt: Prompt) -> None:
        """Go back to the newest version; a toast offers the draft back."""
        work = partial(self._prompts.discard_draft, prompt.id)
        self._do(work, partial(self._on_discarded, prompt))

    def revert(self, prompt: Prompt, number: int) -> None:
        """Make a new version with the text of an old one."""
        work = partial(self._prompts.revert, prompt.id, number)
        self._do(work, partial(self._on_reverted, number))

    def put_label(self, prompt: Prompt, label: str, number: int) -> None:
        """Put a label on a version."""
        self._change(partial(self._prompts.label, prompt.id, label, number))

    def take_label(self, prompt: Prompt, label: str) -> None:
        """Take a label off."""
        self._change(partial(self._prompts.unlabel, prompt.id, label))

    def ask_label(self, prompt: Prompt, number: int) -> None:
        """Ask for a label, and put it on a version."""
        sheet = WordsSheet(
            self._pane.window(),
            self._pane.context.icons,
            f"Label version {number}",
            f"A label is on one version at a time and can be moved. Others find the version as "
            f"{prompt.name}@label.",
            name="Label",
            placeholder="Such as staging or short-answers",
            confirm="Put label",
        )

        def close(_prompt: Prompt) -> None:
            sheet.dismiss()
            self.written.emit(prompt.id)

        def put(label: str) -> None:
            self._pane.context.jobs.submit(
                self._prompts.label,
                prompt.id,
                label,
                number,
                owner=sheet,
                done=close,
                failed=sheet.refuse,
            )

        sheet.given.connect(put)
        sheet.open()

    @property
    def _prompts(self) -> PromptService:
        return self._pane.services.prompts

    def _do(self, work: Callable[[], T], done: Callable[[T], object]) -> None:
        self._drafts.then(work, done, self._pane.show_problem)

    def _change(self, work: Callable[[], Prompt]) -> None:
        self._do(work, lambda prompt: self.written.emit(prompt.id))

    def _tell(self, words: str, choice: Choice | None = None) -> None:
        severity = Severity.INFO if choice else Severity.OK
        self._pane.context.notify.toast(words, severity, choice=choice)

    def _on_kept(self, sheet: WordsSheet, version: PromptVersion) -> None:
        sheet.dismiss()
        self.written.emit(version.prompt_id)
        self._tell(f"Version {version.number} is kept.")

    def _on_reverted(self, number: int, version: PromptVersion) -> None:
        self.written.emit(version.prompt_id)
        self._tell(f"Version {version.number} has the text of version {number} again.")

    def _on_discarded(self, prompt: Prompt, draft: Draft | None) -> None:
        self.written.emit(prompt.id)
        if draft is not None:
            undo = partial(self._bring_back, prompt.id, draft.content)
            self._tell(f"The draft of “{prompt.name}” is discarded.", Choice("Undo", undo))

    def _bring_back(self, prompt_id: PromptId, content: Content) -> None:
        work = partial(bring_back, self._prompts, prompt_id, content)
        self._do(work, lambda _nothing: self.written.emit(prompt_id))
