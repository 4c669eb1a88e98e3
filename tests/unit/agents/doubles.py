"""A model that says what a test lets it say, tools that do what a test lets them do, and people."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from app.agents.approvals import ApprovalRequest, Decision
from app.agents.entities import Risk
from app.agents.tools.asking import Question
from app.agents.tools.tool import Arguments, Preview, ToolResult, ToolSpec
from app.agents.trace import Verdict
from app.base.jobs import CancelToken
from app.engine.errors import PromptTooLong
from app.engine.messages import TextDelta, Tool, ToolCall
from app.engine.protocol import FinishReason, Generate, Generated, ModelFacts, Timings
from app.modelhub.borrowing import Borrowed

ANYTHING = {"type": "object", "properties": {"text": {"type": "string"}}}
Said = Generated | Exception


def says(text: str, **more: Any) -> Generated:
    """A reply in words."""
    return Generated(text, FinishReason.END, Timings(output_tokens=10), raw=text, **more)


def calls(*named: str | tuple[str, dict[str, Any]], text: str = "") -> Generated:
    """A reply that calls tools by name, or by name with arguments."""
    pairs = [each if isinstance(each, tuple) else (each, {}) for each in named]
    made = tuple(ToolCall(f"c{index}", name, given) for index, (name, given) in enumerate(pairs))
    return Generated(text, FinishReason.TOOL_CALLS, Timings(output_tokens=10), tool_calls=made)


def half_a_call() -> Generated:
    """A call that breaks off."""
    raw = '<tool_call>{"name": "look", "argu'
    problem = "the call has no end"
    return Generated("", FinishReason.END, Timings(), raw=raw, problem=problem)


class ModelDouble:
    """Says one reply after the other; the last one again and again.

    Attributes:
        asked: the requests so far.
        room: characters that a prompt may have.
        before: called before each reply.
    """

    def __init__(self, *replies: Said, context_length: int = 8_192) -> None:
        self.replies = list(replies)
        self.asked: list[Generate] = []
        self.room = 10**9
        self.before: Callable[[], None] = lambda: None
        self.waits = False
        self.is_asked = threading.Event()
        self._facts = ModelFacts(
            "double", "double", "F16", context_length, context_length, 1, "", ""
        )

    def generate(
        self,
        request: Generate,
        on_delta: Callable[[Any], None] = lambda _delta: None,
        cancel: CancelToken | None = None,
    ) -> Generated:
        if sum(len(turn.content) for turn in request.turns) > self.room:
            raise PromptTooLong("Too long.", "Ask less.")
        self.asked.append(request)
        self.before()
        self.is_asked.set()
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        on_delta(TextDelta(reply.text))
        if self.waits and cancel is not None:
            stopped = threading.Event()
            cancel.on_cancel(stopped.set)
            stopped.wait(20)
        if cancel is not None and cancel.is_cancelled:
            return Generated(reply.text, FinishReason.STOPPED, Timings())
        return reply

    @contextmanager
    def borrow(self, *_wanted: Any, **_more: Any) -> Iterator[Borrowed]:
        """As `ModelLending.borrow`."""
        used: Any = SimpleNamespace(name="double", quantization="", host="", facts=self._facts)
        engine: Any = self
        yield Borrowed(used, engine, "", is_shared=True)

    @property
    def last_turn(self) -> str:
        """What it was told last."""
        return self.asked[-1].turns[-1].content


@dataclass
class ToolDouble:
    """A tool of a server.

    Attributes:
        does: gives the text of its result, from the arguments.
        ran: the arguments of each call.
    """

    name: str
    does: Callable[[Arguments, CancelToken], str] = lambda _arguments, _cancel: "Done."
    risk: Risk = Risk.READ
    schema: dict[str, Any] = field(default_factory=lambda: ANYTHING)
    is_untrusted: bool = False
    ran: list[dict[str, Any]] = field(default_factory=list)

    @property
    def spec(self) -> ToolSpec:
        return ToolSpec(Tool(self.name, "", self.schema), self.risk, self.name.title())

    def run(self, arguments: Arguments, cancel: CancelToken) -> ToolResult:
        self.ran.append(dict(arguments))
        text = self.does(arguments, cancel)
        return ToolResult(text, self.is_untrusted, "a page" if self.is_untrusted else "")


class EditorDouble(ToolDouble):
    """A tool that shows first what it would change."""

    def preview(self, arguments: Arguments, cancel: CancelToken) -> Preview:
        cancel.check()
        text = arguments["text"]
        return Preview(f"Write {text}", f"+{text}", text)

    def run(
        self, arguments: Arguments, cancel: CancelToken, preview: Preview | None = None
    ) -> ToolResult:
        cancel.check()
        assert preview is None or preview.seal == arguments["text"]
        self.ran.append(dict(arguments))
        return ToolResult("Written.")


class PersonDouble:
    """Answers from a list; the last answer again and again.

    Attributes:
        requests: what it was asked to allow.
    """

    def __init__(self, *decisions: Decision | Verdict) -> None:
        self._decisions = [
            Decision(each) if isinstance(each, Verdict) else each for each in decisions
        ]
        self.requests: list[ApprovalRequest] = []

    def approve(self, request: ApprovalRequest, cancel: CancelToken) -> Decision:
        cancel.check()
        self.requests.append(request)
        assert self._decisions, f"nobody was to be asked about {request.spec.name}"
        return self._decisions.pop(0) if len(self._decisions) > 1 else self._decisions[0]

    def answer(self, question: Question, cancel: CancelToken) -> str | None:
        cancel.check()
        return f"You asked: {question.text}"
