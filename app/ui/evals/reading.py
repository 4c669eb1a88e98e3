"""What the first screen and a run's page read at a time, off the GUI thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from app.base.errors import NotFound
from app.evals.judging.pairwise import Preference
from app.evals.runs.entities import Run, RunId, StoredSuite, SuiteId
from app.evals.runs.results import PairResult, RunResults
from app.evals.service import EvalService


@dataclass(frozen=True, slots=True)
class Shelf:
    """All suites by name, and all runs, newest first."""

    suites: tuple[StoredSuite, ...]
    runs: tuple[Run, ...]

    def last_runs(self) -> Mapping[SuiteId, Run]:
        """The newest run of each suite that has any."""
        return {run.suite_id: run for run in reversed(self.runs)}


@dataclass(frozen=True, slots=True)
class ShownPair:
    """Two candidates as a judge finds them; `cause` is the commonest reason for not judging."""

    result: PairResult
    cause: str = ""


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run summed up, and the tags of its items; `tags` is empty where its suite is gone."""

    results: RunResults
    tags: tuple[str, ...]
    pairs: tuple[ShownPair, ...] = ()


def read_shelf(evals: EvalService) -> Shelf:
    """Everything the first screen lists."""
    return Shelf(evals.suites.suites(), evals.runs())


def read_run(evals: EvalService, run_id: RunId) -> ShownRun:
    """A run summed up.

    Raises:
        NotFound: it is gone.
    """
    results = evals.results(run_id)
    try:
        tags = tuple(evals.suites.tags(results.run.suite_id))
    except NotFound:
        tags = ()
    return ShownRun(results, tags, _pairs(evals, results.run))


def _pairs(evals: EvalService, run: Run) -> tuple[ShownPair, ...]:
    if not run.pairings:
        return ()
    return tuple(
        ShownPair(each, _cause(evals, run.id, each) if each.tally.unscored else "")
        for each in evals.pair_results(run.id)
    )


def _cause(evals: EvalService, run_id: RunId, result: PairResult) -> str:
    found = evals.pair_outcomes(run_id, pairing=result.pairing.id, limit=-1).outcomes
    reasons = Counter(
        " ".join(each.comparison.reasons)
        for each in found
        if each.comparison.preference is Preference.UNSCORED
    )
    return reasons.most_common(1)[0][0] if reasons else ""
