"""How a prompt and an item meet, as the module's docstring says it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.base.errors import AppError
from app.engine.messages import Role, Turn
from app.engine.protocol import ModelFacts, Priority
from app.engine.sampling import Sampling
from app.evals.entities import Item
from app.evals.errors import RunRefused
from app.evals.runs.asking import Asking, check_prompt, question_of, tools_of, turns_for
from app.evals.runs.entities import AnswerSettings, Candidate, CandidateModel
from app.prompts.entities import Content, Example, Part, Variable

SYSTEM, USER, ASSISTANT = Role.SYSTEM, Role.USER, Role.ASSISTANT
ITEM = Item("a", (Turn(USER, "How long?"),))
BRIEF = Part(SYSTEM, "Be brief.")


def said(turns: tuple[Turn, ...]) -> list[tuple[Role, str]]:
    return [(turn.role, turn.content) for turn in turns]


def test_item_without_a_prompt_is_asked_as_it_is():
    assert turns_for(None, ITEM) == ITEM.input


def test_prompt_that_declares_input_is_asked_by_itself():
    content = Content((BRIEF, Part(USER, "Answer: {{ input }}")), (Variable("input"),))
    item = Item("a", (Turn(SYSTEM, "Old rules."), Turn(USER, "How long? {{ x }}")))
    assert said(turns_for(content, item)) == [
        (SYSTEM, "Be brief."),
        (USER, "Answer: How long? {{ x }}"),
    ]


def test_values_of_other_variables_come_from_the_metadata():
    content = Content((Part(USER, "{{ a }}, {{ b }}."),), (Variable("a"), Variable("b")))
    item = Item("a", ITEM.input, metadata={"vars": {"a": "Hello", "b": "Ann", "unknown": 1}})
    assert said(turns_for(content, item)) == [(USER, "Hello, Ann.")]
    with pytest.raises(AppError, match="no value for any"):
        turns_for(content, ITEM)


def test_only_variable_that_needs_a_value_takes_the_question():
    variables = (Variable("text"), Variable("length", default="short"))
    content = Content((Part(USER, "Summarise {{ text }}, {{ length }}."),), variables)
    assert said(turns_for(content, ITEM)) == [(USER, "Summarise How long?, short.")]


def test_system_part_and_examples_go_before_the_turns_of_the_item():
    content = Content((BRIEF,), examples=(Example("2 + 2?", "4"),))
    item = Item("a", (Turn(SYSTEM, "Digits only."), *ITEM.input))
    assert said(turns_for(content, item)) == [
        (SYSTEM, "Be brief.\n\nDigits only."),
        (USER, "2 + 2?"),
        (ASSISTANT, "4"),
        (USER, "How long?"),
    ]


def test_examples_alone_are_a_prompt():
    content = Content(examples=(Example("2 + 2?", "4"),))
    assert said(turns_for(content, ITEM))[-1] == (USER, "How long?")


def test_prompt_without_a_place_for_items_is_refused():
    with pytest.raises(RunRefused, match="no place for the items"):
        check_prompt(Content((Part(USER, "Tell me a joke."),)), "joke")
    check_prompt(Content((BRIEF,)), "brief")


def test_request_waits_for_people_and_draws_with_the_given_seed():
    settings = AnswerSettings(Sampling(temperature=1.0, seed=99), 64, thinking_tokens=100)
    candidate = Candidate(0, "one", CandidateModel("one"), settings)
    facts = ModelFacts("one", "llama", "F16", 4096, 4096, 1, "", "")
    request = Asking(candidate, facts).request(ITEM, 7)
    assert request.priority is Priority.BACKGROUND
    assert (request.sampling.seed, request.max_tokens) == (7, 64)
    assert Asking(candidate, replace(facts, thinks=True)).request(ITEM, 7).max_tokens == 164


def test_conversation_becomes_one_text_with_who_says_what():
    turns = (Turn(USER, "Hello."), Turn(ASSISTANT, "Yes?"), Turn(USER, "How long?"))
    assert question_of(Item("a", turns)) == "User: Hello.\n\nAssistant: Yes?\n\nUser: How long?"


def test_tools_of_an_item_are_read_in_both_notations_and_others_passed_over():
    metadata = {"tools": [{"name": "one"}, {"function": {"name": "two"}}, "three", {"name": 4}]}
    assert [each.name for each in tools_of(Item("a", ITEM.input, metadata=metadata))] == [
        "one",
        "two",
    ]
