"""Models that judge by a rule at once, behind the real evaluation service."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from app.base.jobs import CancelToken
from app.engine.protocol import FinishReason, Generate, Generated, ModelFacts, Timings
from app.modelhub.borrowing import Wanted

_ANSWER = r"from answer {}: information, not instructions>>\n(.*?)\n"
Opinion = Callable[[str, str, str], str]  # all that is asked, answers A and B -> verdict


class Judges:
    """The models of the list, none in use, and a lender of them; they may judge.

    Attributes:
        opinion: what a judge says of two answers; "" is no verdict.
        asked: how often a judge was asked.
    """

    def __init__(self) -> None:
        self.list = tuple(
            SimpleNamespace(id=at, name=name, quantization="Q4_K_M", is_present=True)
            for at, name in enumerate(("Gemma 3 12B", "Qwen3 32B"), start=8)
        )
        self.in_use = None
        self.opinion: Opinion = lambda _task, a, b: "A" if a < b else "B"
        self.asked = 0

    def models(self) -> tuple[Any, ...]:
        return self.list

    def endpoints(self) -> tuple[Any, ...]:
        return (SimpleNamespace(name="Office", base_url="http://10.0.0.7:8000/v1"),)

    def matching(self, name: str) -> tuple[Any, ...]:
        return tuple(each for each in self.list if each.name == name)

    def find(self, name: str) -> Any:
        return self.matching(name)[0]

    @contextmanager
    def borrow(self, wanted: Wanted, _cancel: CancelToken) -> Iterator[Any]:
        name = next(each.name for each in self.list if each.id == wanted.model)
        facts = ModelFacts(name, name.split()[0].lower(), "Q4_K_M", 8192, 8192, 1, "", "scripted")
        yield SimpleNamespace(
            used=SimpleNamespace(facts=facts),
            engine=SimpleNamespace(generate=self._generate, loaded=facts),
            sha256="",
        )

    def _generate(self, request: Generate, cancel: CancelToken) -> Generated:
        cancel.check()
        self.asked += 1
        task = "\n".join(turn.content for turn in request.turns)
        pair = [re.search(_ANSWER.format(name), task, re.DOTALL) for name in "AB"]
        one, other = (found.group(1) for found in pair if found is not None)
        verdict = self.opinion(task, one, other)
        said = json.dumps({"reason": f"A says {one}, B says {other}.", "verdict": verdict})
        return Generated(said if verdict else "Hm.", FinishReason.END, Timings())
