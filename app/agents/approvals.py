"""When a call needs a person's word, what they are shown, and what they may say.

Decided from Cairn's own class of risk and the agent's policy alone, never from what a model or a
server says of a call. Silence means no: nothing is allowed because time passed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.agents.entities import Risk
from app.agents.tools.asking import Question
from app.agents.tools.tool import Preview, ToolSpec
from app.agents.trace import RunId, StepId, Verdict
from app.base.jobs import CancelToken


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """A call that waits for a person.

    Attributes:
        step: of the call in the trace; unique, so it also names the request.
        agent: the name of the agent.
        spec: the tool: name, title, risk, server, and the schema of its arguments.
        arguments: all of them, checked against the schema.
        why: the reason for asking, in a sentence.
        preview: what the call would change; None if the tool cannot say.
        verdicts: those that can be given; once untrusted text is in the context, what writes or
            sends can be allowed only this once.
        problem: why the arguments that the person changed cannot be used; empty if nothing is
            wrong.
    """

    run_id: RunId
    step: StepId
    agent: str
    spec: ToolSpec
    arguments: Mapping[str, Any]
    why: str
    preview: Preview | None = None
    verdicts: tuple[Verdict, ...] = tuple(Verdict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a request.

    Attributes:
        arguments: other arguments to call the tool with; None leaves them. They are checked, and
            what they would change is shown again before anything runs.
        reason: of a denial; the model is told.
        by: who decided.
    """

    verdict: Verdict
    arguments: Mapping[str, Any] | None = None
    reason: str = ""
    by: str = "person"


class Person(Protocol):
    """Who answers for the person during a run. Both methods block until there is an answer, and
    raise `Cancelled` as soon as the run is stopped.
    """

    def approve(self, request: ApprovalRequest, cancel: CancelToken) -> Decision:
        """Decide on a call."""

    def answer(self, question: Question, cancel: CancelToken) -> str | None:
        """Answer what the model asks; None gives no answer."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A tool that an agent may use without asking, until that is revoked.

    Attributes:
        tool: the name that the model calls it by.
        server: that offers it; empty for Cairn's own.
        fingerprint: of the tool's description; one that changed is asked for again.
        until_closed: it ends when Cairn is closed.
    """

    tool: str
    server: str = ""
    fingerprint: str = field(default="", repr=False)
    until_closed: bool = False


class Desk:
    """A `Person` that is somewhere else: requests lie here until `decide` or `reply` is called.

    One run uses it at a time. All methods may be called from any thread.
    """

    def __init__(
        self,
        on_request: Callable[[ApprovalRequest], None],
        on_question: Callable[[Question], None],
    ) -> None:
        """Begin with nothing on it.

        Args:
            on_request, on_question: called on the thread of the run when something is put there;
                they must return at once.
        """
        self._on_request = on_request
        self._on_question = on_question
        self._answered = threading.Condition()
        self._asked: ApprovalRequest | Question | None = None
        self._given: list[Decision | str | None] = []  # empty while nobody answered

    @property
    def waiting(self) -> ApprovalRequest | Question | None:
        """What waits for an answer; None if nothing does."""
        return self._asked

    def decide(self, step: StepId, decision: Decision) -> bool:
        """Answer the request for this step; False if it waits no more."""
        with self._answered:
            asked = self._asked
            if not isinstance(asked, ApprovalRequest) or asked.step != step:
                return False
            return self._give(decision)

    def reply(self, answer: str | None) -> bool:
        """Answer the question; None gives no answer. False if none waits."""
        with self._answered:
            return isinstance(self._asked, Question) and self._give(answer)

    def approve(self, request: ApprovalRequest, cancel: CancelToken) -> Decision:
        """Wait for `decide`."""
        given = self._wait(request, lambda: self._on_request(request), cancel)
        assert isinstance(given, Decision)
        return given

    def answer(self, question: Question, cancel: CancelToken) -> str | None:
        """Wait for `reply`."""
        given = self._wait(question, lambda: self._on_question(question), cancel)
        assert not isinstance(given, Decision)
        return given

    def _give(self, answer: Decision | str | None) -> bool:
        if self._given:
            return False
        self._given.append(answer)
        self._answered.notify_all()
        return True

    def _wait(
        self, asked: ApprovalRequest | Question, tell: Callable[[], None], cancel: CancelToken
    ) -> Decision | str | None:
        forget = cancel.on_cancel(self._wake)
        with self._answered:
            self._asked = asked
            self._given.clear()
        try:
            tell()
            with self._answered:
                self._answered.wait_for(lambda: self._given or cancel.is_cancelled)
                cancel.check()
                return self._given[0]
        finally:
            forget()
            with self._answered:
                self._asked = None

    def _wake(self) -> None:
        with self._answered:
            self._answered.notify_all()


class Unattended:
    """A `Person` for commands: what would ask is allowed by its risk, or denied.

    Questions get no answer.
    """

    def __init__(self, allowed: frozenset[Risk], by: str) -> None:
        """Answer so.

        Args:
            allowed: the risks that need nobody's word.
            by: what the trace says: "--approve read".
        """
        self._allowed = allowed
        self._by = by

    def approve(self, request: ApprovalRequest, cancel: CancelToken) -> Decision:
        """Allow it once, or deny it."""
        cancel.check()
        if request.spec.risk in self._allowed:
            return Decision(Verdict.ONCE, by=self._by)
        reason = f"Nobody is there to allow it: the command was started with {self._by}."
        return Decision(Verdict.DENY, reason=reason, by=self._by)

    def answer(self, question: Question, cancel: CancelToken) -> str | None:
        """Nobody is there."""
        del question
        cancel.check()
        return None
