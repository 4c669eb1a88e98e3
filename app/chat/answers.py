"""Makes one answer: search, then a model's reply or a quoted one. Stores nothing."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.base.errors import AppError, Cancelled
from app.base.jobs import CancelToken
from app.chat.context import build_context, cited, offered_passages, search_question
from app.chat.entities import (
    AnswerMode,
    AnswerRecord,
    AnswerStage,
    AnswerText,
    Citation,
    EngineSetup,
    Message,
    MessageId,
    Repeat,
    Stage,
)
from app.chat.repeat import check_repeat
from app.chat.sampling import longest_reply, room_for_prompt, sampling_from, template_from
from app.chat.stream import OnEvent, ReplyStream
from app.engine.errors import EngineStopped
from app.engine.host import EngineHost
from app.engine.protocol import FinishReason, Generate, Generated
from app.library.entities import Passage, QuotedSentence, Scope
from app.library.service import LibraryService
from app.modelhub.service import LoadedModel, ModelService
from app.settings.store import SettingsStore

log = logging.getLogger(__name__)

NOTHING_FOUND = "Nothing in your documents answers this."
QUOTES = 3  # five find the right sentence once more in 82 questions, and bury it in the rest
BULLET = re.compile(r"^(?:[-*•·\u2013]|\d{1,2}[.)]|#{1,6})\s+")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, after which messages, over which documents.

    Attributes:
        passages: how many to draw on; None takes the setting.
    """

    text: str
    history: tuple[Message, ...]
    scope: Scope
    passages: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer, whole or broken off."""

    text: str
    record: AnswerRecord


class AnswerMaker:
    """Answers with the loaded model, or by quoting when there is none."""

    def __init__(
        self,
        settings: SettingsStore,
        library: LibraryService,
        models: ModelService,
        engine: EngineHost,
    ) -> None:
        self._settings = settings
        self._library = library
        self._models = models
        self._engine = engine

    def answer(self, question: Question, on_event: OnEvent, cancel: CancelToken) -> Answer:
        """Answer now. Never raises an `AppError`: what went wrong is in the record.

        Args:
            question: what to answer.
            on_event: called on this or the engine's thread for stages, thoughts and text.
            cancel: ends the answer early; the text so far is kept.
        """
        started = time.monotonic()
        loaded = self._models.loaded
        record = AnswerRecord(AnswerMode.QUOTED) if loaded is None else self._record_of(loaded)
        answer = Answer("", record)
        try:
            on_event(AnswerStage(Stage.SEARCHING))
            passages = self._search(question, cancel)
            record = replace(record, search_s=time.monotonic() - started)
            cancel.check()
            if loaded is not None:
                answer = self._generate(question, passages, loaded, record, on_event, cancel)
            else:
                answer = self._quote(question, passages, record, on_event, cancel)
        except Cancelled:
            answer = Answer("", replace(record, finish=FinishReason.STOPPED))
        except AppError as error:
            answer = Answer("", _broken(record, error))
        return self._finished(answer, loaded, started)

    def repeat(self, record: AnswerRecord, on_event: OnEvent, cancel: CancelToken) -> Answer:
        """Run an answer again, from the turns, the sampling and the seed in its record.

        What goes wrong once the model is asked is in the new record, as with `answer`.

        Raises:
            CannotRepeat: it would not be the same model; what differs.
        """
        started = time.monotonic()
        loaded = self._models.loaded
        sha256 = self._models.sha256(loaded.model.id) if loaded is not None else ""
        changes = check_repeat(record, loaded, sha256)
        assert loaded is not None
        assert record.sampling is not None
        request = Generate(
            record.turns,
            record.sampling,
            record.max_tokens or self._settings.current.chat.max_tokens,
            record.stop,
            template=record.template,
            exact=True,
        )
        on_event(AnswerStage(Stage.READING))
        fresh = replace(self._record_of(loaded), repeat=Repeat(MessageId(0), changes=changes))
        answer = self._reply(request, record.offered, fresh, on_event, cancel)
        return self._finished(answer, loaded, started)

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
        loaded: LoadedModel,
        record: AnswerRecord,
        on_event: OnEvent,
        cancel: CancelToken,
    ) -> Answer:
        chosen, facts = self._settings.current, loaded.facts
        template = template_from(chosen.chat, facts)
        on_event(AnswerStage(Stage.READING))
        context = build_context(
            question.history,
            question.text,
            passages,
            budget=room_for_prompt(chosen.chat, facts),
            count=lambda turns: self._engine.count_prompt(turns, template=template),
        )
        cancel.check()
        request = Generate(
            context.turns,
            sampling_from(chosen.sampling),
            longest_reply(chosen.chat, facts),
            chosen.sampling.stop,
            template=template,
        )
        offered = offered_passages(context.passages)
        return self._reply(request, offered, record, on_event, cancel)

    def _reply(
        self,
        request: Generate,
        offered: tuple[Citation, ...],
        record: AnswerRecord,
        on_event: OnEvent,
        cancel: CancelToken,
    ) -> Answer:
        """Let the model answer, and note all that it takes to have it answer so again."""
        record = replace(
            record,
            turns=request.turns,
            offered=offered,
            sampling=request.sampling,
            max_tokens=request.max_tokens,
            stop=request.stop,
            template=request.template,
            exact=request.exact,
        )
        stream = ReplyStream(on_event)
        try:
            reply = self._engine.generate(request, stream.take, cancel)
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

    def _record_of(self, loaded: LoadedModel) -> AnswerRecord:
        return AnswerRecord(
            AnswerMode.MODEL,
            model_name=loaded.model.name,
            model_path=str(loaded.model.path),
            quantization=loaded.model.quantization,
            template_sha256=loaded.facts.template_sha256,
            engine_build=loaded.facts.engine_build,
            dialect=loaded.facts.dialect,
            setup=EngineSetup.of(loaded.facts, loaded.options),
        )

    def _finished(self, answer: Answer, loaded: LoadedModel | None, started: float) -> Answer:
        # Asked for at the end: of a model that was just imported it takes a while to be known.
        sha256 = self._models.sha256(loaded.model.id) if loaded is not None else ""
        total = time.monotonic() - started
        return replace(answer, record=replace(answer.record, model_sha256=sha256, total_s=total))


def _broken(record: AnswerRecord, error: AppError) -> AnswerRecord:
    log.info("answer broke off: %s", error)
    return replace(
        record,
        finish=FinishReason.FAILED,
        error=str(error),
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
