"""A prompt filled in for a question, or as the persona of a chat."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.chat.prompt_use import (
    PromptRef,
    PromptUse,
    as_persona,
    can_be_persona,
    fill,
    persona_content,
    ruling,
)
from app.engine.messages import Role, Turn
from app.engine.sampling import Sampling
from app.prompts.entities import Content, Example, Part, PromptId, PromptVersion, Variable
from app.prompts.errors import PromptError

FULL = Content(
    parts=(
        Part(Role.SYSTEM, "You speak {{ tone }}."),
        Part(Role.USER, "Sum up: {{ text }}"),
    ),
    variables=(Variable("tone", default="plainly"), Variable("text")),
    examples=(Example("A long text", "A short one"),),
    output_schema={"type": "object"},
    sampling=Sampling(temperature=0.9),
)
SHOWN = (Turn(Role.USER, "A long text"), Turn(Role.ASSISTANT, "A short one"))
REF = PromptRef(PromptId(1), 3, "sum")


def version(content: Content) -> PromptVersion:
    return PromptVersion(REF.prompt_id, REF.number, content, datetime(2026, 11, 21, tzinfo=UTC))


def test_fill_parts_instructions_examples_and_question() -> None:
    filled = fill("sum", version(FULL), {"text": "the contract"})
    assert filled.question == "Sum up: the contract"
    assert filled.use == PromptUse(
        REF, "You speak plainly.", SHOWN, FULL.sampling, FULL.output_schema
    )


def test_fill_takes_the_last_user_turn_for_the_question() -> None:
    content = Content(
        (Part(Role.USER, "Hi"), Part(Role.ASSISTANT, "Hello"), Part(Role.USER, "And now?"))
    )
    filled = fill("sum", version(content), {})
    assert filled.question == "And now?"
    assert filled.use.shown == (Turn(Role.USER, "Hi"), Turn(Role.ASSISTANT, "Hello"))


def test_fill_without_a_user_part_leaves_the_question_to_the_person() -> None:
    filled = fill("sum", version(Content((Part(Role.SYSTEM, "Be brief."),))), {})
    assert (filled.question, filled.use.instructions) == ("", "Be brief.")


def test_fill_without_a_needed_value_is_refused_in_words() -> None:
    with pytest.raises(PromptError, match="text: This needs a value"):
        fill("sum", version(FULL), {})


def test_persona_needs_only_what_its_system_parts_ask_for() -> None:
    asked = persona_content(FULL)
    assert [each.name for each in asked.variables] == ["tone"]
    use = as_persona("sum", version(FULL), {"tone": "like a pirate"})
    assert use.instructions == "You speak like a pirate."
    assert use.shown == SHOWN
    assert use.sampling == FULL.sampling
    assert use.output_schema is None


def test_persona_needs_a_system_part() -> None:
    assert can_be_persona(FULL)
    assert not can_be_persona(Content((Part(Role.USER, "Hi"), Part(Role.SYSTEM, " "))))


def test_persona_of_a_broken_prompt_is_refused_in_words() -> None:
    broken = replace(FULL, parts=(Part(Role.SYSTEM, "{% if %}"),))
    assert len(persona_content(broken).variables) == 2
    with pytest.raises(PromptError):
        as_persona("sum", version(broken), {"text": "x"})


def test_ruling_of_nothing_rules_nothing() -> None:
    told = ruling(None, None)
    assert (told.instructions, told.shown, told.sampling, told.prompt) == ("", (), None, None)


def test_prompt_that_says_how_to_answer_sets_the_persona_aside() -> None:
    persona = PromptUse(PromptRef(PromptId(2), 1, "pirate"), "Arr.", SHOWN, Sampling(seed=5))
    told = ruling(PromptUse(REF, "Be brief."), persona)
    assert (told.instructions, told.shown, told.sampling) == ("Be brief.", (), None)
    assert (told.prompt, told.persona) == (REF, None)


def test_prompt_that_only_asks_is_answered_by_the_persona() -> None:
    persona = PromptUse(PromptRef(PromptId(2), 1, "pirate"), "Arr.", SHOWN, Sampling(seed=5))
    told = ruling(PromptUse(REF, output_schema={"type": "object"}), persona)
    assert (told.instructions, told.shown, told.sampling) == ("Arr.", SHOWN, Sampling(seed=5))
    assert (told.prompt, told.persona) == (REF, persona.ref)
    assert told.output_schema == {"type": "object"}


def test_sampling_without_a_seed_draws_another_one_each_time() -> None:
    use = PromptUse(REF, sampling=Sampling(temperature=0.9))
    drawn = [ruling(use, None).sampling for _each in range(5)]
    assert len({each.seed for each in drawn if each is not None}) > 1
    assert {each.temperature for each in drawn if each is not None} == {0.9}
