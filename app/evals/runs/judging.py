"""Lets judges compare the answers of a run in pairs; every outcome is kept as it comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.evals.errors import RunRefused
from app.evals.judging.pairwise import Comparison, compare
from app.evals.judging.pointwise import Judgement
from app.evals.judging.rubric import rubric_from_json
from app.evals.metrics.metric import MetricError
from app.evals.runs.entities import Run, Task
from app.evals.runs.measuring import Metrics, OpenMetric
from app.evals.runs.pairs import Pairing, PairingId
from app.evals.runs.together import done_together
from app.evals.store.pairs import Answers

_BATCH = 200  # pairs that are held in memory

Fetch = Callable[[PairingId, int], Sequence[Answers]]
Put = Callable[[PairingId, Sequence[tuple[Answers, Comparison]]], Any]


class Judging:
    """Compares the pairs of one run."""

    def __init__(self, run: Run, metrics: Metrics, fetch: Fetch, put: Put, cancel: CancelToken):
        """Compare nothing yet.

        Args:
            run: which.
            metrics: opens its judges.
            fetch: answers that were not compared yet, so many at most.
            put: stores outcomes, after which `fetch` has them no more.
            cancel: breaks off; what is compared is kept.
        """
        self._run = run
        self._metrics = metrics
        self._fetch = fetch
        self._put = put
        self._cancel = cancel

    def judge_all(self) -> tuple[str, ...]:
        """Compare what was not compared yet, one judge after the other.

        Returns:
            What could not be judged, and why, in words.

        Raises:
            Cancelled: it was broken off.
        """
        problems: list[str] = []
        missing = (each for each in self._run.pairings if each.missing)
        for document, pairings in groupby(missing, lambda each: each.judge):
            self._cancel.check()
            try:
                with self._metrics.opened(document, self._cancel) as opened:
                    for each in pairings:
                        self._judge(each, opened)
            except AppError as error:
                problems.append(f"Not all pairs could be judged: {error}")
        return tuple(problems)

    def _judge(self, pairing: Pairing, opened: OpenMetric) -> None:
        while pairs := self._fetch(pairing.id, _BATCH):
            done_together(
                pairs,
                lambda answers: self._one(opened, answers),
                lambda done: self._put(pairing.id, done),
                opened.at_once,
            )

    def _one(self, opened: OpenMetric, answers: Answers) -> Comparison:
        self._cancel.check()
        metric = opened.metric
        if not isinstance(metric, Judgement) or metric.judge is None:
            raise MetricError("This metric cannot compare two answers.", "Choose a judge.")
        return compare(
            metric.judge,
            rubric_from_json(metric.rubric),
            answers.item,
            answers.one,
            answers.other,
            with_target=metric.with_target,
        )


def pairs_of(run: Run, one: int, other: int | None) -> tuple[tuple[int, int], ...]:
    """The pairs to compare: two candidates, or one with each of the others.

    Raises:
        RunRefused: there are none.
    """
    numbers = [each.number for each in run.candidates]
    wanted = [each for each in numbers if each != one] if other is None else [other]
    if run.task is not Task.ANSWER:
        raise RunRefused("The models only read in this run.", "Judge a run in which they answer.")
    if not wanted or one in wanted or not {one, *wanted} <= {*numbers}:
        raise RunRefused(
            "This run has no such pair of candidates.", "Choose two of its candidates."
        )
    return tuple((one, each) for each in wanted)
