"""Scores samples: by metrics that need nothing as they are made, and by each metric afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
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
Scores = Sequence[tuple[SampleId, Score]]
Put = Callable[[MetricId, Scores], Any]


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
        return _score(opened, sample, item)


class LiveScoring:
    """Scores samples that have just been stored. What it cannot score is left to `Scoring`."""

    def __init__(self, metrics: Mapping[MetricId, OpenMetric]) -> None:
        self._metrics = metrics

    @classmethod
    @contextmanager
    def of(cls, run: Run, metrics: Metrics, cancel: CancelToken) -> Iterator[LiveScoring]:
        """By those metrics of a run that need nothing, until the end of the `with` block."""
        opened: dict[MetricId, OpenMetric] = {}
        with ExitStack() as stack:
            for each in run.metrics:
                if not metrics.is_ready(each.document):
                    continue
                with suppress(AppError):  # `Scoring` says why
                    opened[each.id] = stack.enter_context(metrics.opened(each.document, cancel))
            yield cls(opened)

    def score(self, pairs: Sequence[Pair]) -> Mapping[MetricId, Scores]:
        """Scores of these samples by metric."""
        found: dict[MetricId, Scores] = {}
        for metric, opened in self._metrics.items():
            with suppress(AppError):
                found[metric] = [(each.id, _score(opened, each, item)) for each, item in pairs]
        return found


def _score(opened: OpenMetric, sample: Sample, item: Item) -> Score:
    if sample.problem:
        return unscored(f"There is no answer: {sample.problem}")
    return opened.metric.score(item, sample.output)
