"""Models that answer by a rule at once, behind the real evaluation service and its database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from app.base.errors import AppError, Cancelled
from app.base.jobs import CancelToken
from app.engine.messages import Role, Turn
from app.engine.protocol import FinishReason, Generate, Generated, ModelFacts, Timings
from app.engine.sampling import Sampling
from app.evals.entities import Item
from app.evals.runs.entities import AnswerSettings, Candidate, CandidateModel, RunPlan
from app.modelhub.borrowing import Wanted
from app.modelhub.entities import ModelId

GB = 1_000_000_000
Answer = Callable[[str, str], str]  # model, question -> answer


def item(key: str, question: str, *targets: str, tags: Sequence[str] = ()) -> Item:
    return Item(key, (Turn(Role.USER, question),), targets, tuple(tags))


class Models:
    """Lends models by name and plans a candidate for each.

    Attributes:
        answer: what a model says; an AppError that it raises is the sample's problem.
        gate: set while answers may go on.
        missing: models that cannot be opened.
    """

    def __init__(self) -> None:
        self.names = ("Qwen3 8B Q8_0", "Qwen3 8B Q4_K_M")
        self.answer: Answer = lambda _name, _question: "yes"
        self.gate = threading.Event()
        self.gate.set()
        self.asked = 0
        self.missing: dict[str, str] = {}

    def candidates(self, _plan: RunPlan) -> tuple[Candidate, ...]:
        settings = AnswerSettings(Sampling(), 64)
        return tuple(
            Candidate(
                at,
                name.rsplit(" ", 1)[-1],
                CandidateModel(
                    name.rsplit(" ", 1)[0],
                    ModelId(at + 1),
                    quantization=name.rsplit(" ", 1)[-1],
                    size_bytes=int((8.7 - 1.9 * at) * GB),
                ),
                settings,
            )
            for at, name in enumerate(self.names)
        )

    @contextmanager
    def borrow(self, wanted: Wanted, cancel: CancelToken, **_more: Any) -> Iterator[Any]:
        name = self.names[(wanted.model or 1) - 1]
        if name in self.missing:
            raise AppError(self.missing[name])
        facts = ModelFacts(name, "qwen3", "", 8192, 8192, 1, "", "scripted")
        yield SimpleNamespace(
            used=SimpleNamespace(facts=facts, name=name),
            engine=SimpleNamespace(
                generate=lambda request, cancel: self._generate(name, request, cancel)
            ),
            sha256="",
            is_shared=False,
        )

    def _generate(self, name: str, request: Generate, cancel: CancelToken) -> Generated:
        forget = cancel.on_cancel(self.gate.set)
        self.gate.wait(20)
        forget()
        if cancel.is_cancelled:
            raise Cancelled
        self.asked += 1
        text = self.answer(name, request.turns[-1].content)
        at = self.names.index(name)
        times = Timings(0.2 + 0.1 * at, 1 / (20 + 12 * at), 24, 0, max(2, len(text) // 4))
        return Generated(text, FinishReason.END, times)
