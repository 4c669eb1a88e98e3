"""The prompt that is shown: reads it, keeps what is typed into it, and fills the view in front."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.base.errors import AppError, NotFound
from app.prompts.entities import Content, Prompt, PromptId
from app.ui.pane import Pane
from app.ui.prompts.drafts import DraftKeeper
from app.ui.prompts.page import HISTORY, TRY, WRITE
from app.ui.prompts.reading import Opened, open_prompt, read_timeline
from app.ui.prompts.timeline import Stage
from app.ui.prompts.view import PromptsView
from app.ui.widgets.choice import Choice
from app.ui.widgets.info_bar import InfoBar

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.prompts.service import PromptService

_DELETED = "The prompt was deleted while you were writing it."
_NOT_SAVED = "What you wrote could not be saved."


def save_again(prompts: PromptService, prompt_id: PromptId, content: Content) -> None:
    """Bring back a prompt that was deleted while it was written, with what was written."""
    prompts.restore(prompt_id)
    prompts.save_draft(prompt_id, content)


class ShownPrompt(QObject):
    """One prompt at a time, or none.

    Signals:
        opened: the `PromptId` of the prompt that is shown now.
        vanished: the `PromptId` of one that is not there any more, with nothing unsaved.
    """

    opened = Signal(object)
    vanished = Signal(object)

    def __init__(self, pane: Pane, view: PromptsView) -> None:
        super().__init__(pane)
        self._pane = pane
        self._page, self._editor = view.page, view.editor
        self._playground, self._history = view.playground, view.history
        self._wanted: PromptId | None = None
        self._prompt: Prompt | None = None
        self._stored = Content()  # what of it was last read or saved
        self._written = Content()  # what the editor has of it
        self._saves = 0
        self._trouble: InfoBar | None = None
        self.drafts = DraftKeeper(pane.context.jobs, self)
        view.editor.edited.connect(self._on_edited)
        self.drafts.changed.connect(self._show_state)
        self.drafts.saved.connect(self._on_saved)
        self.drafts.failed.connect(self._on_save_failed)
        view.page.view_changed.connect(self._on_view_changed)

    @property
    def prompt(self) -> Prompt | None:
        """The prompt as it was last read; None while none is shown."""
        return self._prompt

    @property
    def wanted(self) -> PromptId | None:
        """The prompt that is shown, or is about to be."""
        return self._wanted

    @property
    def has_draft(self) -> bool:
        """Whether something is written that is no version yet."""
        prompt = self._prompt
        return self.holds_unsaved or (prompt is not None and prompt.has_draft)

    @property
    def holds_unsaved(self) -> bool:
        """Whether something of it is typed that is not stored."""
        return self._prompt is not None and self.drafts.is_unsaved(self._prompt.id)

    def attach(self, services: Services) -> None:
        """The services are there."""
        self.drafts.attach(services.prompts)
        self._editor.attach(services)
        self._playground.attach(services)

    def open(self, prompt_id: PromptId) -> None:
        """Show another prompt. What was typed into the one before is saved."""
        if prompt_id == self._wanted:
            return
        self.drafts.flush()
        self._wanted = prompt_id
        self._read(prompt_id)

    def reload(self) -> None:
        """Something was written: show what is stored, unless something newer is being typed."""
        if self._wanted is not None:
            self._read(self._wanted)

    def scores_changed(self) -> None:
        """Something was evaluated: the history shows scores."""
        if self._page.switch.current == HISTORY:
            self._fill_view()

    def leave(self) -> None:
        """Show none."""
        self.drafts.flush()
        self._wanted = self._prompt = None
        self._history.clear()

    def _read(self, prompt_id: PromptId) -> None:
        self._pane.context.jobs.submit(
            open_prompt,
            self._pane.services.prompts,
            prompt_id,
            owner=self,
            done=partial(self._on_read, self._saves),
            failed=partial(self._on_read_failed, prompt_id),
        )

    def _on_read(self, saves: int, read: Opened) -> None:
        prompt_id = read.prompt.id
        if prompt_id != self._wanted:
            return
        if saves != self._saves:  # it may be older than what was saved meanwhile
            self._read(prompt_id)
            return
        is_other = self._prompt is None or self._prompt.id != prompt_id
        unsaved = self.drafts.unsaved(prompt_id)
        if is_other:
            self._write(read.content if unsaved is None else unsaved)
        elif unsaved is None and read.content != self._stored:
            self._write(read.content)
        self._take(read)
        if is_other:
            self.opened.emit(prompt_id)

    def _write(self, content: Content) -> None:
        self._written = content
        self._editor.show_content(content)

    def _take(self, read: Opened) -> None:
        self._prompt, self._stored = read.prompt, read.content
        self._page.show_prompt(read.prompt)
        self._show_state()
        self._fill_view()

    def _on_read_failed(self, prompt_id: PromptId, error: AppError) -> None:
        if prompt_id != self._wanted:
            return
        if not isinstance(error, NotFound):
            self._pane.show_problem(error, Choice("Try again", self.reload))
        elif self.drafts.is_unsaved(prompt_id):
            self.drafts.flush()  # fails, and asks what to do
        else:
            self._wanted = self._prompt = None
            self.vanished.emit(prompt_id)

    # The view in front

    def _on_view_changed(self, view: str) -> None:
        """Show what the view is about; what was filled in goes along between writing and trying."""
        written, tried = self._editor.preview.form, self._playground.form
        if view == WRITE:
            written.set_values(tried.filled())
        self._fill_view()
        if view == TRY:
            tried.set_values(written.filled())

    def _fill_view(self) -> None:
        prompt = self._prompt
        if prompt is None:
            return
        if self._page.switch.current == TRY:
            self._playground.show_prompt(prompt, self._written)
        elif self._page.switch.current == HISTORY:
            self.drafts.flush()  # what was typed is in the list once it is saved
            self._pane.context.jobs.submit(
                read_timeline,
                self._pane.services,
                prompt.id,
                owner=self,
                done=self._on_timeline_read,
                failed=partial(self._on_read_failed, prompt.id),
            )

    def _on_timeline_read(self, read: tuple[Prompt, tuple[Stage, ...]]) -> None:
        prompt, stages = read
        if prompt.id == self._wanted:
            self._history.show_timeline(prompt, stages)

    # What is typed

    def _on_edited(self) -> None:
        content = self._editor.content()
        # A text that only got its colours is no other text.
        if self._prompt is not None and content != self._written:
            self._written = content
            self.drafts.touch(self._prompt.id, content)

    def _on_saved(self, saved: Opened) -> None:
        self._saves += 1
        if not self.drafts.has_problems:
            self._drop_trouble()
        if self._prompt is not None and saved.prompt.id == self._prompt.id:
            self._take(saved)

    def _on_save_failed(self, prompt_id: PromptId, error: AppError) -> None:
        if isinstance(error, NotFound):
            error = AppError(_DELETED, "What you wrote is still here.")
            choice = Choice("Bring it back", partial(self._save_again, prompt_id))
        else:
            error = AppError(f"{_NOT_SAVED} {error.message}", error.hint)
            choice = Choice("Try again", self.drafts.flush)
        self._trouble = self._pane.show_problem(error, choice)
        self._trouble.gone.connect(self._on_trouble_gone)

    def _save_again(self, prompt_id: PromptId) -> None:
        content = self.drafts.unsaved(prompt_id)
        if content is not None:
            self._pane.context.jobs.submit(
                save_again,
                self._pane.services.prompts,
                prompt_id,
                content,
                owner=self,
                done=lambda _nothing: self.drafts.flush(),
                failed=self._pane.show_problem,
            )

    def _drop_trouble(self) -> None:
        if self._trouble is not None:
            self._trouble.take_away()

    def _on_trouble_gone(self) -> None:
        self._trouble = None

    def _show_state(self) -> None:
        prompt = self._prompt
        if prompt is None:
            return
        if self.drafts.problem(prompt.id) is not None:
            self._page.show_state("Not saved", is_trouble=True)
        elif self.drafts.is_unsaved(prompt.id):
            self._page.show_state("Saving…")
        elif prompt.has_draft:
            self._page.show_state("Draft saved")
        else:
            self._page.show_state(f"Version {prompt.latest}" if prompt.latest else "")
