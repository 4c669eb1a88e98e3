"""Queries of the chat: rows in, entities out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update

from app.base.errors import NotFound
from app.chat.entities import (
    AnswerRecord,
    Conversation,
    ConversationId,
    Message,
    MessageId,
    Picture,
)
from app.chat.feedback import Feedback, Rating
from app.chat.prompt_use import PromptUse
from app.chat.records import (
    pictures_from_json,
    pictures_to_json,
    record_from_json,
    record_to_json,
    sent_to_json,
    turns_from_json,
    use_from_json,
    use_to_json,
    with_sent,
)
from app.chat.tables import ConversationRow, MessageRow
from app.engine.messages import Role, Turn
from app.library.entities import CollectionId, DocumentId, Scope
from app.storage.base import now
from app.storage.db import Session


def conversations(session: Session) -> tuple[Conversation, ...]:
    """Every conversation, last used first."""
    query = select(ConversationRow).order_by(
        ConversationRow.updated_at.desc(), ConversationRow.id.desc()
    )
    return tuple(_conversation(row) for row in session.scalars(query))


def conversation(session: Session, conversation_id: ConversationId) -> Conversation:
    """One conversation, or `NotFound`."""
    return _conversation(_row(session, conversation_id))


def create(
    session: Session, title: str, scope: Scope, persona: PromptUse | None = None
) -> Conversation:
    """An empty conversation."""
    moment = now()
    row = ConversationRow(
        title=title,
        scope=_scope_to_json(scope),
        created_at=moment,
        updated_at=moment,
        persona=use_to_json(persona),
    )
    session.add(row)
    session.flush()
    return _conversation(row)


def set_title(session: Session, conversation_id: ConversationId, title: str) -> None:
    """Rename a conversation."""
    _row(session, conversation_id).title = title


def set_scope(session: Session, conversation_id: ConversationId, scope: Scope) -> None:
    """Change which documents a conversation is asked over."""
    _row(session, conversation_id).scope = _scope_to_json(scope)


def set_persona(
    session: Session, conversation_id: ConversationId, persona: PromptUse | None
) -> None:
    """Change what a conversation is answered by."""
    _row(session, conversation_id).persona = use_to_json(persona)


def delete(session: Session, conversation_id: ConversationId) -> None:
    """Delete a conversation and its messages."""
    session.delete(_row(session, conversation_id))


def shown_branch(session: Session, conversation_id: ConversationId) -> tuple[Message, ...]:
    """The messages from the first question along the chosen siblings."""
    query = select(MessageRow).where(MessageRow.conversation_id == conversation_id)
    children: defaultdict[int | None, list[MessageRow]] = defaultdict(list)
    for row in session.scalars(query.order_by(MessageRow.id)):
        children[row.parent_id].append(row)
    branch: list[Message] = []
    parent: int | None = None
    while siblings := children.get(parent):
        position = next((i for i, each in enumerate(siblings) if each.chosen), len(siblings) - 1)
        row = siblings[position]
        branch.append(_message(row, position + 1, len(siblings)))
        parent = row.id
    return tuple(branch)


def branch_to(session: Session, message_id: MessageId) -> tuple[Message, ...]:
    """The messages from the first question down to this one, whether shown or not."""
    branch: list[Message] = []
    current: int | None = message_id
    while current is not None:
        row = _message_row(session, MessageId(current))
        branch.append(_message(row))
        current = row.parent_id
    return tuple(reversed(branch))


def message(session: Session, message_id: MessageId) -> Message:
    """One message with its place among its siblings, or `NotFound`."""
    row = _message_row(session, message_id)
    siblings = _sibling_ids(session, row)
    return _message(row, siblings.index(row.id) + 1, len(siblings))


def add_message(
    session: Session,
    conversation_id: ConversationId,
    parent_id: MessageId | None,
    role: Role,
    text: str,
    record: AnswerRecord | None = None,
    pictures: Sequence[Picture] = (),
    prompt: PromptUse | None = None,
) -> Message:
    """Add a message and show it instead of its siblings."""
    conversation_row = _row(session, conversation_id)
    session.execute(
        update(MessageRow)
        .where(
            MessageRow.conversation_id == conversation_id,
            MessageRow.parent_id.is_not_distinct_from(parent_id),
        )
        .values(chosen=False)
    )
    row = MessageRow(
        conversation_id=conversation_id,
        parent_id=parent_id,
        role=role.value,
        text=text,
        chosen=True,
        created_at=now(),
        record=None if record is None else record_to_json(record),
        turns=None if record is None else sent_to_json(record),
        pictures=pictures_to_json(pictures),
        prompt=use_to_json(prompt),
    )
    session.add(row)
    conversation_row.updated_at = row.created_at
    session.flush()
    return message(session, MessageId(row.id))


def choose_sibling(session: Session, message_id: MessageId, offset: int) -> Message:
    """Show the sibling `offset` places further; the ends hold."""
    row = _message_row(session, message_id)
    siblings = _sibling_ids(session, row)
    position = min(max(siblings.index(row.id) + offset, 0), len(siblings) - 1)
    session.execute(update(MessageRow).where(MessageRow.id.in_(siblings)).values(chosen=False))
    session.execute(
        update(MessageRow).where(MessageRow.id == siblings[position]).values(chosen=True)
    )
    return message(session, MessageId(siblings[position]))


def rate(session: Session, message_id: MessageId, rating: Rating | None) -> Message:
    """Note what a person thinks of an answer; `NotFound` for anything else."""
    _answer_row(session, message_id).rating = None if rating is None else rating.value
    return message(session, message_id)


def correct(session: Session, message_id: MessageId, text: str) -> Message:
    """Put a person's text beside an answer; empty, or like the answer, there is none."""
    row = _answer_row(session, message_id)
    row.correction = text if text and text != row.text.strip() else None
    return message(session, message_id)


