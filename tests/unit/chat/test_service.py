from __future__ import annotations

import threading
from pathlib import Path

import pytest

from app.base.errors import NotFound
from app.base.jobs import CancelToken
from app.bootstrap import Services
from app.chat.answers import COUNTS_TOO, NOTHING_FOUND
from app.chat.entities import (
    AnswerEvent,
    AnswerMode,
    AnswerReasoning,
    AnswerStage,
    AnswerText,
    Message,
    Stage,
)
from app.chat.service import NEW_TITLE, EmptyQuestion
from app.engine.host import EngineStatus
from app.engine.messages import Role
from app.engine.protocol import FinishReason, Rounding
from app.engine.sampling import Sampler
from app.library.entities import Scope
from app.settings.schema import Thinking
from tests.doubles.scripted_engine import Script


def ask(services: Services, text: str, conversation=None, scope: Scope | None = None) -> Message:
    chat = services.chat
    where = conversation or chat.create(scope)
    return chat.ask(where.id, text, lambda _event: None, CancelToken())


def load(services: Services, model_file: Path) -> None:
    services.models.load(services.models.import_file(model_file).id)


def test_without_a_model_the_answer_quotes_with_citations(start, add) -> None:
    services = start()
    (document,) = add(services, contract="The notice period is three months.")
    answer = ask(services, "notice period?")
    assert answer.record is not None
    assert answer.record.mode is AnswerMode.QUOTED
    assert answer.text == "“The notice period is three months.” [1]"
    (citation,) = answer.record.citations
    assert (citation.number, citation.document_id) == (1, document)
    assert citation.quote == "The notice period is three months."


def test_nothing_fitting_is_said_honestly(start, add) -> None:
    services = start()
    add(services, contract="The notice period is three months.")
    answer = ask(services, "volcanoes?")
    assert answer.text == NOTHING_FOUND
    assert answer.record is not None
    assert answer.record.found_nothing
    assert answer.record.citations == ()


def test_with_a_model_the_cited_passages_become_citations(start, add, model_file) -> None:
    services = start(Script({"": "Three months [1]. Not a source [7]."}))
    add(services, contract="The notice period is three months.", other="notice boards are brown")
    load(services, model_file)
    events: list[AnswerEvent] = []
    conversation = services.chat.create()
    answer = services.chat.ask(conversation.id, "notice period?", events.append, CancelToken())
    assert answer.record is not None
    assert answer.record.mode is AnswerMode.MODEL
    assert [each.number for each in answer.record.citations] == [1]
    assert answer.record.model_name == services.models.models()[0].name
    stages = [each.stage for each in events if isinstance(each, AnswerStage)]
    assert stages == [Stage.SEARCHING, Stage.READING, Stage.WRITING]
    assert "".join(each.text for each in events if isinstance(each, AnswerText)) == answer.text


def test_record_holds_exactly_what_was_sent(start, add, model_file) -> None:
    services = start()
    add(services, contract="The notice period is three months.")
    load(services, model_file)
    answer = ask(services, "notice period?")
    turns = services.chat.sent_turns(answer.id)
    assert [turn.role for turn in turns] == [Role.SYSTEM, Role.USER]
    assert "[1] contract, part 1\nThe notice period is three months." in turns[-1].content
    assert turns[-1].content.endswith("Question: notice period?")
    (listed,) = services.chat.messages(answer.conversation_id)[1:]
    assert listed.record is not None
    assert listed.record.sampling is not None
    assert listed.record.timings.output_tokens > 0


def test_history_is_sent_along_and_survives_a_restart(start, add, model_file) -> None:
    services = start()
    conversation = services.chat.create()
    load(services, model_file)
    ask(services, "first question, quite long", conversation)
    services = start()
    load(services, model_file)
    answer = ask(services, "second question, quite long", conversation)
    texts = [turn.content for turn in services.chat.sent_turns(answer.id)]
    assert "first question, quite long" in texts
    shown = [each.text for each in services.chat.messages(conversation.id)]
    assert shown[0] == "first question, quite long"
    assert len(shown) == 4


def test_question_is_stored_before_the_answer_begins(start, model_file) -> None:
    services = start(Script(stall_after=1))
    load(services, model_file)
    conversation = services.chat.create()
    cancel, writing = CancelToken(), threading.Event()

    def on_event(event: AnswerEvent) -> None:
        if isinstance(event, AnswerText):
            writing.set()

    thread = threading.Thread(
        target=lambda: services.chat.ask(conversation.id, "a question", on_event, cancel)
    )
    thread.start()
    assert writing.wait(60)
    assert [each.text for each in services.chat.messages(conversation.id)] == ["a question"]
    cancel.cancel()
    thread.join()


