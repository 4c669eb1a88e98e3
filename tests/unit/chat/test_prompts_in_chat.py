"""Questions written with a prompt, and chats with a persona, through the real service."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.base.jobs import CancelToken
from app.bootstrap import Services
from app.chat.context import INSTRUCTIONS_ALONE, INSTRUCTIONS_WITH_PASSAGES
from app.chat.entities import AnswerMode, AnswerRecord, Conversation, Message
from app.chat.prompt_use import PromptUse, as_persona, fill
from app.engine.messages import Role, Turn
from app.engine.protocol import FinishReason
from app.engine.sampling import Sampling
from app.prompts.entities import Content, Example, Part, PromptVersion
from tests.doubles.scripted_engine import Script

PIRATE = Content(
    (Part(Role.SYSTEM, "You are a pirate."), Part(Role.USER, "Say hello.")),
    examples=(Example("Ping", "Arr"),),
    sampling=Sampling(temperature=0.9, seed=4),
)
EXAMPLES = (Turn(Role.USER, "Ping"), Turn(Role.ASSISTANT, "Arr"))


@pytest.fixture
def services(start, add, model_file) -> Services:
    services: Services = start(Script({"": "Three months [1]."}))
    add(services, contract="The notice period is three months.")
    services.models.load(services.models.import_file(model_file).id)
    return services


def kept(services: Services, name: str = "pirate", content: Content = PIRATE) -> PromptVersion:
    prompt = services.prompts.create(name, content, note="First")
    return services.prompts.version(prompt.id, prompt.latest)


def ask(
    services: Services,
    chat: Conversation,
    text: str = "notice period?",
    prompt: PromptUse | None = None,
) -> Message:
    return services.chat.ask(chat.id, text, lambda _event: None, CancelToken(), prompt=prompt)


def record_of(services: Services, answer: Message) -> AnswerRecord:
    record = services.chat.whole_record(answer.id)
    assert record is not None
    return record


def test_persona_rules_every_answer_and_passages_are_still_cited(services) -> None:
    persona = as_persona("pirate", kept(services), {})
    chat = services.chat.create(persona=persona)
    record = record_of(services, ask(services, chat))
    told = f"You are a pirate.\n\n{INSTRUCTIONS_WITH_PASSAGES}"
    assert record.turns[0] == Turn(Role.SYSTEM, told)
    assert record.turns[1:3] == EXAMPLES
    assert record.sampling == PIRATE.sampling
    assert record.persona == persona.ref
    assert [each.number for each in record.citations] == [1]


def test_persona_outlives_its_prompt_and_a_restart(services, start) -> None:
    persona = as_persona("pirate", kept(services), {})
    chat = services.chat.create()
    services.chat.set_persona(chat.id, persona)
    services.prompts.delete(persona.ref.prompt_id)
    services = start()
    assert services.chat.conversation(chat.id).persona == persona
    services.chat.set_persona(chat.id, None)
    assert services.chat.conversation(chat.id).persona is None


def test_persona_that_is_changed_leaves_old_records_as_they_are(services) -> None:
    first = as_persona("pirate", kept(services), {})
    chat = services.chat.create(persona=first)
    answer = ask(services, chat)
    services.chat.set_persona(chat.id, None)
    assert record_of(services, answer).persona == first.ref
    assert record_of(services, ask(services, chat)).persona is None


def test_prompt_applies_to_its_question_only(services) -> None:
    use = fill("pirate", kept(services), {}).use
    chat = services.chat.create()
    answer = ask(services, chat, "Say hello.", use)
    record = record_of(services, answer)
    assert record.turns == (
        Turn(Role.SYSTEM, "You are a pirate."),
        *EXAMPLES,
        Turn(Role.USER, "Say hello."),
    )
    assert record.prompt == use.ref
    assert record.citations == ()
    after = record_of(services, ask(services, chat, "volcanoes"))
    assert after.prompt is None
    assert "pirate" not in after.turns[0].content


def test_chat_that_begins_with_a_prompt_is_called_by_it(services) -> None:
    use = fill("pirate", kept(services), {}).use
    chat = services.chat.create()
    ask(services, chat, "<text>\nThe letter.\n</text>\nShorten it.", use)
    assert services.chat.conversation(chat.id).title == "pirate: The letter. Shorten it."


def test_prompt_searches_the_documents_only_when_that_is_wanted(services) -> None:
    use = replace(fill("pirate", kept(services), {}).use, searches=True)
    record = record_of(services, ask(services, services.chat.create(), "notice period?", use))
    assert INSTRUCTIONS_WITH_PASSAGES in record.turns[0].content
    assert len(record.citations) == 1


def test_regenerate_answers_with_the_prompt_of_its_question(services) -> None:
    use = fill("pirate", kept(services), {}).use
    chat = services.chat.create()
    answer = ask(services, chat, "Say hello.", use)
    again = services.chat.regenerate(answer.id, lambda _event: None, CancelToken())
    assert record_of(services, again).prompt == use.ref
    assert services.chat.messages(chat.id)[0].prompt == use


def test_repeat_exactly_sends_the_same_and_names_the_same_prompts(services) -> None:
    schema = {"type": "string"}
    asking = Content((Part(Role.USER, "Say hello."),), output_schema=schema)
    persona = as_persona("pirate", kept(services), {})
    use = fill("greet", kept(services, "greet", asking), {}).use
    chat = services.chat.create(persona=persona)
    answer = ask(services, chat, "Say hello.", use)
    first = record_of(services, answer)
    again = services.chat.repeat(answer.id, lambda _event: None, CancelToken())
    second = record_of(services, again)
    assert first.turns == second.turns
    assert (second.prompt, second.persona, second.output_schema) == (use.ref, persona.ref, schema)
    assert second.repeat is not None
    assert second.repeat.is_same


def test_prompt_without_a_model_ends_in_words_and_can_be_regenerated(services) -> None:
    use = fill("pirate", kept(services), {}).use
    chat = services.chat.create()
    loaded = services.models.loaded
    assert loaded is not None
    services.models.unload()
    answer = ask(services, chat, "Say hello.", use)
    assert answer.record is not None
    assert answer.record.finish is FinishReason.FAILED
    assert "a prompt needs one" in answer.record.error
    services.models.load(loaded.model.id)
    again = services.chat.regenerate(answer.id, lambda _event: None, CancelToken())
    assert record_of(services, again).prompt == use.ref


def test_chat_without_prompts_is_as_before(services) -> None:
    record = record_of(services, ask(services, services.chat.create(), "volcanoes erupt"))
    assert record.mode is AnswerMode.MODEL
    assert record.turns[0].content in (INSTRUCTIONS_ALONE, INSTRUCTIONS_WITH_PASSAGES)
    assert (record.prompt, record.persona, record.output_schema) == (None, None, None)
