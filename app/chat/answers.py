"""Makes one answer: search, then a model's reply or a quoted one. Stores nothing."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.base.errors import AppError, Cancelled
from app.base.jobs import CancelToken
from app.chat.context import build_context, citations_of, search_question
from app.chat.entities import (
    AnswerEvent,
    AnswerMode,
    AnswerRecord,
    AnswerStage,
    AnswerText,
    Citation,
    Message,
    Stage,
)
from app.engine.errors import EngineStopped
from app.engine.host import EngineHost
from app.engine.protocol import FinishReason, Generate
from app.engine.sampling import Sampling
from app.library.entities import Passage, QuotedSentence, Scope
from app.library.service import LibraryService
from app.modelhub.service import LoadedModel, ModelService
from app.settings.store import SettingsStore

log = logging.getLogger(__name__)

NOTHING_FOUND = "Nothing in your documents answers this."
SMALLEST_PROMPT = 256
QUOTES = 3  # five find the right sentence once more in 82 questions, and bury it in the rest
BULLET = re.compile(r"^(?:[-*•·\u2013]|\d{1,2}[.)]|#{1,6})\s+")

OnEvent = Callable[[AnswerEvent], None]


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
            on_event: called on this or the engine's thread for stages and text.
            cancel: ends the answer early; the text so far is kept.
        """
        started = time.monotonic()
        loaded = self._models.loaded
        record = AnswerRecord(AnswerMode.MODEL if loaded else AnswerMode.QUOTED)
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
            log.info("answer broke off: %s", error)
            answer = Answer("", replace(record, finish=FinishReason.FAILED, error=str(error)))
        total = time.monotonic() - started
        return replace(answer, record=replace(answer.record, total_s=total))

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
        chosen = self._settings.current.chat
        on_event(AnswerStage(Stage.THINKING))
        context = build_context(
            question.history,
            question.text,
            passages,
            budget=max(SMALLEST_PROMPT, loaded.facts.context_length - chosen.max_tokens),
            count=self._engine.count_prompt,
        )
        cancel.check()
        sampling = Sampling(chosen.temperature, seed=secrets.randbelow(2**31))
        record = self._with_model(record, loaded, sampling)
        record = replace(record, turns=context.turns)
        writing = False
        parts: list[str] = []

        def on_text(text: str) -> None:
            nonlocal writing
            if not writing:
                writing = True
                on_event(AnswerStage(Stage.WRITING))
            parts.append(text)
            on_event(AnswerText(text))

        request = Generate(context.turns, sampling, chosen.max_tokens)
        try:
            reply = self._engine.generate(request, on_text, cancel)
        except EngineStopped as error:
            text = error.partial or "".join(parts)
            record = replace(record, finish=FinishReason.FAILED, error=str(error))
            return _cited(text, context.passages, record)
        record = replace(record, finish=reply.finish, timings=reply.timings)
        return _cited(reply.text, context.passages, record)

    def _with_model(
        self, record: AnswerRecord, loaded: LoadedModel, sampling: Sampling
    ) -> AnswerRecord:
        return replace(
            record,
            model_name=loaded.model.name,
            model_path=str(loaded.model.path),
            model_sha256=self._models.sha256(loaded.model.id),
            quantization=loaded.model.quantization,
            template_sha256=loaded.facts.template_sha256,
            engine_build=loaded.facts.engine_build,
            sampling=sampling,
        )


def _cited(text: str, passages: Sequence[Passage], record: AnswerRecord) -> Answer:
    return Answer(text, replace(record, citations=citations_of(text, passages)))


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
