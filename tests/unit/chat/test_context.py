from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.chat.context import (
    ABOUT_PICTURES,
    INSTRUCTIONS_WITH_PASSAGES,
    build_context,
    cited,
    cited_numbers,
    offered_passages,
    search_question,
)
from app.chat.entities import ConversationId, Message, MessageId, Picture
from app.engine.messages import Image, Role, Turn
from app.library.entities import ContentHash, DocumentId, DocumentKind, Passage, Place


def passage(number: int, words: int = 20) -> Passage:
    text = f"passage{number} " * words
    place = Place(part=number, start=0, end=len(text), page=number + 1)
    return Passage(
        DocumentId(number),
        ContentHash(f"hash{number}"),
        f"Title {number}",
        Path(f"{number}.pdf"),
        DocumentKind.PDF,
        place,
        text,
        score=1 - number / 100,
    )


def message(number: int, role: Role, text: str) -> Message:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Message(MessageId(number), ConversationId(1), None, role, text, moment)


def history(pairs: int) -> list[Message]:
    messages = []
    for number in range(pairs):
        messages.append(message(2 * number, Role.USER, f"question {number} " * 10))
        messages.append(message(2 * number + 1, Role.ASSISTANT, f"answer {number} " * 10))
    return messages


def words(turns: tuple[Turn, ...]) -> int:
    return sum(len(turn.content.split()) for turn in turns)


def test_everything_is_kept_when_it_fits() -> None:
    context = build_context(
        history(2), "why?", [passage(0), passage(1)], budget=10_000, count=words
    )
    assert [turn.role for turn in context.turns] == [
        Role.SYSTEM,
        *[Role.USER, Role.ASSISTANT] * 2,
        Role.USER,
    ]
    assert len(context.passages) == 2


def test_old_history_goes_before_passages() -> None:
    context = build_context(history(20), "why?", [passage(0), passage(1)], budget=250, count=words)
    assert len(context.passages) == 2
    assert "question 0 " not in " ".join(turn.content for turn in context.turns)
    assert words(context.turns) <= 250


def test_weakest_passages_go_next_and_the_question_stays() -> None:
    passages = [passage(number, words=50) for number in range(10)]
    context = build_context([], "the question", passages, budget=260, count=words)
    assert 1 <= len(context.passages) < 10
    assert context.passages == tuple(passages[: len(context.passages)])
    assert context.turns[-1].content.endswith("Question: the question")


@given(st.integers(0, 8), st.integers(0, 12), st.integers(1, 800))
def test_context_fits_or_nothing_more_can_go(pairs: int, count: int, budget: int) -> None:
    passages = [passage(number) for number in range(count)]
    context = build_context(history(pairs), "q", passages, budget=budget, count=words)
    smallest = len(context.turns) == 2 and len(context.passages) <= 1
    assert words(context.turns) <= budget or smallest


def test_question_without_answer_is_left_out_of_the_history() -> None:
    messages = [message(0, Role.USER, "lost"), message(1, Role.USER, "asked")]
    messages.append(message(2, Role.ASSISTANT, "answered"))
    context = build_context(messages, "now", [], budget=1000, count=words)
    assert [turn.content for turn in context.turns[1:]] == ["asked", "answered", "now"]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("One [1]. Two [2][3].", (1, 2, 3)),
        ("Both [1, 2].", (1, 2)),
        ("Twice [2] and [2], then [1].", (2, 1)),
        ("None, not even [a] or [1.5] or list[0x1].", ()),
        ("Year [2024] is no citation of three digits.", ()),
    ],
)
def test_cited_numbers(text: str, numbers: tuple[int, ...]) -> None:
    assert cited_numbers(text) == numbers


def test_citations_leave_out_numbers_without_a_passage() -> None:
    found = cited("So it is [2], and [9], and [0].", offered_passages([passage(0), passage(1)]))
    assert [each.number for each in found] == [2]
    assert found[0].place.page == 2


