"""Asks questions, and keeps the answers that are being made: at most one a conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.base.jobs import CancelToken
from app.chat.entities import Conversation, ConversationId, Message
from app.chat.prompt_use import PromptUse
from app.engine.messages import Role
from app.library.entities import Scope
from app.ui.chat.draft import Draft
from app.ui.chat.running_answer import OnEvent, RunningAnswer
from app.ui.jobs import JobRunner

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.chat.service import ChatService


class Asking(QObject):
    """The running answers.

    Signals:
        advanced, ended: a `RunningAnswer`.
        conversation_made: a `RunningAnswer` and the new `Conversation` it lies in.
    """

    advanced = Signal(object)
    ended = Signal(object)
    conversation_made = Signal(object, object)

    def __init__(self, chat: ChatService, jobs: JobRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._chat = chat
        self._jobs = jobs
        self._running: list[RunningAnswer] = []

    @property
    def busy(self) -> frozenset[ConversationId]:
        """The conversations in which an answer is being made."""
        ids = (each.conversation_id for each in self._running)
        return frozenset(each for each in ids if each is not None)

    def running(self, conversation_id: ConversationId | None) -> RunningAnswer | None:
        """The answer being made in a conversation."""
        found = [each for each in self._running if each.conversation_id == conversation_id]
        return found[0] if found and conversation_id is not None else None

    def ask(
        self,
        conversation_id: ConversationId | None,
        scope: Scope,
        question: Draft,
        persona: PromptUse | None = None,
    ) -> RunningAnswer:
        """Ask in a conversation, or in a new one over these documents and with this persona."""
        chat = self._chat

        def work(
            on_event: OnEvent, on_made: Callable[[Conversation], None], cancel: CancelToken
        ) -> Message:
            target = conversation_id
            if target is None:
                made = chat.create(scope, persona)
                on_made(made)
                target = made.id
            return chat.ask(
                target,
                question.text,
                on_event,
                cancel,
                pictures=question.files,
                prompt=question.prompt,
            )

        answer = self._start(conversation_id, question)
        answer.run(work)
        return answer

    def regenerate(self, conversation_id: ConversationId, message: Message) -> RunningAnswer:
        """Answer once more what a message answers, or asks."""
        chat, message_id = self._chat, message.id

        def work(on_event: OnEvent, _on_made: object, cancel: CancelToken) -> Message:
            return chat.regenerate(message_id, on_event, cancel)

        answer = self._start(conversation_id, None)
        answer.replaces = message_id if message.role is not Role.USER else None
        answer.run(work)
        return answer

    def repeat(self, conversation_id: ConversationId, message: Message) -> RunningAnswer:
        """Run an answer again exactly."""
        chat, message_id = self._chat, message.id

        def work(on_event: OnEvent, _on_made: object, cancel: CancelToken) -> Message:
            return chat.repeat(message_id, on_event, cancel)

        answer = self._start(conversation_id, None)
        answer.replaces = message_id
        answer.run(work)
        return answer

    def stop_all(self) -> None:
        """Stop every answer."""
        for answer in tuple(self._running):
            answer.stop()

    def _start(
        self, conversation_id: ConversationId | None, question: Draft | None
    ) -> RunningAnswer:
        answer = RunningAnswer(self._jobs, conversation_id, question, self)
        answer.advanced.connect(lambda: self.advanced.emit(answer))
        answer.ended.connect(lambda: self._on_ended(answer))
        answer.conversation_made.connect(lambda made: self.conversation_made.emit(answer, made))
        self._running.append(answer)
        return answer

    def _on_ended(self, answer: RunningAnswer) -> None:
        self._running.remove(answer)
        self.ended.emit(answer)
        answer.deleteLater()
