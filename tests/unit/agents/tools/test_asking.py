from __future__ import annotations

import pytest

from app.agents.entities import Risk
from app.agents.tools.asking import AskUser, Question
from app.agents.tools.tool import ToolFault
from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from tests.unit.agents.tools.grants import ran


def test_question_and_options_reach_the_person_and_the_answer_the_model():
    asked: list[Question] = []

    def ask(question: Question, _cancel: CancelToken) -> str:
        asked.append(question)
        return " the second \n"

    tool = AskUser(ask)
    result = ran(tool, question=" Which one?", options=["the  first", "the second", "the first"])
    assert asked == [Question("Which one?", ("the first", "the second"))]
    assert result.text == "The person answers: the second"
    assert not result.is_untrusted
    assert tool.spec.risk is Risk.ASK


@pytest.mark.parametrize("answer", [None, "", " \n"])
def test_no_answer_is_said_so(answer: str | None):
    assert "no answer" in ran(AskUser(lambda *_: answer), question="Why?").text


def test_empty_question_is_a_fault_and_nobody_is_asked():
    def ask(*_: object) -> str:
        raise AssertionError

    with pytest.raises(ToolFault, match="empty"):
        ran(AskUser(ask), question="  ")


def test_answer_that_comes_after_the_stop_is_dropped():
    def ask(_question: Question, cancel: CancelToken) -> str:
        cancel.cancel()
        return "yes"

    with pytest.raises(Cancelled):
        ran(AskUser(ask), question="Go on?")