def test_stopped_answer_keeps_its_partial_text(start, model_file) -> None:
    services = start(Script({"": "word " * 100}, stall_after=10))
    load(services, model_file)
    conversation = services.chat.create()
    cancel = CancelToken()
    seen: list[str] = []

    def on_event(event: AnswerEvent) -> None:
        if isinstance(event, AnswerText):
            seen.append(event.text)
            cancel.cancel()

    answer = services.chat.ask(conversation.id, "a question", on_event, cancel)
    assert answer.record is not None
    assert answer.record.finish is FinishReason.STOPPED
    assert answer.text
    assert "".join(seen).startswith(answer.text[:4])


def test_engine_death_keeps_the_partial_text_and_says_why(start, model_file) -> None:
    services = start(Script({"": "partial text " * 20}, abort_after=12, tokens_per_s=200))
    load(services, model_file)
    answer = ask(services, "a question")
    assert answer.record is not None
    assert answer.record.finish is FinishReason.FAILED
    assert answer.text.startswith("partial")
    assert "SIGABRT" in answer.record.error
    assert answer.record.engine_stopped
    assert services.models.loaded is None
    quoted = ask(services, "another question")
    assert quoted.record is not None
    assert quoted.record.mode is AnswerMode.QUOTED


def test_engine_death_while_thinking_keeps_the_thoughts(start, model_file) -> None:
    script = Script(reasoning={"": "let me see " * 20}, abort_after=12, tokens_per_s=200)
    services = start(script)
    load(services, model_file)
    answer = ask(services, "a question")
    assert answer.record is not None
    assert answer.record.reasoning.startswith("let me")
    assert (answer.text, answer.record.engine_stopped) == ("", True)


def test_model_loaded_again_after_its_engine_died_answers_anew(start, model_file) -> None:
    services = start(Script({"": "partial " * 20, "again": "Whole."}, abort_after=12))
    load(services, model_file)
    ask(services, "a question")
    state = services.models.state
    assert (state.status, state.path) == (EngineStatus.STOPPED, model_file)
    services.models.load(services.models.models()[0].id)
    assert ask(services, "and again?").text == "Whole."


def test_thoughts_are_events_of_their_own_and_stay_out_of_text_and_history(
    start, model_file
) -> None:
    script = Script({"": "Twelve."}, reasoning={"": "Let me see."}, thinks=True)
    services = start(script)
    load(services, model_file)
    events: list[AnswerEvent] = []
    conversation = services.chat.create()
    services.chat.ask(conversation.id, "first question, quite long", events.append, CancelToken())
    stages = [each.stage for each in events if isinstance(each, AnswerStage)]
    assert stages == [Stage.SEARCHING, Stage.READING, Stage.THINKING, Stage.WRITING]
    thoughts = [each.text for each in events if isinstance(each, AnswerReasoning)]
    assert "".join(thoughts) == "Let me see."
    stored = services.chat.messages(conversation.id)[-1]
    assert stored.record is not None
    assert (stored.text, stored.record.reasoning) == ("Twelve.", "Let me see.")
    assert stored.record.dialect == "plain"
    assert stored.record.thinking_s >= 0
    answer = ask(services, "second question, quite long", conversation)
    assert all("Let me" not in turn.content for turn in services.chat.sent_turns(answer.id))


def test_thinking_switched_off_is_told_to_the_engine(start, model_file) -> None:
    script = Script({"": "Twelve."}, reasoning={"": "Let me see."}, thinks=True)
    services = start(script)
    load(services, model_file)
    services.settings.change("chat", "thinking", Thinking.OFF)
    answer = ask(services, "a question")
    assert answer.record is not None
    assert answer.record.template.thinking is False
    assert answer.record.reasoning == ""
    assert answer.record.max_tokens == services.settings.current.chat.max_tokens


def test_record_holds_the_sampling_of_the_settings_and_how_the_model_was_loaded(
    start, model_file
) -> None:
    services = start(Script(rounding=Rounding(batched=True)))
    load(services, model_file)
    services.settings.change("sampling", "order", ("temperature", "min_p"))
    services.settings.change("sampling", "seed", 5)
    answer = ask(services, "a question")
    record = services.chat.messages(answer.conversation_id)[-1].record
    assert record is not None
    assert record.sampling is not None
    assert record.sampling.order == (Sampler.TEMPERATURE, Sampler.MIN_P)
    assert record.sampling.seed == 5
    assert record.rounding == Rounding(batched=True)
    assert record.setup is not None
    assert record.setup.context_length == 8192
    assert record.turns == ()
    whole = services.chat.whole_record(answer.id)
    assert whole is not None
    assert whole.turns == services.chat.sent_turns(answer.id)