def test_short_follow_up_searches_with_the_question_before() -> None:
    messages = [message(0, Role.USER, "What is the notice period for employees?")]
    messages.append(message(1, Role.ASSISTANT, "Three months."))
    assert search_question(messages, "And for interns?").startswith("What is the notice period")
    assert search_question(messages, "Which court decides about disputes here?").startswith("Which")
    assert search_question([], "Why?") == "Why?"


SIGN, MAP = Picture("aa", "Sign.png"), Picture("bb", "Map.jpg")
SEEN = {"aa": Image(b"sign"), "bb": Image(b"map")}


def with_picture(messages: list[Message], picture: Picture) -> list[Message]:
    return [replace(messages[0], pictures=(picture,)), *messages[1:]]


def test_pictures_go_to_the_turn_of_their_own_question() -> None:
    context = build_context(
        with_picture(history(1), MAP),
        "what does it say?",
        [],
        budget=10_000,
        count=words,
        pictures=(SIGN,),
        images=SEEN,
    )
    assert [each.images for each in context.turns] == [(), (SEEN["bb"],), (), (SEEN["aa"],)]
    assert context.pictures == ((), (MAP,), (), (SIGN,))
    assert context.turns[-1].content == "what does it say?"


def test_picture_that_cannot_be_shown_is_named_instead() -> None:
    context = build_context(
        with_picture(history(1), MAP), "and now?", [], budget=10_000, count=words
    )
    assert context.turns[1].content.startswith("[picture: Map.jpg]\nquestion 0")
    assert context.pictures == ()
    assert not any(each.images for each in context.turns)


def test_instructions_mind_the_pictures_beside_the_passages() -> None:
    def instructions(images: dict[str, Image] | None) -> str:
        context = build_context(
            [],
            "why?",
            [passage(0)],
            budget=10_000,
            count=words,
            pictures=(SIGN,),
            images=images,
        )
        return context.turns[0].content

    assert instructions(SEEN).endswith(ABOUT_PICTURES)
    assert ABOUT_PICTURES not in instructions(None)


def test_pictures_leave_with_the_history_that_has_no_room() -> None:
    context = build_context(
        with_picture(history(1), MAP),
        "why?",
        [],
        budget=60,
        count=lambda turns: words(turns) + 50 * sum(len(each.images) for each in turns),
        images=SEEN,
    )
    assert len(context.turns) == 2
    assert context.pictures == ()


def test_instructions_of_a_prompt_stand_in_place_of_those_of_cairn() -> None:
    context = build_context(
        [], "why?", [], budget=100, count=words, instructions="You are a pirate."
    )
    assert context.turns[0] == Turn(Role.SYSTEM, "You are a pirate.")


def test_how_to_cite_is_told_after_the_instructions_of_a_prompt() -> None:
    context = build_context(
        [], "why?", [passage(0)], budget=500, count=words, instructions="You are a pirate."
    )
    told = context.turns[0].content
    assert told == f"You are a pirate.\n\n{INSTRUCTIONS_WITH_PASSAGES}"


def test_examples_come_before_what_was_said_and_stay_when_that_has_to_go() -> None:
    examples = (Turn(Role.USER, "ping"), Turn(Role.ASSISTANT, "pong"))
    context = build_context(
        history(1), "why?", [], budget=1000, count=words, shown=examples, instructions="Be."
    )
    assert context.turns[1:3] == examples
    assert len(context.turns) == 6
    tight = build_context(
        history(9), "why?", [], budget=5, count=words, shown=examples, instructions="Be."
    )
    assert tight.turns == (Turn(Role.SYSTEM, "Be."), *examples, Turn(Role.USER, "why?"))


def test_pictures_stay_with_their_turns_when_there_are_examples() -> None:
    examples = (Turn(Role.USER, "ping"), Turn(Role.ASSISTANT, "pong"))
    picture = Picture("ab" * 32, "cat.png")
    context = build_context(
        [],
        "what is it?",
        [],
        budget=1000,
        count=words,
        pictures=[picture],
        images={picture.sha256: Image(b"png")},
        shown=examples,
    )
    assert context.pictures == ((), (), (), (picture,))
    assert context.turns[-1].images == (Image(b"png"),)
