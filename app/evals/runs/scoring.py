"""Scores samples that are there, by one metric after the other, apart from generating them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.evals.entities import Item, Score
from app.evals.metrics.metric import unscored
from app.evals.runs.entities import MetricId, Run, RunMetric, Sample, SampleId
from app.evals.runs.measuring import Metrics, OpenMetric
from app.evals.runs.together import done_together

_BATCH = 200  # samples that are held in memory

Pair = tuple[Sample, Item]
Fetch = Callable[[MetricId, SampleId, int], Sequence[Pair]]
Put = Callable[[MetricId, Sequence[tuple[SampleId, Score]]], Any]


class Scoring:
    """Scores the samples of one run."""

    def __init__(self, run: Run, metrics: Metrics, fetch: Fetch, put: Put, cancel: CancelToken):
        """Score nothing yet.

        Args:
            run: which.
            metrics: opens its metrics.
            fetch: samples without a score by a metric, beyond an id, so many at most.
            put: stores scores.
            cancel: breaks off; what is scored is kept.
        """
        self._run = run
        self._metrics = metrics
        self._fetch = fetch
        self._put = put
        self._cancel = cancel

    def score_all(self) -> tuple[str, ...]:
        """Score what has no score yet.

        Returns:
            What could not be measured, and why, in words.

        Raises:
            Cancelled: it was broken off.
        """
        problems: list[str] = []
        for metric in self._run.metrics:
            self._cancel.check()
            if not self._fetch(metric.id, SampleId(0), 1):
                continue
            try:
                with self._metrics.opened(metric.document, self._cancel) as opened:
                    self._score(metric, opened)
            except AppError as error:
                problems.append(f"“{metric.label}” could not be measured: {error}")
        return tuple(problems)

    def _score(self, metric: RunMetric, opened: OpenMetric) -> None:
        last = SampleId(0)
        while pairs := self._fetch(metric.id, last, _BATCH):
            done_together(
                pairs,
                lambda pair: self._one(opened, *pair),
                lambda done: self._put(metric.id, [(pair[0].id, score) for pair, score in done]),
                opened.at_once,
            )
            last = pairs[-1][0].id

    def _one(self, opened: OpenMetric, sample: Sample, item: Item) -> Score:
        self._cancel.check()
        if sample.problem:
            return unscored(f"There is no answer: {sample.problem}")
        return opened.metric.score(item, sample.output)
