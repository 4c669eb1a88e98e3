"""What a person says about an answer, and what later questions make of it."""

from __future__ import annotations

import pytest

from app.base.errors import NotFound
from app.base.jobs import CancelToken
from app.bootstrap import Services
from app.chat.entities import Message
from app.chat.feedback import LONGEST_CORRECTION, CorrectionTooLong, Feedback, Rating
from app.engine.messages import Role
from tests.doubles.scripted_engine import Script

MODEL_SAID = "Four weeks."
PERSON_SAID = "Three months."


def ask(services: Services, text: str, after: Message | None = None) -> Message:
    chat = services.chat
    where = chat.create().id if after is None else after.conversation_id
    return chat.ask(where, text, lambda _event: None, CancelToken())


@pytest.fixture
def services(start, model_file) -> Services:
    built: Services = start(Script({"": MODEL_SAID}))
    built.models.load(built.models.import_file(model_file).id)
    return built


def test_rating_is_stored_with_the_answer_and_can_be_taken_back(services: Services):
    answer = ask(services, "How long?")
    assert answer.feedback == Feedback()
    assert services.chat.rate(answer.id, Rating.BAD).feedback.rating is Rating.BAD
    assert services.chat.messages(answer.conversation_id)[-1].feedback == Feedback(Rating.BAD)
    assert services.chat.rate(answer.id, None).feedback == Feedback()


def test_correction_stands_beside_the_answer_which_stays_as_it_was(services: Services):
    answer = ask(services, "How long?")
    corrected = services.chat.correct(answer.id, f"  {PERSON_SAID}\n")
    assert corrected.text == MODEL_SAID
    assert corrected.feedback.correction == corrected.settled_text == PERSON_SAID
    assert corrected.record == answer.record


@pytest.mark.parametrize("text", ["", "  ", f" {MODEL_SAID} "], ids=["empty", "space", "the same"])
def test_correction_that_says_nothing_else_is_none(services: Services, text: str):
    answer = ask(services, "How long?")
    services.chat.correct(answer.id, PERSON_SAID)
    taken_back = services.chat.correct(answer.id, text)
    assert taken_back.feedback == Feedback()
    assert taken_back.settled_text == MODEL_SAID


def test_later_question_builds_on_the_correction_and_its_record_says_so(services: Services):
    answer = ask(services, "How long?")
    services.chat.correct(answer.id, PERSON_SAID)
    later = ask(services, "And for interns?", answer)
    sent = services.chat.sent_turns(later.id)
    assert [turn.content for turn in sent if turn.role is Role.ASSISTANT] == [PERSON_SAID]
    services.chat.correct(answer.id, "")
    assert services.chat.sent_turns(later.id) == sent


def test_correction_that_is_too_long_is_refused_and_nothing_is_stored(services: Services):
    answer = ask(services, "How long?")
    with pytest.raises(CorrectionTooLong):
        services.chat.correct(answer.id, "x" * (LONGEST_CORRECTION + 1))
    assert services.chat.messages(answer.conversation_id)[-1].feedback == Feedback()


def test_question_cannot_be_rated_or_corrected(services: Services):
    answer = ask(services, "How long?")
    question = services.chat.messages(answer.conversation_id)[0]
    with pytest.raises(NotFound):
        services.chat.rate(question.id, Rating.GOOD)
    with pytest.raises(NotFound):
        services.chat.correct(question.id, "Else?")


def test_regenerated_answer_has_no_feedback_of_the_former_one(services: Services):
    answer = ask(services, "How long?")
    services.chat.rate(answer.id, Rating.BAD)
    again = services.chat.regenerate(answer.id, lambda _event: None, CancelToken())
    assert again.feedback == Feedback()
    assert services.chat.choose(again.id, -1).feedback.rating is Rating.BAD
