"""The chat's use cases: conversations, asking, asking again. The question is stored first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from app.base.changes import Notices, Topic
from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.chat import store
from app.chat.answers import Answer, AnswerMaker, Question
from app.chat.entities import (
    AnswerRecord,
    Conversation,
    ConversationId,
    Message,
    MessageId,
    Picture,
    PictureFile,
    Repeat,
)
from app.chat.feedback import Rating, checked_correction
from app.chat.pictures import PictureFolder, check_number
from app.chat.prompt_use import PromptUse
from app.chat.repeat import CannotRepeat
from app.chat.stream import OnEvent
from app.engine.messages import Role, Turn
from app.engine.protocol import FinishReason
from app.library.entities import Scope
from app.storage.db import Database, Session

NEW_TITLE = "New chat"
TITLE_LENGTH = 60
_TAG = re.compile(r"</?[A-Za-z_]\w*>")


class EmptyQuestion(AppError):
    """There is nothing to answer."""


class ChatService:
    """Conversations and their answers."""

    def __init__(
        self,
        database: Database,
        notices: Notices,
        answers: AnswerMaker,
        pictures: PictureFolder,
    ) -> None:
        self._database = database
        self._notices = notices
        self._answers = answers
        self._pictures = pictures

    def conversations(self) -> tuple[Conversation, ...]:
        """Every conversation, last used first."""
        with self._database.read() as session:
            return store.conversations(session)

    def conversation(self, conversation_id: ConversationId) -> Conversation:
        """One conversation, or `NotFound`."""
        with self._database.read() as session:
            return store.conversation(session, conversation_id)

    def create(self, scope: Scope | None = None, persona: PromptUse | None = None) -> Conversation:
        """Start an empty conversation over these documents; over all when not said."""
        chosen = scope or Scope()
        made = self._database.write(lambda s: store.create(s, NEW_TITLE, chosen, persona))
        self._notices.changed(Topic.CONVERSATIONS)
        return made

    def rename(self, conversation_id: ConversationId, title: str) -> None:
        """Give a conversation a title; an empty one is ignored."""
        title = " ".join(title.split())
        if title:
            self._database.write(lambda s: store.set_title(s, conversation_id, title))
            self._notices.changed(Topic.CONVERSATIONS)

    def delete(self, conversation_id: ConversationId) -> None:
        """Delete a conversation for good, with its pictures and what the engine remembers of it."""
        self._database.write(lambda s: store.delete(s, conversation_id))
        # On the lane of writes, so that no picture that is just being stored looks unused.
        self._database.write(lambda s: self._pictures.keep_only(store.pictures_in_use(s)))
        self._answers.forget()
        self._notices.changed(Topic.CONVERSATIONS)

    def set_scope(self, conversation_id: ConversationId, scope: Scope) -> None:
        """Choose which documents the next questions are asked over."""
        self._database.write(lambda s: store.set_scope(s, conversation_id, scope))
        self._notices.changed(Topic.CONVERSATIONS)

    def set_persona(self, conversation_id: ConversationId, persona: PromptUse | None) -> None:
        """Choose what says how the next questions are answered; None for nothing of one's own."""
        self._database.write(lambda s: store.set_persona(s, conversation_id, persona))
        self._notices.changed(Topic.CONVERSATIONS)

    def messages(self, conversation_id: ConversationId) -> tuple[Message, ...]:
        """The shown branch, oldest first. Records come without the turns that were sent."""
        with self._database.read() as session:
            return store.shown_branch(session, conversation_id)

    def sent_turns(self, message_id: MessageId) -> tuple[Turn, ...]:
        """What was sent to the model for an answer, word for word."""
        with self._database.read() as session:
            return store.sent_turns(session, message_id)

    def whole_record(self, message_id: MessageId) -> AnswerRecord | None:
        """The record of an answer with all that was sent to the model; None for a question."""
        with self._database.read() as session:
            return store.whole_record(session, message_id)

    def picture(self, picture: Picture) -> bytes:
        """The bytes of a picture that a message refers to.

        Raises:
            PictureMissing: they are not in the data folder any more.
        """
        return self._pictures.read(picture)

    def choose(self, message_id: MessageId, offset: int) -> Message:
        """Show the next (+1) or previous (-1) answer to the same question."""
        chosen = self._database.write(lambda s: store.choose_sibling(s, message_id, offset))
        self._notices.changed(Topic.CONVERSATIONS)
        return chosen

    def rate(self, message_id: MessageId, rating: Rating | None) -> Message:
        """Note that a person finds an answer good or bad; None takes that back.

        Raises:
            NotFound: there is no such answer.
        """
        rated = self._database.write(lambda s: store.rate(s, message_id, rating))
        self._notices.changed(Topic.CONVERSATIONS)
        return rated

    def correct(self, message_id: MessageId, text: str) -> Message:
        """Keep an answer as it should have been beside the answer, which stays as it is.

        Later questions build on the correction. One that is empty, or says the same as the answer,
        takes it back.

        Raises:
            CorrectionTooLong: it has more than 100,000 characters.
            NotFound: there is no such answer.
        """
        checked = checked_correction(text)
        corrected = self._database.write(lambda s: store.correct(s, message_id, checked))
        self._notices.changed(Topic.CONVERSATIONS)
        return corrected

    def ask(
        self,
        conversation_id: ConversationId,
        text: str,
        on_event: OnEvent,
        cancel: CancelToken,
        *,
        pictures: Sequence[PictureFile] = (),
        prompt: PromptUse | None = None,
    ) -> Message:
        """Ask, and wait for the stored answer.

        The question is stored before anything else happens. A stopped or broken-off answer is
        stored too, with what there is of it.

        Args:
            conversation_id: where.
            text: the question.
            on_event: called for stages, thoughts and text.
            cancel: ends the answer early.
            pictures: that the question is about, too.
            prompt: that it was written with; it applies to this question only.

        Raises:
            EmptyQuestion: there is nothing but space.
            NotFound: the conversation is gone.
            PictureError: there are too many pictures, or they cannot be stored.
        """
        text = _checked(text)
        check_number(pictures)
        shown = tuple(each.picture for each in pictures)

        def put(session: Session) -> tuple[Message, tuple[Message, ...]]:
            history = store.shown_branch(session, conversation_id)
            if not history:
                store.set_title(session, conversation_id, _title(text, prompt))
            parent = history[-1].id if history else None
            question = store.add_message(
                session,
                conversation_id,
                parent,
                Role.USER,
                text,
                pictures=shown,
                prompt=prompt,
            )
            for each in pictures:  # if one cannot be stored, nothing is
                self._pictures.put(each)
            return question, history

        question, history = self._database.write(put)
        self._notices.changed(Topic.CONVERSATIONS)
        return self._answer(question, history, on_event, cancel)

    def ask_once(
        self,
        text: str,
        scope: Scope,
        on_event: OnEvent,
        cancel: CancelToken,
        *,
        passages: int | None = None,
    ) -> Answer:
        """Answer a question that belongs to no conversation; nothing of it is stored.

        Args:
            text: the question.
            scope: the documents to answer from.
            on_event: called for stages and text.
            cancel: ends the answer early.
            passages: how many to draw on; None takes the setting.
        """
        question = Question(_checked(text), (), scope, passages)
        return self._answers.answer(question, on_event, cancel)

    def regenerate(self, message_id: MessageId, on_event: OnEvent, cancel: CancelToken) -> Message:
        """Answer the question of this message once more; the former answer stays as a sibling.

        Args:
            message_id: an answer, or a question (one that never got an answer, say).
        """
        with self._database.read() as session:
            branch = store.branch_to(session, message_id)
        if branch[-1].role is Role.ASSISTANT:
            branch = branch[:-1]
        return self._answer(branch[-1], branch[:-1], on_event, cancel)

    def repeat(self, message_id: MessageId, on_event: OnEvent, cancel: CancelToken) -> Message:
        """Run an answer again exactly: the same turns, sampling and seed, decoded alone.

        The new answer becomes a sibling; its record says whether it came out the same.

        Raises:
            CannotRepeat: not with the model that is loaded; the words say what differs.
        """
        with self._database.read() as session:
            branch = store.branch_to(session, message_id)
            record = store.whole_record(session, message_id)
        if record is None or len(branch) < 2:
            raise CannotRepeat("Only an answer can be run again.")
        answer = self._answers.repeat(record, on_event, cancel)
        changes = answer.record.repeat.changes if answer.record.repeat is not None else ()
        repeat = Repeat(message_id, _is_same(branch[-1].text, record, answer), changes)
        answer = replace(answer, record=replace(answer.record, repeat=repeat))
        return self._put(branch[-2], answer)

    def _answer(
        self,
        question: Message,
        history: tuple[Message, ...],
        on_event: OnEvent,
        cancel: CancelToken,
    ) -> Message:
        conversation = self.conversation(question.conversation_id)
        asked = Question(
            question.text,
            history,
            conversation.scope,
            pictures=question.pictures,
            prompt=question.prompt,
            persona=conversation.persona,
        )
        return self._put(question, self._answers.answer(asked, on_event, cancel))

    def _put(self, question: Message, answer: Answer) -> Message:
        stored = self._database.write(lambda s: _put_answer(s, question, answer))
        self._notices.changed(Topic.CONVERSATIONS)
        return stored


def _is_same(text: str, record: AnswerRecord, again: Answer) -> bool:
    """Whether an answer came out the same, as far as the first one went."""
    if record.finish in (FinishReason.STOPPED, FinishReason.FAILED):
        return again.text.startswith(text) and again.record.reasoning.startswith(record.reasoning)
    return again.text == text and again.record.reasoning == record.reasoning


def _put_answer(session: Session, question: Message, answer: Answer) -> Message:
    return store.add_message(
        session,
        question.conversation_id,
        question.id,
        Role.ASSISTANT,
        answer.text,
        answer.record,
    )


def _checked(text: str) -> str:
    text = text.strip()
    if not text:
        raise EmptyQuestion("There is no question.", "Write one, then send it.")
    return text


def _title(text: str, prompt: PromptUse | None) -> str:
    if prompt is not None:
        # Prompts often put what they are given between tags.
        text = f"{prompt.ref.name}: {_TAG.sub(' ', text)}"
    line = " ".join(text.split())
    if len(line) <= TITLE_LENGTH:
        return line
    return line[:TITLE_LENGTH].rsplit(" ", 1)[0].rstrip(",.;:") + "…"
