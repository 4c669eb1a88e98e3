"""The chat's nouns: conversations as a message tree, answers with the record that repeats them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NewType

from app.engine.messages import Role, Turn
from app.engine.protocol import FinishReason, Timings
from app.engine.sampling import Sampling
from app.library.entities import ContentHash, DocumentId, DocumentKind, Place, Scope

ConversationId = NewType("ConversationId", int)
MessageId = NewType("MessageId", int)


class AnswerMode(StrEnum):
    """How an answer was made; always shown."""

    MODEL = "model"
    QUOTED = "quoted"


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered source of an answer. It stays readable when the document is gone.

    Attributes:
        number: 1-based, as printed in the answer's text: [1].
        document_id: None once the document was removed from the library.
        quote: the words to mark when it is opened.
    """

    number: int
    document_id: DocumentId | None
    content: ContentHash
    title: str
    path: Path
    kind: DocumentKind
    place: Place
    quote: str
    score: float


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """All that is needed to say how an answer came about and to make it again.

    Attributes:
        found_nothing: nothing in the scope answers the question.
        turns: exactly what was sent to the model; empty for a quoted answer.
        error: why the answer broke off, in words; empty if it did not.
    """

    mode: AnswerMode
    citations: tuple[Citation, ...] = ()
    found_nothing: bool = False
    finish: FinishReason = FinishReason.END
    error: str = ""
    model_name: str = ""
    model_path: str = ""
    model_sha256: str = ""
    quantization: str = ""
    template_sha256: str = ""
    engine_build: str = ""
    sampling: Sampling | None = None
    turns: tuple[Turn, ...] = ()
    timings: Timings = field(default_factory=Timings)
    search_s: float = 0.0
    total_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Message:
    """One message. An assistant message has a record; siblings are other answers to one question.

    Attributes:
        sibling, siblings: this is answer `sibling` (1-based) of `siblings`.
    """

    id: MessageId
    conversation_id: ConversationId
    parent_id: MessageId | None
    role: Role
    text: str
    created_at: datetime
    record: AnswerRecord | None = None
    sibling: int = 1
    siblings: int = 1


@dataclass(frozen=True, slots=True)
class Conversation:
    """A chat and the documents it is asked over."""

    id: ConversationId
    title: str
    scope: Scope
    created_at: datetime
    updated_at: datetime


class Stage(StrEnum):
    """What is happening while the user waits."""

    SEARCHING = "searching"
    THINKING = "thinking"
    WRITING = "writing"


@dataclass(frozen=True, slots=True)
class AnswerStage:
    """The answer entered a stage."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class AnswerText:
    """Text to append to the live answer."""

    text: str


AnswerEvent = AnswerStage | AnswerText
