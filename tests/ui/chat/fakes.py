"""Services in memory for the chat pane. The chat answers by a script that a test can hold up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from app.base.changes import Notices, Topic
from app.base.errors import AppError, NotFound
from app.base.jobs import CancelToken
from app.chat.entities import (
    AnswerEvent,
    AnswerMode,
    AnswerReasoning,
    AnswerRecord,
    AnswerStage,
    AnswerText,
    Citation,
    Conversation,
    ConversationId,
    Message,
    MessageId,
    Picture,
    PictureFile,
    Stage,
)
from app.chat.feedback import Rating, checked_correction
from app.chat.pictures import PictureMissing
from app.chat.prompt_use import PromptUse
from app.engine.host import EngineState, EngineStatus
from app.engine.messages import Role, Turn
from app.engine.protocol import FinishReason, ModelFacts, Timings
from app.library.entities import (
    Collection,
    CollectionId,
    ContentHash,
    Document,
    DocumentId,
    DocumentKind,
    DocumentStatus,
    PagePicture,
    Place,
    Scope,
)
from app.library.intake import Refused
from app.library.service import AddReport
from app.modelhub.entities import LocalModel, ModelId
from app.modelhub.in_use import LoadedModel
from app.prompts.entities import Content, Prompt, PromptId, PromptVersion
from app.settings.store import SettingsStore

NOW = datetime.now(UTC)
WAIT_S = 10.0


def make_document(number: int, title: str = "", **changes: object) -> Document:
    name = title or f"Document {number}.pdf"
    document = Document(
        id=DocumentId(number),
        path=Path("/files") / name,
        title=name,
        kind=DocumentKind.PDF,
        status=DocumentStatus.INDEXED,
        size_bytes=1000,
        collection_id=None,
        added_at=NOW,
        content=ContentHash(f"{number:064x}"),
        pages=9,
    )
    return replace(document, **changes)  # type: ignore[arg-type]  # fields of Document


def make_citation(number: int, title: str = "Contract.pdf", **changes: object) -> Citation:
    citation = Citation(
        number=number,
        document_id=DocumentId(1),
        content=ContentHash(f"{1:064x}"),
        title=title,
        path=Path("/files") / title,
        kind=DocumentKind.PDF,
        place=Place(part=2, start=4, end=16, page=3),
        quote="three months",
        score=0.8,
    )
    return replace(citation, **changes)  # type: ignore[arg-type]  # fields of Citation


MODEL_RECORD = AnswerRecord(
    AnswerMode.MODEL,
    model_name="Qwen3 8B",
    quantization="Q4_K_M",
    timings=Timings(0.3, 0.08, 900, 0, 312),
)
QUOTED_RECORD = AnswerRecord(AnswerMode.QUOTED)
LOCAL_MODEL = LocalModel(
    ModelId(1), "Qwen3 8B", Path("/m.gguf"), 1, "qwen3", "Q4_K_M", 8, 4096, True, None, NOW
)


@dataclass(slots=True)
class Script:
    """What the fake chat answers.

    Attributes:
        gate: text after the first piece waits for it.
        fail: raised instead of an answer, after the question is stored.
        thoughts: come before the text; those after the first wait for the gate too.
    """

    thoughts: tuple[str, ...] = field(default=(), kw_only=True)
    pieces: tuple[str, ...] = ("Three months [1].",)
    record: AnswerRecord = QUOTED_RECORD
    gate: threading.Event | None = None
    fail: AppError | None = None


@dataclass
class FakeChat:
    notices: Notices
    script: Script = field(default_factory=Script)
    stored: dict[ConversationId, Conversation] = field(default_factory=dict)
    answers: dict[ConversationId, list[Message]] = field(default_factory=dict)
    hidden: dict[MessageId, list[Message]] = field(default_factory=dict)
    next_id: int = 1
    repeated: list[MessageId] = field(default_factory=list)
    sent: tuple[Turn, ...] = ()
    kept: dict[Picture, bytes] = field(default_factory=dict)
    read: list[Picture] = field(default_factory=list)
    refusal: AppError | None = None  # of ratings and corrections

    def add(self, title: str, messages: Sequence[Message] = (), **changes: object) -> Conversation:
        made = Conversation(ConversationId(self._id()), title, Scope(), NOW, NOW)
        made = replace(made, **changes)  # type: ignore[arg-type]  # fields of Conversation
        self.stored[made.id] = made
        self.answers[made.id] = [replace(each, conversation_id=made.id) for each in messages]
        return made

    def conversations(self) -> tuple[Conversation, ...]:
        return tuple(self.stored.values())

    def create(self, scope: Scope | None = None, persona: PromptUse | None = None) -> Conversation:
        made = self.add("New chat", scope=scope or Scope(), persona=persona)
        self.notices.changed(Topic.CONVERSATIONS)
        return made

    def rename(self, conversation_id: ConversationId, title: str) -> None:
        self.stored[conversation_id] = replace(self.stored[conversation_id], title=title)
        self.notices.changed(Topic.CONVERSATIONS)

    def delete(self, conversation_id: ConversationId) -> None:
        del self.stored[conversation_id]
        self.notices.changed(Topic.CONVERSATIONS)

    def set_scope(self, conversation_id: ConversationId, scope: Scope) -> None:
        self.stored[conversation_id] = replace(self.stored[conversation_id], scope=scope)

    def set_persona(self, conversation_id: ConversationId, persona: PromptUse | None) -> None:
        self.stored[conversation_id] = replace(self.stored[conversation_id], persona=persona)
        self.notices.changed(Topic.CONVERSATIONS)

    def messages(self, conversation_id: ConversationId) -> tuple[Message, ...]:
        if conversation_id not in self.stored:
            raise NotFound("This chat is not there any more.")
        return tuple(self.answers[conversation_id])

    def ask(
        self,
        conversation_id: ConversationId,
        text: str,
        on_event: Callable[[AnswerEvent], None],
        cancel: CancelToken,
        *,
        pictures: Sequence[PictureFile] = (),
        prompt: PromptUse | None = None,
    ) -> Message:
        branch = self.answers[conversation_id]
        if not branch:
            self.rename(conversation_id, text)
        parent = branch[-1].id if branch else None
        self.kept |= {each.picture: each.data for each in pictures}
        shown = tuple(each.picture for each in pictures)
        asked = self._message(conversation_id, parent, Role.USER, text)
        branch.append(replace(asked, pictures=shown, prompt=prompt))
        self.notices.changed(Topic.CONVERSATIONS)
        return self._answer(conversation_id, on_event, cancel)

    def regenerate(
        self,
        message_id: MessageId,
        on_event: Callable[[AnswerEvent], None],
        cancel: CancelToken,
    ) -> Message:
        branch = next(
            each for each in self.answers.values() if any(m.id == message_id for m in each)
        )
        at = next(index for index, each in enumerate(branch) if each.id == message_id)
        before: list[Message] = []
        if branch[at].role is Role.ASSISTANT:
            before = [*self.hidden.pop(message_id, []), branch[at]]
            del branch[at:]
        made = self._answer(branch[-1].conversation_id, on_event, cancel)
        made = replace(made, sibling=len(before) + 1, siblings=len(before) + 1)
        branch[-1] = made
        self.hidden[made.id] = before
        self.notices.changed(Topic.CONVERSATIONS)
        return made

    def repeat(
        self,
        message_id: MessageId,
        on_event: Callable[[AnswerEvent], None],
        cancel: CancelToken,
    ) -> Message:
        self.repeated.append(message_id)
        return self.regenerate(message_id, on_event, cancel)

    def whole_record(self, message_id: MessageId) -> AnswerRecord | None:
        messages = [each for branch in self.answers.values() for each in branch]
        record = next(each.record for each in messages if each.id == message_id)
        return None if record is None else replace(record, turns=self.sent)

    def picture(self, picture: Picture) -> bytes:
        self.read.append(picture)
        if picture not in self.kept:
            raise PictureMissing(f"“{picture.name}” is gone.", "Attach it again.")
        return self.kept[picture]

    def choose(self, message_id: MessageId, offset: int) -> Message:
        others = self.hidden.pop(message_id)
        branch = next(
            each for each in self.answers.values() if any(m.id == message_id for m in each)
        )
        count = len(others) + 1
        chosen = replace(others[offset], sibling=count - 1, siblings=count)
        branch[-1] = chosen
        self.notices.changed(Topic.CONVERSATIONS)
        return chosen

    def rate(self, message_id: MessageId, rating: Rating | None) -> Message:
        return self._give(message_id, rating=rating)

    def correct(self, message_id: MessageId, text: str) -> Message:
        return self._give(message_id, correction=checked_correction(text))

    def _give(self, message_id: MessageId, **said: object) -> Message:
        if self.refusal is not None:
            raise self.refusal
        for branch in self.answers.values():
            for at, each in enumerate(branch):
                if each.id == message_id:
                    feedback = replace(each.feedback, **said)  # type: ignore[arg-type]  # fields
                    branch[at] = replace(each, feedback=feedback)
                    self.notices.changed(Topic.CONVERSATIONS)
                    return branch[at]
        raise NotFound("This message is not there any more.")

    def _answer(
        self,
        conversation_id: ConversationId,
        on_event: Callable[[AnswerEvent], None],
        cancel: CancelToken,
    ) -> Message:
        script = self.script
        if script.fail is not None:
            raise script.fail
        said = []
        record = script.record
        on_event(AnswerStage(Stage.SEARCHING))
        for index, thought in enumerate(script.thoughts):
            if index and script.gate is not None:
                _wait(script.gate, cancel)
            on_event(AnswerStage(Stage.THINKING))
            on_event(AnswerReasoning(thought))
        for index, piece in enumerate(script.pieces):
            if index and script.gate is not None:
                _wait(script.gate, cancel)
            if cancel.is_cancelled:
                record = replace(record, finish=FinishReason.STOPPED)
                break
            on_event(AnswerStage(Stage.WRITING))
            on_event(AnswerText(piece))
            said.append(piece)
        branch = self.answers[conversation_id]
        made = self._message(conversation_id, branch[-1].id, Role.ASSISTANT, "".join(said), record)
        branch.append(made)
        self.notices.changed(Topic.CONVERSATIONS)
        return made

    def _message(
        self,
        conversation_id: ConversationId,
        parent: MessageId | None,
        role: Role,
        text: str,
        record: AnswerRecord | None = None,
    ) -> Message:
        return Message(MessageId(self._id()), conversation_id, parent, role, text, NOW, record)

    def _id(self) -> int:
        self.next_id += 1
        return self.next_id


def _wait(gate: threading.Event, cancel: CancelToken) -> None:
    for _turn in range(round(WAIT_S / 0.01)):
        if gate.wait(0.01) or cancel.is_cancelled:
            return
    raise AssertionError("the test never opened the gate")


@dataclass
class FakeLibrary:
    notices: Notices
    stored: list[Document] = field(default_factory=list)
    shelves: list[Collection] = field(default_factory=list)
    texts: dict[int, str] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    page: PagePicture | None = None
    failure: AppError | None = None
    rendered: list[tuple[Path, int, int, str]] = field(default_factory=list)

    def documents(self) -> tuple[Document, ...]:
        return tuple(self.stored)

    def collections(self) -> tuple[Collection, ...]:
        return tuple(self.shelves)

    def add(self, paths: Sequence[Path], collection: CollectionId | None = None) -> AddReport:
        bad = {each.path for each in self.refused}
        added = [
            make_document(100 + index, path.name, path=path, status=DocumentStatus.QUEUED)
            for index, path in enumerate(paths)
            if path not in bad
        ]
        self.stored.extend(added)
        self.notices.changed(Topic.DOCUMENTS)
        return AddReport(tuple(added), tuple(self.refused))

    def part_text(self, content: ContentHash, part: int) -> str:
        if self.failure is not None:
            raise self.failure
        return self.texts[part]

    def render_page(self, path: Path, page: int, width: int, quote: str) -> PagePicture:
        self.rendered.append((path, page, width, quote))
        if self.failure is not None:
            raise self.failure
        if self.page is not None:
            return self.page
        height = round(width * 1.41)
        marks = ((width * 0.2, height * 0.6, width * 0.5, 18.0),) if quote else ()
        return PagePicture(width, height, b"\xff" * (width * height * 3), marks)


LOADED_FACTS = ModelFacts("Qwen3 8B", "qwen3", "Q4_K_M", 8192, 40_960, 2, "0" * 64, "test")
IN_USE = LoadedModel(LOCAL_MODEL, LOADED_FACTS)


@dataclass(frozen=True)
class FakeLoaded:
    model: LocalModel
    host: str = ""
    facts: ModelFacts = LOADED_FACTS

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def quantization(self) -> str:
        return self.model.quantization

    @property
    def where(self) -> str:
        return f"on {self.host}" if self.host else "on this computer"


@dataclass
class FakeServed:
    """What there is to agree to before passages are sent."""

    to_ask_about: FakeLoaded | None = None
    agreed: list[FakeLoaded] = field(default_factory=list)

    def agree(self, served: FakeLoaded) -> None:
        self.agreed.append(served)
        self.to_ask_about = None


@dataclass
class FakeModels:
    """Loads at once, or when `gate` opens, or not at all.

    Attributes:
        fail: raised instead of loading.
    """

    notices: Notices
    loaded: FakeLoaded | None = None
    state: EngineState = field(default_factory=EngineState)
    imported: list[LocalModel] = field(default_factory=lambda: [LOCAL_MODEL])
    gate: threading.Event | None = None
    fail: AppError | None = None

    @property
    def in_use(self) -> FakeLoaded | None:
        return self.loaded

    def models(self) -> tuple[LocalModel, ...]:
        return tuple(self.imported)

    def load(self, model_id: ModelId) -> None:
        if self.gate is not None:
            self.state = EngineState(EngineStatus.LOADING, LOCAL_MODEL.path)
            self.notices.changed(Topic.MODELS)
            _wait(self.gate, CancelToken())
        if self.fail is not None:
            self.state = EngineState()
            raise self.fail
        model = next(each for each in self.imported if each.id == model_id)
        self.loaded = FakeLoaded(model)
        self.state = EngineState(EngineStatus.LOADED, model.path)
        self.notices.changed(Topic.MODELS)


@dataclass
class FakePrompts:
    """Prompts with their versions, the newest last."""

    notices: Notices
    kept: dict[PromptId, tuple[Prompt, list[Content]]] = field(default_factory=dict)

    def add(self, name: str, *contents: Content, **changes: object) -> Prompt:
        prompt_id = PromptId(len(self.kept) + 1)
        prompt = Prompt(prompt_id, name, NOW, NOW, latest=len(contents))
        self.kept[prompt_id] = (
            replace(prompt, **changes),  # type: ignore[arg-type]  # fields of Prompt
            list(contents),
        )
        self.notices.changed(Topic.PROMPTS)
        return self.kept[prompt_id][0]

    def keep(self, prompt_id: PromptId, content: Content) -> None:
        """Another version."""
        prompt, contents = self.kept[prompt_id]
        contents.append(content)
        self.kept[prompt_id] = (replace(prompt, latest=len(contents)), contents)
        self.notices.changed(Topic.PROMPTS)

    def prompts(self) -> tuple[Prompt, ...]:
        return tuple(prompt for prompt, _contents in self.kept.values())

    def version(self, prompt_id: PromptId, number: int) -> PromptVersion:
        if prompt_id not in self.kept:
            raise NotFound("This prompt is not there any more.")
        return PromptVersion(prompt_id, number, self.kept[prompt_id][1][number - 1], NOW)


@dataclass
class FakeServices:
    settings: SettingsStore
    notices: Notices
    chat: FakeChat
    library: FakeLibrary
    models: FakeModels
    prompts: FakePrompts
    served: FakeServed = field(default_factory=FakeServed)


def fake_services(settings: Path) -> FakeServices:
    notices = Notices()
    return FakeServices(
        SettingsStore(settings),
        notices,
        FakeChat(notices),
        FakeLibrary(notices),
        FakeModels(notices),
        FakePrompts(notices),
    )


def make_message(
    number: int, text: str, record: AnswerRecord | None = None, **changes: object
) -> Message:
    """A question without a record, else an answer."""
    message = Message(
        MessageId(1000 + number),
        ConversationId(1),
        MessageId(999 + number) if number else None,
        Role.USER if record is None else Role.ASSISTANT,
        text,
        NOW,
        record,
    )
    return replace(message, **changes)  # type: ignore[arg-type]  # fields of Message