def pictures_in_use(session: Session) -> frozenset[str]:
    """The SHA-256 of every picture that a message refers to."""
    lists = session.scalars(select(MessageRow.pictures).where(MessageRow.pictures.is_not(None)))
    return frozenset(each.sha256 for data in lists for each in pictures_from_json(data))


def sent_turns(session: Session, message_id: MessageId) -> tuple[Turn, ...]:
    """What was sent to the model for this answer, word for word."""
    return turns_from_json(_message_row(session, message_id).turns)


def whole_record(session: Session, message_id: MessageId) -> AnswerRecord | None:
    """The record of an answer with what was sent to the model; None for a question."""
    row = _message_row(session, message_id)
    return None if row.record is None else with_sent(record_from_json(row.record), row.turns)


def _row(session: Session, conversation_id: ConversationId) -> ConversationRow:
    row = session.get(ConversationRow, conversation_id)
    if row is None:
        raise NotFound("This chat is not there any more.")
    return row


def _message_row(session: Session, message_id: MessageId) -> MessageRow:
    row = session.get(MessageRow, message_id)
    if row is None:
        raise NotFound("This message is not there any more.")
    return row


def _answer_row(session: Session, message_id: MessageId) -> MessageRow:
    row = _message_row(session, message_id)
    if Role(row.role) is not Role.ASSISTANT:
        raise NotFound("This message is no answer.")
    return row


def _sibling_ids(session: Session, row: MessageRow) -> Sequence[int]:
    query = select(MessageRow.id).where(
        MessageRow.conversation_id == row.conversation_id,
        MessageRow.parent_id.is_not_distinct_from(row.parent_id),
    )
    return session.scalars(query.order_by(MessageRow.id)).all()


def _conversation(row: ConversationRow) -> Conversation:
    scope = Scope(
        collections=tuple(CollectionId(each) for each in row.scope.get("collections", ())),
        documents=tuple(DocumentId(each) for each in row.scope.get("documents", ())),
    )
    return Conversation(
        ConversationId(row.id),
        row.title,
        scope,
        row.created_at,
        row.updated_at,
        use_from_json(row.persona),
    )


def _scope_to_json(scope: Scope) -> dict[str, Any]:
    return {"collections": list(scope.collections), "documents": list(scope.documents)}


def _message(row: MessageRow, sibling: int = 1, siblings: int = 1) -> Message:
    return Message(
        id=MessageId(row.id),
        conversation_id=ConversationId(row.conversation_id),
        parent_id=None if row.parent_id is None else MessageId(row.parent_id),
        role=Role(row.role),
        text=row.text,
        created_at=row.created_at,
        record=None if row.record is None else record_from_json(row.record),
        sibling=sibling,
        siblings=siblings,
        pictures=pictures_from_json(row.pictures),
        prompt=use_from_json(row.prompt),
        feedback=Feedback(Rating(row.rating) if row.rating else None, row.correction or ""),
    )
