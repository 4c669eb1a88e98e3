"""Answers are scored as they come by the metrics that need nothing, with a scripted engine."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest

from app.base.jobs import Activity
from app.base.paths import DataPaths
from app.bootstrap import Services
from app.evals.entities import Item, Output, Score
from app.evals.metrics.text import ExactMatch
from app.evals.runs.entities import Run, RunState
from app.evals.runs.scoring import LiveScoring, Pair
from app.evals.store import runs as run_store
from app.evals.store import samples as sample_store
from app.modelhub.entities import LocalModel
from app.storage.db import Database, Session
from tests.doubles.scripted_engine import Script
from tests.unit.evals.runs.conftest import EXACT, WAIT_S, finished, item, plan_for, suite_of

Start = Callable[..., Services]
Import = Callable[..., LocalModel]

SLOW = Script({"": "yes"}, prefill_s=0.05)
MEANING = {"metric": "semantic_similarity"}


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each item's answer was scored by exact match."""
    counts: Counter[str] = Counter()
    score = ExactMatch.score

    def counted(metric: ExactMatch, item: Item, output: Output) -> Score:
        counts[item.key] += 1
        return score(metric, item, output)

    monkeypatch.setattr(ExactMatch, "score", counted)
    return counts


def paused(services: Services, model: LocalModel) -> Run:
    """A run of 20 items that is stopped after the first answers."""
    suite = suite_of(services, *(item(f"k{n}", "Say yes.", "yes") for n in range(20)))
    some = threading.Event()
    services.notices.subscribe(
        lambda each: some.set() if isinstance(each, Activity) and each.done else None
    )
    run = services.evals.start(plan_for(suite, model, metrics=(EXACT, MEANING)))
    assert some.wait(WAIT_S)
    services.evals.pause(run.id)
    assert services.evals.wait(run.id, WAIT_S)
    stopped = services.evals.run(run.id)
    assert stopped.state is RunState.PAUSED
    assert 0 < stopped.samples < 20
    return stopped


def resumed(services: Services, run: Run) -> Run:
    services.evals.resume(run.id)
    assert services.evals.wait(run.id, WAIT_S)
    return services.evals.run(run.id)


def test_answers_are_scored_before_the_run_ends_and_each_once(
    start: Start, import_model: Import, scored: Counter[str]
):
    services = start(SLOW)
    run = paused(services, import_model(services))
    exact, meaning = run.metrics
    assert (exact.unscored, meaning.unscored) == (0, run.samples)
    (candidate,) = services.evals.results(run.id).candidates
    assert candidate.metrics[0].estimate.items == run.samples
    assert candidate.metrics[0].estimate.value == 1.0
    assert resumed(services, run).metrics[0].unscored == 0
    assert scored == Counter({f"k{n}": 1 for n in range(20)})


def test_answers_that_were_stored_but_not_scored_are_scored_when_it_goes_on(
    start: Start, import_model: Import, scored: Counter[str], monkeypatch: pytest.MonkeyPatch
):
    services = start(SLOW)

    def ended(_scoring: LiveScoring, _pairs: Sequence[Pair]) -> dict[object, object]:
        return {}

    with monkeypatch.context() as patch:
        patch.setattr(LiveScoring, "score", ended)
        run = paused(services, import_model(services))
    assert run.metrics[0].unscored == run.samples
    assert resumed(services, run).metrics[0].unscored == 0
    assert scored == Counter({f"k{n}": 1 for n in range(20)})


@pytest.fixture
def database(data_paths: DataPaths) -> Iterator[Database]:
    database = Database(data_paths.database)
    yield database
    database.close()


def test_results_of_a_running_run_are_summed_up_again_after_a_twentieth_more(
    start: Start, import_model: Import, database: Database
):
    services = start(Script({"": "yes"}))
    suite = suite_of(services, *(item(f"k{n}", "Say yes.", "yes") for n in range(41)))
    run = finished(services, plan_for(suite, import_model(services)))
    services.evals.results(run.id)
    database.open()
    database.write(lambda s: run_store.change(s, run.id, state=RunState.RUNNING))
    answers = [row.cells[0][0].sample for row in services.evals.matrix(run.id).rows]

    def mean_after(repeat: int) -> float | None:
        """The mean that is shown when one more answer is there, and wrong."""
        again = [replace(answers[0], repeat=repeat)]

        def add(session: Session) -> None:
            kept = sample_store.add(session, run.id, again)
            scores = [(each.id, Score(0.0)) for each in kept]
            sample_store.put_scores(session, run.metrics[0].id, scores)

        database.write(add)
        (candidate,) = services.evals.results(run.id).candidates
        return candidate.metrics[0].estimate.value

    assert [mean_after(repeat) == 1.0 for repeat in (1, 2, 3)] == [True, True, False]
    summed = mean_after(4)
    database.write(lambda s: run_store.change(s, run.id, state=RunState.DONE))
    (candidate,) = services.evals.results(run.id).candidates
    assert candidate.metrics[0].estimate.value != summed
