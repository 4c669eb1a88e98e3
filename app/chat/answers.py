"""Makes one answer: search, then a model's reply or a quoted one. Stores nothing."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.base.errors import AppError, Cancelled
from app.base.jobs import CancelToken
from app.chat.context import build_context, cited, offered_passages, search_question
from app.chat.entities import (
    AnswerMode,
    AnswerRecord,
    AnswerServer,
    AnswerStage,
    AnswerText,
    Citation,
    EngineSetup,
    Message,
    MessageId,
    Picture,
    Repeat,
    Stage,
)
from app.chat.pictures import PictureFolder, cannot_see
from app.chat.prompt_use import PromptUse, ruling
from app.chat.repeat import check_repeat, turns_again
from app.chat.sampling import longest_reply, room_for_prompt, sampling_from, template_from
from app.chat.stream import OnEvent, ReplyStream
from app.engine.engine import Engine
from app.engine.errors import EngineStopped, NoModelLoaded, PromptTooLong
from app.engine.host import EngineHost
from app.engine.protocol import FinishReason, Generate, Generated, JsonSchema
from app.library.entities import Passage, QuotedSentence, Scope
from app.library.service import LibraryService
from app.modelhub.service import LoadedModel, ModelInUse, ModelService, ServedModel
from app.settings.store import SettingsStore

log = logging.getLogger(__name__)

NOTHING_FOUND = "Nothing in your documents answers this."
COUNTS_TOO = (
    "Passages and the conversation so far count, too: ask over fewer documents, or start a new"
    " conversation."
)
QUOTES = 3  # five find the right sentence once more in 82 questions, and bury it in the rest
BULLET = re.compile(r"^(?:[-*•·\u2013]|\d{1,2}[.)]|#{1,6})\s+")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, after which messages, over which documents.

    Attributes:
        passages: how many to draw on; None takes the setting.
        pictures: that it is about, too.
        prompt: that it was written with; what it says goes before the persona.
        persona: of the chat.
    """

    text: str
    history: tuple[Message, ...]
    scope: Scope
    passages: int | None = None
    pictures: tuple[Picture, ...] = ()
    prompt: PromptUse | None = None
    persona: PromptUse | None = None

    @property
    def searches(self) -> bool:
        """Whether the documents are searched for it."""
        return self.prompt is None or self.prompt.searches


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer, whole or broken off."""

    text: str
    record: AnswerRecord


class AnswerMaker:
    """Answers with the model in use, here or on a server, or by quoting when there is none."""

    def __init__(
        self,
        settings: SettingsStore,
        library: LibraryService,
        models: ModelService,
        engine: EngineHost,
        pictures: PictureFolder,
    ) -> None:
        self._settings = settings
        self._library = library
        self._models = models
        self._engine = engine
        self._pictures = pictures

    def answer(self, question: Question, on_event: OnEvent, cancel: CancelToken) -> Answer:
        """Answer now. Never raises an `AppError`: what went wrong is in the record.

        Args:
            question: what to answer.
            on_event: called on this or the engine's thread for stages, thoughts and text.
            cancel: ends the answer early; the text so far is kept.
        """
        started = time.monotonic()
        used = self._models.in_use
        record = AnswerRecord(AnswerMode.QUOTED) if used is None else self._record_of(used)
        answer = Answer("", record)
        try:
            _check_able(used, question)
            passages: tuple[Passage, ...] = ()
            if question.searches:
                on_event(AnswerStage(Stage.SEARCHING))
                passages = self._search(question, cancel)
            record = replace(record, search_s=time.monotonic() - started)
            cancel.check()
            if used is not None:
                answer = self._generate(question, passages, used, record, on_event, cancel)
            else:
                answer = self._quote(question, passages, record, on_event, cancel)
        except Cancelled:
            answer = Answer("", replace(record, finish=FinishReason.STOPPED))
        except AppError as error:
            answer = Answer("", _broken(record, error))
        return self._finished(answer, used, started)

    def repeat(self, record: AnswerRecord, on_event: OnEvent, cancel: CancelToken) -> Answer:
        """Run an answer again, from the turns, the sampling and the seed in its record.

        What goes wrong once the model is asked is in the new record, as with `answer`.

        Raises:
            CannotRepeat: it would not be the same model; what differs.
        """
        started = time.monotonic()
        used = self._models.in_use
        changes = check_repeat(record, used, self._sha256(used))
        assert used is not None
        assert record.sampling is not None
        turns = turns_again(record, self._pictures, sees=used.facts.sees)
        engine = self._models.engine_of(used, sends_passages=True)
        request = Generate(
            turns,
            record.sampling,
            record.max_tokens or self._settings.current.chat.max_tokens,
            record.stop,
            template=record.template,
            output=_output(record.output_schema),
            exact=True,
        )
        on_event(AnswerStage(Stage.READING))
        fresh = replace(
            self._record_of(used),
            repeat=Repeat(MessageId(0), changes=changes),
            pictures=record.pictures,
            prompt=record.prompt,
            persona=record.persona,
            output_schema=record.output_schema,
        )
        answer = self._reply(engine, request, record.offered, fresh, on_event, cancel)
        return self._finished(answer, used, started)

    def forget(self) -> None:
        """Leave no trace of former conversations in the engine; they are slower to go on with."""
        self._engine.forget_parked()

    def _search(self, question: Question, cancel: CancelToken) -> tuple[Passage, ...]:
        text = search_question(question.history, question.text)
        return self._library.retrieve(text, question.scope, limit=question.passages, cancel=cancel)

    def _quote(
        self,
        question: Question,
        passages: Sequence[Passage],
        record: AnswerRecord,
        on_event: OnEvent,
        cancel: CancelToken,
    ) -> Answer:
        picked = self._library.pick_sentences(question.text, passages, QUOTES, cancel)
        cancel.check()
        on_event(AnswerStage(Stage.WRITING))
        if not picked:
            on_event(AnswerText(NOTHING_FOUND))
            return Answer(NOTHING_FOUND, replace(record, found_nothing=True))
        text = "\n\n".join(
            f"“{_one_line(each.text)}” [{number}]" for number, each in enumerate(picked, start=1)
        )
        on_event(AnswerText(text))
        citations = tuple(_sentence(number, each) for number, each in enumerate(picked, start=1))
        return Answer(text, replace(record, citations=citations))

    def _generate(
        self,
        question: Question,
        passages: Sequence[Passage],
        used: ModelInUse,
        record: AnswerRecord,
        on_event: OnEvent,
        cancel: CancelToken,
    ) -> Answer:
        chosen, facts = self._settings.current, used.facts
        told = ruling(question.prompt, question.persona)
        sends = bool(passages or question.history or question.pictures)
        engine = self._models.engine_of(used, sends_passages=sends)
        template = template_from(chosen.chat, facts)
        on_event(AnswerStage(Stage.READING))
        context = build_context(
            question.history,
            question.text,
            passages,
            budget=room_for_prompt(chosen.chat, facts),
            count=lambda turns: engine.count_prompt(turns, template=template),
            pictures=question.pictures,
            images=self._pictures.images(question.pictures, question.history)
            if facts.sees
            else None,
            instructions=told.instructions,
            shown=told.shown,
        )
        cancel.check()
        request = Generate(
            context.turns,
            told.sampling or sampling_from(chosen.sampling),
            longest_reply(chosen.chat, facts),
            chosen.sampling.stop,
            template=template,
            output=_output(told.output_schema),
        )
        offered = offered_passages(context.passages)
        record = replace(
            record,
            pictures=context.pictures,
            prompt=told.prompt,
            persona=told.persona,
            output_schema=told.output_schema,
        )
        return self._reply(engine, request, offered, record, on_event, cancel)

    def _reply(
        self,
        engine: Engine,
        request: Generate,
        offered: tuple[Citation, ...],
        record: AnswerRecord,
        on_event: OnEvent,
        cancel: CancelToken,
    ) -> Answer:
        """Let the model answer, and note all that it takes to have it answer so again."""
        record = replace(
            record,
            # Pictures are kept once, by name, however often they are sent.
            turns=tuple(replace(turn, images=()) for turn in request.turns),
            offered=offered,
            sampling=request.sampling,
            max_tokens=request.max_tokens,
            stop=request.stop,
            template=request.template,
            exact=request.exact,
        )
        stream = ReplyStream(on_event)
        try:
            reply = engine.generate(request, stream.take, cancel)
        except AppError as error:
            text = (error.partial if isinstance(error, EngineStopped) else "") or stream.text
            record = _broken(record, error)
            reasoning = stream.reasoning
        else:
            # A reply that was killed for not stopping carries less than what was streamed.
            text, reasoning = reply.text, reply.reasoning or stream.reasoning
            record = replace(
                record,
                finish=reply.finish,
                timings=reply.timings,
                rounding=reply.rounding,
                problem=_problem(reply),
            )
        record = replace(
            record,
            reasoning=reasoning,
            thinking_s=stream.thinking_s,
            citations=cited(text, offered),
        )
        return Answer(text, record)

    def _record_of(self, used: ModelInUse) -> AnswerRecord:
        record = AnswerRecord(
            AnswerMode.MODEL,
            model_name=used.name,
            quantization=used.quantization,
            template_sha256=used.facts.template_sha256,
            engine_build=used.facts.engine_build,
            dialect=used.facts.dialect,
        )
        if isinstance(used, ServedModel):
            return replace(record, server=AnswerServer.of(used))
        setup = EngineSetup.of(used.facts, used.options)
        return replace(record, model_path=str(used.model.path), setup=setup)

    def _finished(self, answer: Answer, used: ModelInUse | None, started: float) -> Answer:
        # Asked for at the end: of a model that was just imported it takes a while to be known.
        total = time.monotonic() - started
        record = replace(answer.record, model_sha256=self._sha256(used), total_s=total)
        if isinstance(used, ServedModel) and record.sampling is not None:
            record = replace(record, server=AnswerServer.of(used, record.sampling))
        return replace(answer, record=record)

    def _sha256(self, used: ModelInUse | None) -> str:
        return self._models.sha256(used.model.id) if isinstance(used, LoadedModel) else ""


def _check_able(used: ModelInUse | None, question: Question) -> None:
    if question.pictures and (used is None or not used.facts.sees):
        raise cannot_see()
    if question.prompt is not None and used is None:
        raise NoModelLoaded(
            "No model is loaded, and a prompt needs one.",
            "Load a model under Models, then regenerate.",
        )


def _output(schema: Mapping[str, Any] | None) -> JsonSchema | None:
    return JsonSchema(schema) if schema is not None else None


def _broken(record: AnswerRecord, error: AppError) -> AnswerRecord:
    log.info("answer broke off: %s", error)
    words = f"{error} {COUNTS_TOO}" if isinstance(error, PromptTooLong) else str(error)
    return replace(
        record,
        finish=FinishReason.FAILED,
        error=words,
        engine_stopped=isinstance(error, EngineStopped),
    )


def _problem(reply: Generated) -> str:
    """What of a reply is not in its text, in words. A chat offers no tools."""
    if reply.tool_calls and not reply.problem:
        names = ", ".join(f"“{each.name}”" for each in reply.tool_calls)
        return f"The model asked for the tool {names}, which this chat does not have."
    return reply.problem


def _sentence(number: int, picked: QuotedSentence) -> Citation:
    passage = picked.passage
    return Citation(
        number=number,
        document_id=passage.document_id,
        content=passage.content,
        title=passage.title,
        path=passage.path,
        kind=passage.kind,
        place=picked.place,
        quote=picked.text,
        score=picked.score,
    )


def _one_line(text: str) -> str:
    """A sentence without line breaks and without the bullet it may start with."""
    return BULLET.sub("", " ".join(text.split()))
