"""All metrics with what they need: the library's embedder, and a model that judges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.base.jobs import CancelToken
from app.evals.runs.measuring import MetricFacts, OpenMetric
from app.modelhub.borrowing import ModelLending, Wanted
from app.modelhub.endpoints import EndpointService
from app.modelhub.in_use import ServedModel
from app.modelhub.service import ModelService

if TYPE_CHECKING:
    from app.evals.judging.pointwise import Judgement

Vectors = tuple[tuple[float, ...], ...]


class ModelMetrics:
    """Every metric that `metrics.registry` knows; `runs.measuring.Metrics` without knowing it."""

    def __init__(
        self,
        embed: Callable[[Sequence[str], CancelToken], Vectors],
        models: ModelService,
        endpoints: EndpointService,
        lending: ModelLending,
    ) -> None:
        self._embed = embed
        self._models = models
        self._endpoints = endpoints
        self._lending = lending

    def facts(self, document: Mapping[str, Any]) -> MetricFacts:
        """What a run keeps of a metric; where the model in use judges, its name is filled in.

        Raises:
            MetricError: there is no such metric, or a setting is wrong.
            NotFound: there is no such model to judge.
        """
        # Late, as in `opened`: starting Cairn imports this module, and measures nothing.
        from app.evals.judging.pointwise import Judgement
        from app.evals.metrics.registry import KINDS, metric_from_json, metric_to_json

        metric = metric_from_json(document)
        label = KINDS[metric.name].label
        if isinstance(metric, Judgement):
            label = str(metric.rubric["name"])
            metric = self._with_model(metric)
        is_better = bool(getattr(metric, "higher_is_better", True))
        return MetricFacts(metric_to_json(metric), label, is_better)

    def is_ready(self, document: Mapping[str, Any]) -> bool:
        """Whether the metric needs neither embedder nor judge."""
        from app.evals.metrics.metric import Needs
        from app.evals.metrics.registry import KINDS

        kind = KINDS.get(str(document.get("metric")))
        return kind is not None and kind.needs in (Needs.NOTHING, Needs.LIKELIHOOD)

    @contextmanager
    def opened(self, document: Mapping[str, Any], cancel: CancelToken) -> Iterator[OpenMetric]:
        """The metric, ready until the end of the `with` block; a judge is loaded for that time.

        Raises:
            AppError: the model that judges is not there, or cannot be loaded.
            Cancelled: it was stopped while loading.
        """
        from app.evals.judging.judge import Judge
        from app.evals.judging.pointwise import Judgement
        from app.evals.metrics.meaning import SemanticSimilarity
        from app.evals.metrics.registry import metric_from_json
        from app.evals.runs.together import requests_at_once

        metric = metric_from_json(document)
        if isinstance(metric, SemanticSimilarity):

            def embed(texts: Sequence[str]) -> Vectors:
                return self._embed(texts, cancel)

            yield OpenMetric(metric_from_json(document, embed=embed))
        elif isinstance(metric, Judgement):
            with self._lending.borrow(self._wanted(metric.model), cancel) as lent:
                judge = Judge(lent.engine, lent.sha256, cancel)
                is_served = isinstance(lent.used, ServedModel)
                at_once = requests_at_once(lent.used.facts, is_served=is_served)
                yield OpenMetric(metric_from_json(document, judge=judge), at_once)
        else:
            yield OpenMetric(metric)

    def _with_model(self, metric: Judgement) -> Judgement:
        if metric.model:
            self._wanted(metric.model)
            return metric
        used = self._models.in_use
        if used is None:
            return metric
        if isinstance(used, ServedModel):
            return replace(metric, model=used.endpoint.name)
        is_only = len(self._models.matching(used.name)) == 1
        return replace(metric, model=used.name if is_only else str(used.model.id))

    def _wanted(self, name: str) -> Wanted:
        if not name:
            return Wanted()
        if not self._models.matching(name) and self._endpoints.matching(name):
            return Wanted(endpoint=self._endpoints.find(name).id)
        return Wanted(model=self._models.find(name).id)
