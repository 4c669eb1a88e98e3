"""The use cases of runs: estimating, starting, stopping, scoring again, and what came of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import app
from app.base.changes import Notices, Topic
from app.base.jobs import CancelToken
from app.evals.errors import NotNow, RunRefused
from app.evals.reports.data import ReportData
from app.evals.runs import comparing
from app.evals.runs.asking import check_meeting
from app.evals.runs.entities import (
    CandidateState,
    MetricId,
    Run,
    RunId,
    RunPlan,
    RunState,
    Sample,
    SampleId,
    SampleScore,
    SuiteId,
)
from app.evals.runs.estimating import estimated
from app.evals.runs.measuring import MetricFacts, Metrics
from app.evals.runs.planning import MOST_SAMPLES, Planner
from app.evals.runs.results import (
    LastScore,
    MatrixFilter,
    MatrixPage,
    RunEstimate,
    RunResults,
)
from app.evals.runs.runner import Runner
from app.evals.runs.summary import results_of, shared_by_key
from app.evals.runs.summing import estimate_of
from app.evals.store import matrix as matrix_store
from app.evals.store import runs as store
from app.evals.store import samples as sample_store
from app.evals.suites.service import SuiteService
from app.modelhub.borrowing import ModelLending
from app.modelhub.service import ModelService
from app.prompts.entities import PromptId
from app.storage.db import Database, Session

T = TypeVar("T")

_EVERYTHING = MatrixFilter()
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Parts:
    """What runs need of the rest of Cairn."""

    models: ModelService
    lending: ModelLending
    planner: Planner
    metrics: Metrics


class EvalService:
    """Suites and runs. Methods block and may be called on any thread; `NotFound` if a run is gone.

    Attributes:
        suites: the use cases of suites.
    """

    def __init__(
        self, database: Database, notices: Notices, suites: SuiteService, parts: Parts
    ) -> None:
        self.suites = suites
        self._database = database
        self._notices = notices
        self._parts = parts
        self._runner = Runner(database, notices, parts.lending, parts.metrics)
        self._settling = threading.Lock()
        self._is_settled = False

    def close(self) -> None:
        """Pause what is worked on; it can be resumed."""
        self._runner.close()

    def purge_deleted(self) -> None:
        """Let go of deleted runs and suites for good; called when Cairn starts."""
        self._database.write(store.purge)
        self.suites.purge_deleted()

    def estimate(self, plan: RunPlan, cancel: CancelToken | None = None) -> RunEstimate:
        """What a run would take. An estimate; nothing is stored.

        Raises:
            RunRefused, NotFound, MetricError: as `start`.
            Cancelled: `cancel` was.
        """
        candidates = self._parts.planner.candidates(plan)
        chosen = self._read(lambda s: _chosen(s, plan))
        with self._database.read() as session:
            return estimated(
                plan,
                candidates,
                [item for _id, item in chosen],
                self._parts.models,
                lambda candidate: store.seconds_per_sample(session, candidate),
                cancel or CancelToken(),
            )

    def start(self, plan: RunPlan) -> Run:
        """Make a run and work on it when its turn comes.

        Raises:
            RunRefused: there is nothing to ask, or too much.
            MetricError: a metric cannot be used.
            NotFound: the suite, a model or a prompt is gone.
        """
        suite = self.suites.get(plan.suite)
        candidates = self._parts.planner.candidates(plan)
        metrics = self._facts(plan.metrics or suite.metrics)
        self._settle()

        def work(session: Session) -> RunId:
            items = _chosen(session, plan)
            check_meeting(candidates, [item for _id, item in items])
            if len(items) * plan.repeats * len(candidates) > MOST_SAMPLES:
                raise RunRefused(
                    f"That makes more than {MOST_SAMPLES:,} answers.",
                    "Choose fewer items, repeats or candidates.",
                )
            new = store.NewRun(
                " ".join(plan.name.split())[:_LONGEST_NAME] or f"{suite.name}, {len(items)} items",
                plan.task,
                suite.id,
                suite.number,
                suite.sha256,
                [item_id for item_id, _item in items],
                plan.repeats,
                plan.seed,
                candidates,
            )
            run_id = store.add(session, new)
            store.add_metrics(session, run_id, metrics)
            return run_id

        run_id = self._write(work)
        self._runner.add(run_id, generates=True)
        return self.run(run_id)

    def pause(self, run_id: RunId) -> None:
        """Stop working on a run; answers under way are dropped. `resume` goes on."""
        self._runner.stop(run_id, RunState.PAUSED)

    def cancel(self, run_id: RunId) -> None:
        """Stop a run for good; what it has is kept, and it can be resumed all the same."""
        if not self._runner.stop(run_id, RunState.CANCELLED):
            run = self.run(run_id)
            if run.state is not RunState.DONE:
                self._write(lambda s: store.change(s, run_id, state=RunState.CANCELLED))

    def resume(self, run_id: RunId) -> Run:
        """Go on with a run: make what is missing, failed candidates too, and score it.

        Raises:
            NotNow: it is being worked on, or nothing is left to do.
        """
        run = self.run(run_id)
        if self._runner.is_busy(run_id):
            raise NotNow(f"“{run.name}” is being worked on already.")
        if not run.is_open:
            raise NotNow(f"“{run.name}” is done.")

        def work(session: Session) -> None:
            store.change(session, run_id, state=RunState.WAITING, problem="")
            store.let_candidates_wait(session, run_id, CandidateState.FAILED)

        self._write(work)
        self._runner.add(run_id, generates=True)
        return self.run(run_id)

    def score(self, run_id: RunId, metrics: Sequence[Mapping[str, Any]]) -> Run:
        """Measure a run by more metrics, without asking its candidates again.

        Raises:
            MetricError: a metric cannot be used.
            NotNow: it is being worked on.
        """
        facts = self._facts(metrics)
        run = self._idle(run_id)

        def work(session: Session) -> None:
            store.add_metrics(session, run_id, facts)
            store.change(session, run_id, state=RunState.WAITING)

        self._write(work)
        self._runner.add(run_id, generates=False, after=run.state)
        return self.run(run_id)

    def remove_metric(self, run_id: RunId, metric: MetricId) -> None:
        """Forget a metric of a run and its scores.

        Raises:
            NotNow: the run is being worked on.
        """
        self._idle(run_id)
        self._write(lambda s: store.remove_metric(s, run_id, metric))

    def wait(self, run_id: RunId, timeout_s: float | None = None) -> bool:
        """Wait until a run is not worked on any more; whether that is so by then."""
        return self._runner.wait(run_id, timeout_s)

    def runs(self, suite_id: SuiteId | None = None) -> tuple[Run, ...]:
        """Every run, or those of a suite, newest first."""
        return self._read(lambda s: store.runs(s, suite_id))

    def run(self, run_id: RunId) -> Run:
        """One run."""
        return self._read(lambda s: store.run(s, run_id))

    def rename(self, run_id: RunId, name: str) -> None:
        """Call a run by another name.

        Raises:
            RunRefused: it is empty.
        """
        text = " ".join(name.split())[:_LONGEST_NAME]
        if not text:
            raise RunRefused("A run needs a name.", "Write one.")
        self._write(lambda s: store.change(s, run_id, name=text))

    def set_baseline(self, run_id: RunId, candidate: int) -> None:
        """Compare the others of a run with this candidate."""
        if candidate not in {each.number for each in self.run(run_id).candidates}:
            raise RunRefused("This run has no such candidate.")
        self._write(lambda s: store.change(s, run_id, baseline=candidate))

    def delete(self, run_id: RunId) -> None:
        """Take a run away. `restore` brings it back until a purge.

        Raises:
            NotNow: it is being worked on.
        """
        self._idle(run_id)
        self._write(lambda s: store.mark_deleted(s, run_id, is_deleted=True))

    def restore(self, run_id: RunId) -> Run:
        """Bring a deleted run back."""
        self._write(lambda s: store.mark_deleted(s, run_id, is_deleted=False))
        return self.run(run_id)

    def results(self, run_id: RunId) -> RunResults:
        """A run summed up, at any moment of its life."""

        self._settle()
        return results_of(self._database, run_id)

    def matrix(
        self,
        run_id: RunId,
        chosen: MatrixFilter = _EVERYTHING,
        *,
        offset: int = 0,
        limit: int = 100,
    ) -> MatrixPage:
        """A page of items with what each candidate made of them, in the order of the items.

        Args:
            run_id: which run.
            chosen: which items.
            offset, limit: which part of them; a limit of -1 is all of the rest.
        """
        return self._read(lambda s: matrix_store.page(s, run_id, chosen, offset, limit))

    def report_data(self, run_id: RunId) -> ReportData:
        """All that a report of a run is made of."""
        rows = self.matrix(run_id, limit=-1).rows
        moment = datetime.now(UTC).astimezone()
        return ReportData(self.results(run_id), rows, moment, f"Cairn {app.__version__}")

    def sample(self, sample_id: SampleId) -> tuple[Sample, tuple[SampleScore, ...]]:
        """One sample with all that was sent, and its scores."""
        return self._read(lambda s: sample_store.sample(s, sample_id))

    def compare(self, one: RunId, other: RunId) -> tuple[comparing.MetricComparison, ...]:
        """Every candidate of the other run beside the baseline of the first, on equal items.

        Raises:
            RunRefused: the two share no metric or no item.
        """
        return self._read(lambda s: comparing.compare(s, store.run(s, one), store.run(s, other)))

    def last_score(self, prompt_id: PromptId, number: int) -> LastScore | None:
        """What a prompt version came to in its newest finished run, by that run's first metric."""

        def work(session: Session) -> LastScore | None:
            found = store.newest_of_prompt(session, prompt_id, number)
            if found is None or not found[0].metrics or found[0].ended_at is None:
                return None
            run, candidate = found
            metric = run.metrics[0]
            table = sample_store.score_table(session, run.id, metric.id)
            return LastScore(
                run.id,
                run.name,
                run.suite_name,
                metric.label,
                metric.higher_is_better,
                estimate_of(table.get(candidate, {}), shared_by_key(session, run.id)),
                found[0].ended_at,
            )

        return self._read(work)

    def _facts(self, metrics: Sequence[Mapping[str, Any]]) -> list[MetricFacts]:
        return [self._parts.metrics.facts(each) for each in metrics]

    def _idle(self, run_id: RunId) -> Run:
        run = self.run(run_id)
        if self._runner.is_busy(run_id):
            raise NotNow(f"“{run.name}” is being worked on.", "Pause it first, or wait.")
        return run

    def _read(self, work: Callable[[Session], T]) -> T:
        self._settle()
        with self._database.read() as session:
            return work(session)

    def _write(self, work: Callable[[Session], T]) -> T:
        self._settle()
        done = self._database.write(work)
        self._notices.changed(Topic.EVALS)
        return done

    def _settle(self) -> None:
        """At the first use, see which runs were under way when Cairn last ended."""
        with self._settling:
            if not self._is_settled:
                self._database.write(store.mark_interrupted)
                self._is_settled = True


def _chosen(session: Session, plan: RunPlan) -> Any:
    found = store.chosen_items(session, plan.suite, plan.keys, plan.tag, plan.most_items)
    if not found:
        raise RunRefused("There is no item to ask.", "Add items to the suite, or choose others.")
    return found
