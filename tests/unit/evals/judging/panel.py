"""An engine whose replies are given, and what it was asked; the judge that uses it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.engine.engine import Engine
from app.engine.messages import Delta, Role, Turn
from app.engine.protocol import FinishReason, Generate, Generated, ModelFacts, Timings
from app.evals.entities import Item, Output
from app.evals.judging.judge import Judge

FACTS = ModelFacts("Strict 7B", "strict", "Q8_0", 4096, 4096, 1, "", "test")
ASKED = Item("1", (Turn(Role.USER, "What is the capital of France?"),), ("Paris",))
PARIS, ROME = Output("It is Paris."), Output("It is Rome.")

Reply = str | Generated | AppError


@dataclass(slots=True)
class Panel:
    """Gives the next reply at each request; a function makes it from the request."""

    replies: Sequence[Reply] | Callable[[Generate], str]
    asked: list[Generate] = field(default_factory=list)
    loaded: ModelFacts | None = FACTS

    def generate(
        self,
        request: Generate,
        on_delta: Callable[[Delta], None] = lambda _delta: None,
        cancel: CancelToken | None = None,
    ) -> Generated:
        self.asked.append(request)
        if callable(self.replies):
            reply: Reply = self.replies(request)
        else:
            reply = self.replies[len(self.asked) - 1]
        if isinstance(reply, AppError):
            raise reply
        return reply if isinstance(reply, Generated) else ended(reply)

    @property
    def shown(self) -> str:
        """All that it was told last."""
        return "\n\n".join(turn.content for turn in self.asked[-1].turns)


def ended(text: str, finish: FinishReason = FinishReason.END) -> Generated:
    return Generated(text, finish, Timings())


def judge_of(panel: Panel, cancel: CancelToken | None = None) -> Judge:
    return Judge(cast("Engine", panel), "f00d", cancel or CancelToken())