def test_regenerate_adds_a_sibling_and_choose_switches(start, model_file) -> None:
    services = start()
    load(services, model_file)
    first = ask(services, "a question")
    second = services.chat.regenerate(first.id, lambda _event: None, CancelToken())
    assert (second.sibling, second.siblings) == (2, 2)
    assert services.chat.messages(first.conversation_id)[-1].id == second.id
    chosen = services.chat.choose(second.id, -1)
    assert chosen.id == first.id
    assert services.chat.messages(first.conversation_id)[-1].id == first.id
    assert services.chat.choose(first.id, -1).id == first.id


def test_regenerate_of_an_earlier_answer_hides_what_followed(start, model_file) -> None:
    services = start()
    load(services, model_file)
    conversation = services.chat.create()
    first = ask(services, "a first question", conversation)
    ask(services, "a second question", conversation)
    services.chat.regenerate(first.id, lambda _event: None, CancelToken())
    assert len(services.chat.messages(conversation.id)) == 2
    services.chat.choose(first.id, 0)
    assert len(services.chat.messages(conversation.id)) == 4


def test_question_that_never_got_an_answer_can_be_answered(start, model_file) -> None:
    services = start()
    load(services, model_file)
    conversation = services.chat.create()
    answer = ask(services, "a question", conversation)
    again = services.chat.regenerate(
        services.chat.messages(conversation.id)[0].id, lambda _event: None, CancelToken()
    )
    assert again.parent_id == answer.parent_id


def test_title_comes_from_the_first_question(start) -> None:
    services = start()
    conversation = services.chat.create()
    assert conversation.title == NEW_TITLE
    ask(
        services,
        "What does the contract say about\nthe notice period, in detail please?",
        conversation,
    )
    ask(services, "Something else", conversation)
    (listed,) = services.chat.conversations()
    assert listed.title == "What does the contract say about the notice period, in…"
    services.chat.rename(conversation.id, "  Notice  ")
    services.chat.rename(conversation.id, "   ")
    assert services.chat.conversations()[0].title == "Notice"


def test_scope_of_a_conversation_is_kept_and_used(start, add) -> None:
    services = start()
    one, two = add(services, a="words one", b="words two")
    conversation = services.chat.create(Scope(documents=(one,)))
    answer = ask(services, "words there?", conversation)
    assert answer.record is not None
    assert {each.document_id for each in answer.record.citations} == {one}
    services.chat.set_scope(conversation.id, Scope(documents=(two,)))
    answer = ask(services, "words there?", conversation)
    assert answer.record is not None
    assert {each.document_id for each in answer.record.citations} == {two}


def test_deleted_conversation_takes_its_messages_along(start) -> None:
    services = start()
    answer = ask(services, "a question")
    services.chat.delete(answer.conversation_id)
    assert services.chat.conversations() == ()
    assert services.chat.messages(answer.conversation_id) == ()
    with pytest.raises(NotFound):
        services.chat.regenerate(answer.id, lambda _event: None, CancelToken())


@pytest.mark.parametrize("text", ["", "  \n "])
def test_empty_question_is_refused(start, text: str) -> None:
    services = start()
    conversation = services.chat.create()
    with pytest.raises(EmptyQuestion):
        services.chat.ask(conversation.id, text, lambda _event: None, CancelToken())
    assert services.chat.messages(conversation.id) == ()


def test_question_that_is_too_long_ends_with_words_not_with_a_cut(start, model_file) -> None:
    services = start(Script(context_length=300))
    load(services, model_file)
    answer = ask(services, "long " * 2000)
    assert answer.record is not None
    assert answer.record.finish is FinishReason.FAILED
    assert "tokens" in answer.record.error
    assert answer.record.error.endswith(COUNTS_TOO)


def test_citation_outlives_its_document(start, add) -> None:
    services = start()
    (document,) = add(services, contract="The notice period is three months.")
    answer = ask(services, "notice period?")
    services.library.remove([document])
    stored = services.chat.messages(answer.conversation_id)[-1]
    assert stored.record is not None
    assert stored.record.citations[0].quote == "The notice period is three months."
