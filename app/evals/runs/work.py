"""The work on one run: generates what is missing, scores and judges it, and says how far it is.

A sample is stored first and scored then, so that nothing is lost or scored twice whenever it ends.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence

from app.base.changes import Notices, Topic
from app.base.errors import AppError, Cancelled
from app.base.jobs import Activity, Pace
from app.engine.protocol import ModelFacts
from app.evals.entities import Item
from app.evals.judging.pairwise import Comparison
from app.evals.runs.entities import (
    Candidate,
    CandidateState,
    MetricId,
    Run,
    RunState,
    Sample,
    SampleId,
)
from app.evals.runs.generation import Generation, Keeper, Slot
from app.evals.runs.job import ACTIVITY, Job
from app.evals.runs.judging import Judging
from app.evals.runs.measuring import Metrics
from app.evals.runs.pairs import PairingId
from app.evals.runs.scoring import LiveScoring, Pair, Scores, Scoring
from app.evals.runs.summary import results_of
from app.evals.store import pairs as pair_store
from app.evals.store import runs as run_store
from app.evals.store import samples as sample_store
from app.evals.store.pairs import Answers
from app.modelhub.borrowing import ModelLending
from app.storage.base import now
from app.storage.db import Database, Session

log = logging.getLogger(__name__)

_TELL_EVERY_S = 0.3


class RunWork:
    """The work on one run, and what is told of it."""

    def __init__(
        self,
        job: Job,
        database: Database,
        notices: Notices,
        lending: ModelLending,
        metrics: Metrics,
    ) -> None:
        self._job = job
        self._database = database
        self._notices = notices
        self._lending = lending
        self._metrics = metrics
        self._pace = Pace()
        self._told_at = 0.0
        self._done = self._total = 0
        self._unit = self._title = ""

    def do(self) -> None:
        """Generate what is missing, score and judge it; ends in a state that is stored."""
        state, problem = RunState.INTERRUPTED, ""
        try:
            problem = " ".join([*self._generate_and_score(), *self._judge()])
            state = self._job.after
            if self._job.generates:
                state = self._how_it_ended()
        except Cancelled:
            state = self._job.after
        except AppError as error:
            state, problem = RunState.FAILED, str(error)
        finally:
            self._end(state, problem)

    def _generate_and_score(self) -> Sequence[str]:
        run = self._run()
        self._begin(run, run.total, run.samples, "answers")
        if self._job.generates:
            self._set(RunState.RUNNING, started=run.started_at is None)
            self._generate(run)
        self._set(RunState.SCORING)
        run = self._run()
        self._begin(run, sum(each.unscored for each in run.metrics), 0, "scores")
        scoring = Scoring(run, self._metrics, self._to_score, self._put_scores, self._job.cancel)
        problems = scoring.score_all()
        results_of(self._database, run.id)  # or whoever looks first would wait for it
        return problems

    def _generate(self, run: Run) -> None:
        cancel = self._job.cancel
        with self._database.read() as session:
            items = sample_store.items(session, run.id)
        with LiveScoring.of(run, self._metrics, cancel) as scoring:

            def keep(samples: Sequence[Sample]) -> None:
                self._keep(samples, items, scoring)

            keeper = Keeper(self._missing, keep, self._loaded, self._worked, self._ended)
            Generation(run, items, self._lending, keeper, cancel).make_all()

    def _judge(self) -> Sequence[str]:
        run = self._run()
        missing = sum(each.missing for each in run.pairings)
        if not missing:
            return ()
        self._begin(run, missing, 0, "comparisons")
        judging = Judging(run, self._metrics, self._to_compare, self._put_pairs, self._job.cancel)
        return judging.judge_all()

    def _how_it_ended(self) -> RunState:
        run = self._run()
        all_failed = all(each.state is CandidateState.FAILED for each in run.candidates)
        return RunState.FAILED if all_failed and not run.samples else RunState.DONE

    def _missing(self, candidate: Candidate) -> Sequence[Slot]:
        run = self._run()
        with self._database.read() as session:
            made = sample_store.made(session, run.id, candidate.number)
        return [
            Slot(position, repeat)
            for position in range(run.items)
            for repeat in range(run.repeats)
            if (position, repeat) not in made
        ]

    def _keep(
        self, samples: Sequence[Sample], items: Mapping[int, Item], scoring: LiveScoring
    ) -> None:
        if not samples:
            return
        kept = self._database.write(lambda s: sample_store.add(s, self._job.run_id, samples))
        found = scoring.score([(each, items[each.position]) for each in kept])

        def put(session: Session) -> None:
            for metric, scores in found.items():
                sample_store.put_scores(session, metric, scores)

        if found:
            self._database.write(put)
        self._tell(len(samples))

    def _loaded(self, candidate: Candidate, facts: ModelFacts, sha256: str) -> None:
        state = CandidateState.RUNNING
        self._write(
            lambda s: run_store.change_candidate(
                s, self._job.run_id, candidate.number, state=state, facts=facts, sha256=sha256
            )
        )

    def _worked(self, candidate: Candidate, seconds: float) -> None:
        self._write(
            lambda s: run_store.change_candidate(
                s, self._job.run_id, candidate.number, more_wall_s=seconds
            )
        )

    def _ended(self, candidate: Candidate, state: CandidateState, problem: str) -> None:
        self._write(
            lambda s: run_store.change_candidate(
                s, self._job.run_id, candidate.number, state=state, problem=problem
            )
        )

    def _write(self, work: Callable[[Session], None]) -> None:
        self._database.write(work)
        self._notices.changed(Topic.EVALS)

    def _to_score(self, metric: MetricId, after: SampleId, limit: int) -> Sequence[Pair]:
        with self._database.read() as session:
            return sample_store.to_score(session, self._job.run_id, metric, after, limit)

    def _put_scores(self, metric: MetricId, scores: Scores) -> None:
        self._database.write(lambda s: sample_store.put_scores(s, metric, scores))
        self._tell(len(scores))

    def _to_compare(self, pairing: PairingId, limit: int) -> Sequence[Answers]:
        with self._database.read() as session:
            return pair_store.to_compare(session, pairing, limit)

    def _put_pairs(self, pairing: PairingId, found: Sequence[tuple[Answers, Comparison]]) -> None:
        self._database.write(lambda s: pair_store.put(s, pairing, found))
        self._tell(len(found))

    def _run(self) -> Run:
        with self._database.read() as session:
            return run_store.run(session, self._job.run_id)

    def _set(self, state: RunState, *, started: bool = False) -> None:
        run_id, moment = self._job.run_id, now() if started else None
        self._write(
            lambda s: run_store.change(s, run_id, state=state, problem="", started_at=moment)
        )

    def _begin(self, run: Run, total: int, done: int, unit: str) -> None:
        self._title, self._total, self._done, self._unit = run.name, total, done, unit
        self._pace = Pace()
        self._tell(0)

    def _tell(self, more: int) -> None:
        """Say how far it is, but not more often than anybody could read."""
        self._done += more
        moment = time.monotonic()
        if more and moment - self._told_at < _TELL_EVERY_S:
            return
        self._told_at = moment
        left = self._pace.seconds_left(self._done, self._total)
        self._notices.activity(self._activity(seconds_left=left))
        self._notices.changed(Topic.EVALS)

    def _end(self, state: RunState, problem: str) -> None:
        run_id, moment = self._job.run_id, now()

        def work(session: Session) -> None:
            run_store.change(session, run_id, state=state, problem=problem, ended_at=moment)
            run_store.let_candidates_wait(session, run_id, CandidateState.RUNNING)

        try:
            self._database.write(work)
        except AppError:  # such as a full disk; at the next start the run is found interrupted
            log.exception("how run %s ended was not stored", run_id)
        finally:
            self._notices.activity(self._activity(finished=True, problem=problem))
            self._notices.changed(Topic.EVALS)

    def _activity(
        self, *, seconds_left: float | None = None, finished: bool = False, problem: str = ""
    ) -> Activity:
        return Activity(
            ACTIVITY,
            self._title,
            self._done,
            self._total,
            self._unit,
            seconds_left,
            can_cancel=True,
            finished=finished,
            problem=problem,
        )
