"""What metrics are checked by, and which models can judge; off the GUI thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.engine.messages import Role, Turn
from app.evals.entities import Item, Output
from app.evals.metrics.metric import MetricError
from app.evals.metrics.registry import metric_from_json

if TYPE_CHECKING:
    from app.bootstrap import Services

_TRIED_OUT = ("pattern", "schema")  # settings that can be read only by using them
_TRIAL = Item("trial", (Turn(Role.USER, "?"),), ("null",))


@dataclass(frozen=True, slots=True)
class JudgeOffer:
    """A model that can judge; `name` is what a suite stores, empty for the one in use."""

    title: str
    name: str
    is_there: bool = True


def problem_of(document: Mapping[str, Any]) -> str:
    """Why a metric cannot be used as it is set, in words; empty if it can."""
    try:
        metric = metric_from_json(document)
    except MetricError as error:
        return str(error)
    if not any(document.get(each) for each in _TRIED_OUT):
        return ""
    score = metric.score(_TRIAL, Output("null"))
    return "" if score.is_scored else score.reason


def read_judges(services: Services) -> tuple[JudgeOffer, ...]:
    """Every model that can judge, the one in use first."""
    used = services.models.in_use
    first = JudgeOffer(
        f"The model in use: {used.name if used is not None else 'none yet'}", "", used is not None
    )
    models = services.models.models()
    names = [model.name for model in models]
    files = (
        JudgeOffer(
            " · ".join(filter(None, (model.name, model.quantization))),
            model.name if names.count(model.name) == 1 else str(model.id),
            model.is_present,
        )
        for model in models
    )
    servers = (JudgeOffer(each.name, each.name) for each in services.endpoints.endpoints())
    return (first, *files, *servers)
