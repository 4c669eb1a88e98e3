from __future__ import annotations

from dataclasses import replace

import pytest

from app.chat.entities import AnswerMode, AnswerRecord, MessageId, Repeat
from app.chat.live import Phase
from app.engine.protocol import FinishReason, Timings
from app.library.entities import Collection, CollectionId, DocumentId, DocumentStatus, Scope
from app.ui.chat import words
from app.ui.chat.words import ModelState, Offer
from app.ui.widgets.choice import Severity
from tests.ui.chat.fakes import (
    IN_USE,
    MODEL_RECORD,
    QUOTED_RECORD,
    make_citation,
    make_document,
)
from tests.ui.chat.samples import quoted, rich

DOCUMENTS = (make_document(1, "A.pdf"), make_document(2, "B.pdf"), make_document(3, "C.pdf"))
COLLECTIONS = (Collection(CollectionId(1), "Tenders", 4), Collection(CollectionId(2), "HR", 4))


def scope(collections: tuple[int, ...] = (), documents: tuple[int, ...] = ()) -> Scope:
    return Scope(tuple(map(CollectionId, collections)), tuple(map(DocumentId, documents)))


def test_label_of_a_model_names_quant_speed_and_length() -> None:
    label = words.answer_label(MODEL_RECORD)
    assert (label.title, label.meta) == ("Qwen3 8B", "Q4_K_M · 12.5 tok/s · 312 tokens")


def test_label_of_a_quoted_answer_says_that_no_model_made_it() -> None:
    label = words.answer_label(QUOTED_RECORD)
    assert (label.title, label.meta, label.is_quoted) == ("Quoted answer", "no model loaded", True)


def test_label_without_timings_leaves_them_out() -> None:
    label = words.answer_label(replace(MODEL_RECORD, timings=Timings()))
    assert label.meta == "Q4_K_M"
    assert words.answer_label(AnswerRecord(AnswerMode.MODEL)).title == "Model"


def test_expected_label_follows_what_is_loaded() -> None:
    assert words.expected_label(None).is_quoted
    assert words.expected_label(IN_USE).title == "Qwen3 8B"


@pytest.mark.parametrize(
    ("record", "severity", "offer"),
    [
        (replace(MODEL_RECORD, error="It ran out of memory."), Severity.DANGER, Offer.REGENERATE),
        (replace(MODEL_RECORD, finish=FinishReason.FAILED), Severity.DANGER, Offer.REGENERATE),
        (replace(MODEL_RECORD, finish=FinishReason.STOPPED), Severity.INFO, Offer.NOTHING),
        (replace(MODEL_RECORD, finish=FinishReason.LENGTH), Severity.WARN, Offer.NOTHING),
        (replace(MODEL_RECORD, problem="A call was torn."), Severity.WARN, Offer.NOTHING),
        (replace(MODEL_RECORD, repeat=Repeat(MessageId(1))), Severity.INFO, Offer.NOTHING),
        (replace(QUOTED_RECORD, found_nothing=True), Severity.INFO, Offer.NOTHING),
    ],
)
def test_notice_says_how_an_answer_ended(
    record: AnswerRecord, severity: Severity, offer: Offer
) -> None:
    notice = words.answer_notice(record)
    assert notice is not None
    assert (notice.severity, notice.offer) == (severity, offer)


@pytest.mark.parametrize(
    ("model", "offer"),
    [
        (ModelState.GONE, Offer.LOAD),
        (ModelState.LOADING, Offer.WAIT),
        (ModelState.READY, Offer.REGENERATE),
    ],
)
def test_notice_after_the_engine_died_offers_the_next_step(model: ModelState, offer: Offer) -> None:
    died = replace(
        MODEL_RECORD,
        finish=FinishReason.FAILED,
        error="Died.",
        engine_stopped=True,
        model_path="m.gguf",
    )
    notice = words.answer_notice(died, model)
    assert notice is not None
    assert notice.offer is offer
    for other in (replace(died, engine_stopped=False), replace(died, model_path="")):
        notice = words.answer_notice(other, model)
        assert notice is not None
        assert notice.offer is Offer.REGENERATE


def test_notice_of_thinking_without_end_says_where_to_give_it_room() -> None:
    record = replace(MODEL_RECORD, finish=FinishReason.LENGTH, reasoning="Hm. " * 99)
    notice = words.answer_notice(record, has_text=False)
    assert notice is not None
    assert "Room for thinking" in notice.hint


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "a moment"), (12.9, "12 s"), (60, "1 min 0 s"), (125.2, "2 min 5 s")],
)
def test_thought_text(seconds: float, text: str) -> None:
    assert words.thought_text(seconds) == f"Thought for {text}"


def test_repeat_text_says_what_was_otherwise() -> None:
    assert "the same" in words.repeat_text(Repeat(MessageId(1), is_same=True))
    changes = ("the engine was b1, now b2", "the position scaling is another one")
    text = words.repeat_text(Repeat(MessageId(1), changes=changes))
    assert text.endswith("The engine was b1, now b2; the position scaling is another one.")


def test_notice_of_an_answer_that_simply_ended_is_none() -> None:
    assert words.answer_notice(MODEL_RECORD) is None
    assert words.answer_notice(None) is None


def test_stage_counts_seconds_once_it_gets_long() -> None:
    assert words.stage_text(Phase.SEARCHING, 1) == "Searching your documents"
    assert words.stage_text(Phase.READING, 7.2) == "Reading the passages · 7 s"
    assert words.stage_text(Phase.DONE, 7) == ""


@pytest.mark.parametrize(
    ("chosen", "title"),
    [
        (scope(), "All documents"),
        (scope(documents=(2,)), "B.pdf"),
        (scope(documents=(1, 3)), "2 documents"),
        (scope((1,)), "Tenders"),
        (scope((1, 2)), "2 collections"),
        (scope((1,), (2, 3)), "1 collection, 2 documents"),
        (scope(documents=(99,)), "No documents left"),
    ],
)
def test_scope_title(chosen: Scope, title: str) -> None:
    assert words.scope_title(chosen, DOCUMENTS, COLLECTIONS) == title


def test_pending_text_counts_what_is_not_indexed() -> None:
    one = replace(DOCUMENTS[0], status=DocumentStatus.READING)
    two = replace(DOCUMENTS[1], status=DocumentStatus.QUEUED)
    failed = replace(DOCUMENTS[2], status=DocumentStatus.FAILED)
    assert words.pending_text(DOCUMENTS) == ""
    assert words.pending_text((one, failed)).startswith("1 document is still")
    assert words.pending_text((one, two)).startswith("2 documents are still")


def test_source_title_gives_number_name_and_place() -> None:
    assert words.source_title(make_citation(1)) == "1 · Contract.pdf · page 3"


def test_conversation_text_has_labels_and_sources() -> None:
    text = words.conversation_text((*quoted(), *rich()))
    assert "**You:** How long is the notice period" in text
    assert "**Quoted answer (no model loaded):**" in text
    assert "[1] Contract.pdf, page 3 (" in text
    assert "**Qwen3 8B (Q4_K_M" in text
