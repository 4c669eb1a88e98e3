"""The conversation that is shown: its messages, and the answer that is being made in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.base.errors import AppError
from app.chat.entities import Conversation, ConversationId, Message, MessageId
from app.chat.live import Phase
from app.chat.prompt_use import PromptUse
from app.engine.messages import Role
from app.library.entities import Scope
from app.modelhub.in_use import ModelInUse
from app.ui.chat.asking import Asking
from app.ui.chat.consent import Gate, open_gate
from app.ui.chat.draft import Draft
from app.ui.chat.running_answer import RunningAnswer
from app.ui.chat.view import ChatView
from app.ui.chat.words import expected_label, outcome_text
from app.ui.icons import Icons
from app.ui.jobs import JobRunner
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.info_bar import InfoBar, announce

if TYPE_CHECKING:
    from app.chat.service import ChatService


class ShownChat(QObject):
    """One conversation at a time; a new one is stored with its first question.

    Attributes:
        in_use: the model that answers, as far as is known here.
        gate: called with what answers once more; it calls that at once, later, or not at all.

    Signals:
        switched: another conversation is shown, or a new one.
        busy_changed: an answer began or ended, here or elsewhere.
        stored: the new chat that was shown is this `Conversation` now.
        failed: an `AppError` that concerns what is shown.
        failed_elsewhere: an `AppError` of an answer in another conversation.
    """

    switched = Signal()
    busy_changed = Signal()
    stored = Signal(object)
    failed = Signal(object)
    failed_elsewhere = Signal(object)

    def __init__(self, view: ChatView, jobs: JobRunner, icons: Icons, parent: QObject) -> None:
        super().__init__(parent)
        self._view = view
        self._jobs = jobs
        self._icons = icons
        self._chat: ChatService | None = None
        self._asking: Asking | None = None
        self._asked_new: RunningAnswer | None = None  # in a chat that is not stored yet
        self._drafts: dict[ConversationId | None, Draft] = {}
        self.current: ConversationId | None = None
        self.in_use: ModelInUse | None = None
        self.gate: Gate = open_gate
        view.transcript.regenerate_requested.connect(self.regenerate)
        view.transcript.repeat_requested.connect(self.repeat)
        view.transcript.sibling_requested.connect(self._on_sibling_requested)
        view.composer.recall_requested.connect(self._on_recall_requested)
        view.composer.stop_requested.connect(self.stop)

    def attach(self, chat: ChatService) -> None:
        """The service is there."""
        self._chat = chat
        self._asking = Asking(chat, self._jobs, self)
        self._asking.advanced.connect(self._on_advanced)
        self._asking.ended.connect(self._on_ended)
        self._asking.conversation_made.connect(self._on_conversation_made)

    @property
    def is_empty(self) -> bool:
        """Whether this is a new chat in which nothing was asked yet."""
        return self.current is None and self._asked_new is None

    @property
    def running(self) -> RunningAnswer | None:
        """The answer that is being made in what is shown."""
        if self.current is None:
            return self._asked_new
        return self._asking.running(self.current) if self._asking is not None else None

    @property
    def busy(self) -> frozenset[ConversationId]:
        """The conversations in which answers are being made."""
        return self._asking.busy if self._asking is not None else frozenset()

    def start_new(self) -> None:
        """Show a new chat."""
        self._switch(None)

    def show(self, conversation_id: ConversationId) -> None:
        """Show a stored conversation, at its end."""
        if conversation_id == self.current:
            return
        self._switch(conversation_id)
        self._view.transcript.show_messages(())
        self._view.show_transcript()
        self._read(partial(self._on_opened, conversation_id))

    def reload(self) -> None:
        """Something was written in a conversation: read again what is shown."""
        if self.current is not None:
            self._reread(self.current)

    def ask(self, question: Draft, scope: Scope, persona: PromptUse | None = None) -> None:
        """Ask here; a new chat takes the persona."""
        if self._asking is None or self.running is not None:
            self._view.composer.set_draft(question)
            return
        self._view.bars.clear()
        if self.is_empty:
            self._view.transcript.show_messages(())
        answer = self._asking.ask(self.current, scope, question, persona)
        if self.current is None:
            self._asked_new = answer
        self._view.show_transcript()
        self._begin(question, answer)
        self._show_running()

    def regenerate(self, message_id: MessageId) -> None:
        """Answer once more."""
        if self._asking is not None:
            self.gate(partial(self._answer_again, message_id, self._asking.regenerate))

    def repeat(self, message_id: MessageId) -> None:
        """Run an answer again exactly."""
        if self._asking is not None:
            self.gate(partial(self._answer_again, message_id, self._asking.repeat))

    def _begin(self, question: Draft | None, answer: RunningAnswer) -> None:
        self._view.transcript.begin_answer(
            question.text if question is not None else None,
            expected_label(self.in_use),
            answer.live,
            pictures=question.shown if question is not None else (),
        )

    def _answer_again(
        self,
        message_id: MessageId,
        start: Callable[[ConversationId, Message], RunningAnswer],
    ) -> None:
        found = [each for each in self._view.transcript.messages if each.id == message_id]
        if self.current is None or self.running or not found:
            return
        self._view.bars.clear()
        answer = start(self.current, found[0])
        if answer.replaces is not None:
            self._view.transcript.cut_from(answer.replaces)
        self._begin(None, answer)
        self._show_running()

    def stop(self) -> None:
        """Stop the answer that is being made here."""
        if self.running is not None:
            self.running.stop()

    def stop_all(self) -> None:
        """Stop every answer: the window closes."""
        if self._asking is not None:
            self._asking.stop_all()

    def _switch(self, conversation_id: ConversationId | None) -> None:
        composer = self._view.composer
        self._drafts[self.current] = composer.draft
        self._view.bars.clear()
        self.current, self._asked_new = conversation_id, None
        composer.set_draft(self._drafts.pop(conversation_id, Draft()))
        self._show_running()
        self.switched.emit()

    def _read(self, done: Callable[[tuple[Message, ...]], object]) -> None:
        if self._chat is not None and self.current is not None:
            self._jobs.submit(
                self._chat.messages,
                self.current,
                owner=self,
                done=done,
                failed=partial(self._on_read_failed, self.current),
            )

    def _on_read_failed(self, conversation_id: ConversationId, error: AppError) -> None:
        if conversation_id == self.current:
            self.failed.emit(error)

    def _on_opened(self, conversation_id: ConversationId, messages: tuple[Message, ...]) -> None:
        if conversation_id != self.current:
            return
        messages = self._without_replaced(messages)
        transcript = self._view.transcript
        transcript.show_messages(messages)
        if (running := self.running) is not None:
            is_stored = bool(messages) and messages[-1].role is Role.USER
            self._begin(None if is_stored else running.question, running)
        self._offer_answer(messages)

    def _reread(self, conversation_id: ConversationId, failed: Draft | None = None) -> None:
        """Read again; `failed` is a question that may not even have been stored."""
        self._read(partial(self._on_reread, conversation_id, failed))

    def _on_reread(
        self,
        conversation_id: ConversationId,
        failed: Draft | None,
        messages: tuple[Message, ...],
    ) -> None:
        if conversation_id != self.current:
            return
        messages = self._without_replaced(messages)
        self._view.transcript.update_messages(messages)
        self._offer_answer(messages)
        if failed is None or (messages and messages[-1].text == failed.text):
            return
        if self._view.composer.draft.is_empty:
            self._view.composer.set_draft(failed)

    def _without_replaced(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """The messages above the answer that is being made anew."""
        replaced = self.running.replaces if self.running is not None else None
        ids = [each.id for each in messages]
        return messages[: ids.index(replaced)] if replaced in ids else messages

    def _offer_answer(self, messages: Sequence[Message]) -> None:
        """A question that was never answered (a crash, a pulled plug) can be answered now."""
        self._view.bars.clear()
        if not messages or messages[-1].role is not Role.USER or self.running is not None:
            return
        bar = InfoBar(
            self._icons,
            "This question has no answer yet.",
            Severity.INFO,
            choice=Choice("Answer it", partial(self.regenerate, messages[-1].id)),
            closable=False,
        )
        self._view.bars.add(bar)

    def _show_running(self) -> None:
        running = self.running
        can_stop = running is not None and running.live.can_stop
        self._view.composer.set_running(running is not None, can_stop=can_stop)
        self.busy_changed.emit()

    def _on_conversation_made(self, answer: RunningAnswer, conversation: Conversation) -> None:
        if answer is self._asked_new:
            self.current, self._asked_new = conversation.id, None
            self.stored.emit(conversation)
        self.busy_changed.emit()

    def _on_advanced(self, answer: RunningAnswer) -> None:
        if answer is self.running:
            self._view.transcript.advance_answer()
            if answer.live.phase is Phase.STOPPING:
                self._show_running()

    def _on_ended(self, answer: RunningAnswer) -> None:
        live = answer.live
        is_new = answer is self._asked_new
        if not is_new and answer.conversation_id != self.current:
            self.busy_changed.emit()
            if live.error is not None:
                self.failed_elsewhere.emit(live.error)
            return
        self._asked_new = None
        announce(self._view.transcript, outcome_text(live))
        if live.message is None:
            self._view.transcript.drop_answer()
        if is_new and answer.question is not None and self._view.composer.draft.is_empty:
            self._view.composer.set_draft(answer.question)  # nothing was stored
        self._show_running()
        if self.current is not None:
            self._reread(self.current, answer.question if live.error is not None else None)
        if is_new:
            self.switched.emit()
        if live.error is not None:
            self.failed.emit(live.error)

    def _on_sibling_requested(self, message_id: MessageId, offset: int) -> None:
        if self._chat is not None and self.running is None:
            self._jobs.submit(
                self._chat.choose,
                message_id,
                offset,
                owner=self,
                done=lambda _message: self.reload(),
                failed=self.failed.emit,
            )

    def _on_recall_requested(self) -> None:
        asked = [each for each in self._view.transcript.messages if each.role is Role.USER]
        if asked and not self.is_empty:
            self._view.composer.set_text(asked[-1].text)
            self._view.composer.prompt.show_use(asked[-1].prompt)
