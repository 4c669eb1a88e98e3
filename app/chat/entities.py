"""The chat's nouns: conversations as a message tree, answers with the record that repeats them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NewType

from app.chat.feedback import Feedback
from app.chat.prompt_use import PromptRef, PromptUse
from app.engine.messages import Role, Turn
from app.engine.options import Adapter, KvType, LoadOptions, Rope, Speculation, Switch
from app.engine.protocol import FinishReason, ModelFacts, Rounding, TemplateOptions, Timings
from app.engine.sampling import Sampling
from app.library.entities import ContentHash, DocumentId, DocumentKind, Place, Scope
from app.modelhub.in_use import ServedModel, host_of

ConversationId = NewType("ConversationId", int)
MessageId = NewType("MessageId", int)


class AnswerMode(StrEnum):
    """How an answer was made; always shown."""

    MODEL = "model"
    QUOTED = "quoted"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that a question came with.

    Attributes:
        sha256: of its bytes, which lie in the data folder under this name.
        name: of the file it was.
    """

    sha256: str
    name: str


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture with its bytes, checked and not yet stored."""

    picture: Picture
    data: bytes = field(repr=False)


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
class EngineSetup:
    """How the model was loaded, as far as it may bear on what it says."""

    context_length: int = 0
    threads: int = 0
    prefill_threads: int = 0
    gpu_layers: int = 0
    batch: int = 0
    micro_batch: int = 0
    kv_type_k: KvType = KvType.F16
    kv_type_v: KvType = KvType.F16
    flash_attention: Switch = Switch.AUTO
    rope: Rope = field(default_factory=Rope)
    adapters: tuple[Adapter, ...] = ()
    speculation: Speculation = field(default_factory=Speculation)
    projector: str = ""
    repacks: bool = True

    @classmethod
    def of(cls, facts: ModelFacts, options: LoadOptions) -> EngineSetup:
        """The setup of a loaded model."""
        return cls(
            context_length=facts.context_length,
            threads=facts.threads,
            prefill_threads=facts.prefill_threads,
            gpu_layers=facts.gpu_layers,
            batch=options.batch,
            micro_batch=facts.settled.micro_batch,
            kv_type_k=facts.settled.kv_type_k,
            kv_type_v=facts.settled.kv_type_v,
            flash_attention=facts.settled.flash_attention,
            rope=options.rope,
            adapters=options.adapters,
            speculation=options.speculation,
            projector=options.projector,
            repacks=options.repacks,
        )


@dataclass(frozen=True, slots=True)
class AnswerServer:
    """The server that made an answer, without anything secret.

    Attributes:
        name: of the connection, as the person calls it.
        model: as the server calls it.
        context_length: tokens, as known or assumed when it was asked.
        ignored_settings: those that would have changed the answer, but that it does not know.
        counts_exactly: whether it counted tokens; else they were estimated on the high side.
    """

    name: str = ""
    address: str = ""
    model: str = ""
    context_length: int = 0
    ignored_settings: tuple[str, ...] = ()
    counts_exactly: bool = True

    @property
    def host(self) -> str:
        """Host and port, for words."""
        return host_of(self.address)

    @classmethod
    def of(cls, served: ServedModel, sampling: Sampling | None = None) -> AnswerServer:
        """The server in use, and what it makes of these settings."""
        endpoint = served.endpoint
        return cls(
            name=endpoint.name,
            address=endpoint.base_url,
            model=endpoint.model,
            context_length=served.facts.context_length,
            ignored_settings=served.ignored_settings(sampling) if sampling is not None else (),
            counts_exactly=served.counts_exactly,
        )


@dataclass(frozen=True, slots=True)
class Repeat:
    """An answer was made by running another one again.

    Attributes:
        of: the answer that was repeated.
        is_same: its text came out the same, character for character.
        changes: what was otherwise this time and may matter, in words.
    """

    of: MessageId
    is_same: bool = False
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """All that is needed to say how an answer came about and to make it again.

    Attributes:
        found_nothing: nothing in the scope answers the question.
        turns: exactly what was sent to the model, less the pictures; empty for a quoted answer.
        offered: every passage in those turns, cited or not.
        error: why the answer broke off, in words; empty if it did not.
        engine_stopped: it broke off because the engine did not live on.
        reasoning: what the model thought before it spoke, for `thinking_s` seconds.
        problem: what could not be read in the reply, in words; empty if all could.
        exact: it was decoded alone and from the start.
        setup: None for a quoted answer, one from a server, and one of an older Cairn.
        server: None for an answer made on this computer.
        pictures: those of each of the turns; empty if none was sent.
        prompt: that the question was written with.
        persona: of the chat, as far as it was used.
        output_schema: that the answer had to follow.
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
    offered: tuple[Citation, ...] = ()
    engine_stopped: bool = False
    reasoning: str = ""
    thinking_s: float = 0.0
    problem: str = ""
    dialect: str = ""
    max_tokens: int = 0
    stop: tuple[str, ...] = ()
    template: TemplateOptions = field(default_factory=TemplateOptions)
    exact: bool = False
    rounding: Rounding = field(default_factory=Rounding)
    setup: EngineSetup | None = None
    repeat: Repeat | None = None
    server: AnswerServer | None = None
    pictures: tuple[tuple[Picture, ...], ...] = ()
    prompt: PromptRef | None = None
    persona: PromptRef | None = None
    output_schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message. An assistant message has a record; siblings are other answers to one question.

    Attributes:
        sibling, siblings: this is answer `sibling` (1-based) of `siblings`.
        pictures: that a question came with.
        prompt: that a question was written with.
        feedback: on an answer.
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
    pictures: tuple[Picture, ...] = ()
    prompt: PromptUse | None = None
    feedback: Feedback = field(default_factory=Feedback)

    @property
    def settled_text(self) -> str:
        """What holds from here on: the person's correction, else the text itself."""
        return self.feedback.correction or self.text


@dataclass(frozen=True, slots=True)
class Conversation:
    """A chat, the documents it is asked over, and the prompt that says how to answer in it."""

    id: ConversationId
    title: str
    scope: Scope
    created_at: datetime
    updated_at: datetime
    persona: PromptUse | None = None


class Stage(StrEnum):
    """What is happening while the user waits."""

    SEARCHING = "searching"
    READING = "reading"
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


@dataclass(frozen=True, slots=True)
class AnswerReasoning:
    """Thoughts to append to those of the live answer."""

    text: str


AnswerEvent = AnswerStage | AnswerText | AnswerReasoning
