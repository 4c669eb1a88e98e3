"""The use cases of runs: estimating, starting, stopping, scoring again, judging in pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from app.base.changes import Notices, Topic
from app.base.jobs import CancelToken
from app.evals.errors import NotNow, RunRefused
from app.evals.runs.entities import (
    CandidateState,
    Run,
    RunId,
    RunPlan,
    RunState,
)
from app.evals.runs.measuring import MetricFacts, Metrics
from app.evals.runs.pairs import PairingId
from app.evals.runs.planning import MOST_SAMPLES, Planner
from app.evals.runs.reading import RunReader
from app.evals.runs.results import RunEstimate
from app.evals.runs.runner import Runner
from app.evals.store import metrics as metric_store
from app.evals.store import pairings as pairing_store
from app.evals.store import runs as store
from app.evals.suites.service import SuiteService
from app.modelhub.borrowing import ModelLending
from app.modelhub.service import ModelService
from app.storage.db import Database, Session

T = TypeVar("T")

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Parts:
    """What runs need of the rest of Cairn."""

    models: ModelService
    lending: ModelLending
    planner: Planner
    metrics: Metrics


class EvalService(RunReader):
    """Suites and runs. Methods block and may be called on any thread; `NotFound` if a run is gone.

    Attributes:
        suites: the use cases of suites.
    """

    def __init__(
        self, database: Database, notices: Notices, suites: SuiteService, parts: Parts
    ) -> None:
        super().__init__(database)
        self.suites = suites
        self._notices = notices
        self._parts = parts
        self._runner = Runner(database, notices, parts.lending, parts.metrics)

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
        from app.evals.runs.estimating import estimated

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
        from app.evals.runs.asking import check_meeting

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
                " ".join(plan.name.split())[:_LONGEST_NAME]
                or f"{suite.name}, {len(items)} item{'s' * (len(items) != 1)}",
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
            metric_store.add(session, run_id, metrics)
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
        return self._work_again(run, lambda s: metric_store.add(s, run_id, facts))

    def judge_pairs(
        self, run_id: RunId, one: int, other: int | None, judge: Mapping[str, Any]
    ) -> Run:
        """Let a model compare the answers of two candidates, each pair of them in both orders.

        What this judge has compared already is not asked again; `pair_results` sums it up.

        Args:
            run_id: which run.
            one, other: numbers of candidates; with None for the other, each of the others in turn.
            judge: settings of the metric “judgement”: `model`, `rubric` and `with_target`.

        Raises:
            RunRefused: there is no such pair of candidates, or there are no answers to compare.
            MetricError, NotFound: the rubric cannot be used, or there is no such model.
            NotNow: the run is being worked on.
        """
        from app.evals.runs.judging import pairs_of

        document = self._parts.metrics.facts({**judge, "metric": "judgement"}).document
        run = self._idle(run_id)
        pairs = pairs_of(run, one, other)

        def change(session: Session) -> None:
            for pair in pairs:
                pairing_store.add(session, run_id, *pair, document)

        return self._work_again(run, change)

    def remove_pairing(self, run_id: RunId, pairing: PairingId) -> None:
        """Forget what a judge found of two candidates.

        Raises:
            NotNow: the run is being worked on.
        """
        self._idle(run_id)
        self._write(lambda s: pairing_store.remove(s, run_id, pairing))

    @property
    def current(self) -> RunId | None:
        """The run that is worked on now."""
        return self._runner.current

    def wait(self, run_id: RunId, timeout_s: float | None = None) -> bool:
        """Wait until a run is not worked on any more; whether that is so by then."""
        return self._runner.wait(run_id, timeout_s)

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

    def _facts(self, metrics: Sequence[Mapping[str, Any]]) -> list[MetricFacts]:
        return [self._parts.metrics.facts(each) for each in metrics]

    def _work_again(self, run: Run, change: Callable[[Session], None]) -> Run:
        """Score and judge a run after it was changed; its candidates are not asked."""

        def work(session: Session) -> None:
            change(session)
            store.change(session, run.id, state=RunState.WAITING)

        self._write(work)
        after = RunState.INTERRUPTED if run.state.is_active else run.state
        self._runner.add(run.id, generates=False, after=after)
        return self.run(run.id)

    def _idle(self, run_id: RunId) -> Run:
        run = self.run(run_id)
        if self._runner.is_busy(run_id):
            raise NotNow(f"“{run.name}” is being worked on.", "Pause it first, or wait.")
        return run

    def _write(self, work: Callable[[Session], T]) -> T:
        self._settle()
        done = self._database.write(work)
        self._notices.changed(Topic.EVALS)
        return done


def _chosen(session: Session, plan: RunPlan) -> Any:
    found = store.chosen_items(session, plan.suite, plan.keys, plan.tag, plan.most_items)
    if not found:
        raise RunRefused("There is no item to ask.", "Add items to the suite, or choose others.")
    return found
