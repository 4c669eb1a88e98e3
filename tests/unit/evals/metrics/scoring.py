"""Scores a text, to keep the tables of cases short."""

from __future__ import annotations

from typing import Any

from app.engine.messages import Role, ToolCall, Turn
from app.evals.entities import Item, Output, Score
from app.evals.metrics.metric import Metric


def score(metric: Metric, text: str, *targets: str, **metadata: Any) -> Score:
    return metric.score(item(*targets, **metadata), Output(text))


def item(*targets: str, **metadata: Any) -> Item:
    return Item("1", (Turn(Role.USER, "?"),), targets, metadata=metadata)


def called(*calls: tuple[str, dict[str, Any]]) -> Output:
    made = (ToolCall(str(number), *call) for number, call in enumerate(calls))
    return Output("", tuple(made))
