"""A desk where requests lie until somebody answers."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.agents.approvals import ApprovalRequest, Decision, Desk
from app.agents.tools.asking import Question
from app.agents.trace import RunId, StepId, Verdict
from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from tests.unit.agents.doubles import ToolDouble

REQUEST = ApprovalRequest(RunId(1), StepId(2), "Worker", ToolDouble("write").spec, {}, "It writes.")


class Waiting:
    """A desk, and a thread that waits at it."""

    def __init__(self, work) -> None:
        self.put = threading.Event()
        self.desk = Desk(lambda _request: self.put.set(), lambda _question: self.put.set())
        self.cancel = CancelToken()
        self._pool = ThreadPoolExecutor(1)
        self._answer = self._pool.submit(work, self.desk, self.cancel)
        assert self.put.wait(20)

    @property
    def answer(self):
        self._pool.shutdown()
        return self._answer.result()


def approve(desk: Desk, cancel: CancelToken) -> Decision:
    return desk.approve(REQUEST, cancel)


def test_decision_for_the_request_is_the_answer():
    waiting = Waiting(approve)
    assert waiting.desk.waiting == REQUEST
    assert not waiting.desk.decide(StepId(3), Decision(Verdict.ONCE))
    assert not waiting.desk.reply("Yes.")
    assert waiting.desk.decide(StepId(2), Decision(Verdict.DENY))
    assert waiting.answer.verdict is Verdict.DENY
    assert waiting.desk.waiting is None


def test_second_decision_comes_too_late():
    waiting = Waiting(approve)
    assert waiting.desk.decide(StepId(2), Decision(Verdict.DENY))
    assert waiting.answer.verdict is Verdict.DENY
    assert not waiting.desk.decide(StepId(2), Decision(Verdict.ONCE))


def test_stop_ends_the_waiting_without_an_answer():
    waiting = Waiting(approve)
    waiting.cancel.cancel()
    with pytest.raises(Cancelled):
        _ = waiting.answer
    assert not waiting.desk.decide(StepId(2), Decision(Verdict.ONCE))


@pytest.mark.parametrize("answer", ["Blue.", None])
def test_question_gets_the_answer_of_the_person(answer):
    waiting = Waiting(lambda desk, cancel: desk.answer(Question("Which?"), cancel))
    assert not waiting.desk.decide(StepId(2), Decision(Verdict.ONCE))
    assert waiting.desk.reply(answer)
    assert waiting.answer == answer
