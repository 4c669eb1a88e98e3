"""What metrics are checked by, and which models can judge; off the GUI thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.evals.metrics.metric import MetricError
from app.evals.metrics.registry import metric_from_json

if TYPE_CHECKING:
    from app.bootstrap import Services

_CHECK_S = 0.5


@dataclass(frozen=True, slots=True)
class JudgeOffer:
    """A model that can judge; `name` is what a suite stores, empty for the one in use."""

    title: str
    name: str
    is_there: bool = True


def problem_of(document: Mapping[str, Any]) -> str:
    """Why a metric cannot be used as it is set, in words; empty if it can."""
    from app.engine.structured.search import Search, UnreadablePattern
    from app.engine.structured.validation import CannotCheck, faults

    try:
        metric_from_json(document)
        if pattern := document.get("pattern"):
            Search(_CHECK_S).find(str(pattern), "")
        if schema := document.get("schema"):
            faults(schema, None)
    except MetricError as error:
        return str(error)
    except (UnreadablePattern, CannotCheck) as error:
        return str(error)
    return ""


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
