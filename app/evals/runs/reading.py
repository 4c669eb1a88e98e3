"""The use cases of runs that change nothing: what there is, and what came of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import app
from app.evals.runs.entities import Run, RunId, Sample, SampleId, SampleScore, SuiteId
from app.evals.runs.pairs import PairingId, PairPage
from app.evals.runs.results import LastScore, MatrixFilter, MatrixPage, PairResult, RunResults
from app.evals.store import runs as store
from app.evals.store import samples as sample_store
from app.prompts.entities import PromptId
from app.storage.db import Database, Session

# Statistics, judging and reports are imported where they are wanted: starting Cairn imports this
# module, and sums nothing up.
if TYPE_CHECKING:
    from app.evals.reports.data import ReportData
    from app.evals.runs.comparing import MetricComparison

T = TypeVar("T")

_EVERYTHING = MatrixFilter()


class RunReader:
    """Reads runs. Methods block and may be called on any thread; `NotFound` if a run is gone."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._settling = threading.Lock()
        self._is_settled = False

    def runs(self, suite_id: SuiteId | None = None) -> tuple[Run, ...]:
        """Every run, or those of a suite, newest first."""
        return self._read(lambda s: store.runs(s, suite_id))

    def run(self, run_id: RunId) -> Run:
        """One run."""
        return self._read(lambda s: store.run(s, run_id))

    def results(self, run_id: RunId) -> RunResults:
        """A run summed up, at any moment of its life."""
        from app.evals.runs.summary import results_of

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
        from app.evals.store.matrix import page

        return self._read(lambda s: page(s, run_id, chosen, offset, limit))

    def report_data(self, run_id: RunId) -> ReportData:
        """All that a report of a run is made of."""
        from app.evals.reports.data import ReportData

        return ReportData(
            self.results(run_id),
            self.matrix(run_id, limit=-1).rows,
            datetime.now(UTC).astimezone(),
            f"Cairn {app.__version__}",
            pairs=self.pair_results(run_id),
            outcomes=self.pair_outcomes(run_id, limit=-1).outcomes,
        )

    def pair_results(self, run_id: RunId) -> tuple[PairResult, ...]:
        """What judges found of candidates in pairs, as far as they are."""
        from app.evals.runs.pair_summing import pair_results
        from app.evals.runs.summary import shared_by_key
        from app.evals.store.pairs import outcomes

        def work(session: Session) -> tuple[PairResult, ...]:
            run = store.run(session, run_id)
            found = outcomes(session, run_id).outcomes
            return pair_results(run, found, shared_by_key(session, run_id))

        return self._read(work)

    def pair_outcomes(
        self,
        run_id: RunId,
        *,
        pairing: PairingId | None = None,
        position: int | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> PairPage:
        """A page of what judges found, with their reasons, in the order of the items.

        Args:
            run_id: which run.
            pairing: only of this one.
            position: only of the item there.
            offset, limit: which part of them; a limit of -1 is all of the rest.
        """
        from app.evals.store.pairs import outcomes

        return self._read(lambda s: outcomes(s, run_id, pairing, position, offset, limit))

    def sample(self, sample_id: SampleId) -> tuple[Sample, tuple[SampleScore, ...]]:
        """One sample with all that was sent, and its scores."""
        return self._read(lambda s: sample_store.sample(s, sample_id))

    def compare(self, one: RunId, other: RunId) -> tuple[MetricComparison, ...]:
        """Every candidate of the other run beside the baseline of the first, on equal items.

        Raises:
            RunRefused: the two share no metric or no item.
        """
        from app.evals.runs.comparing import compare

        return self._read(lambda s: compare(s, store.run(s, one), store.run(s, other)))

    def last_score(self, prompt_id: PromptId, number: int) -> LastScore | None:
        """What a prompt version came to in its newest finished run, by that run's first metric."""
        from app.evals.runs.summary import shared_by_key
        from app.evals.runs.summing import estimate_of

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
                metric,
                estimate_of(table.get(candidate, {}), shared_by_key(session, run.id)),
                found[0].ended_at,
            )

        return self._read(work)

    def _read(self, work: Callable[[Session], T]) -> T:
        self._settle()
        with self._database.read() as session:
            return work(session)

    def _settle(self) -> None:
        """At the first use, see which runs were under way when Cairn last ended."""
        with self._settling:
            if not self._is_settled:
                self._database.write(store.mark_interrupted)
                self._is_settled = True
