"""Runs from plan to results, with a scripted engine in a real child process."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from app.base.changes import Topic
from app.base.errors import NotFound
from app.base.jobs import Activity
from app.bootstrap import Services
from app.engine.messages import Role
from app.engine.sampling import Sampling
from app.evals.errors import NotNow, RunRefused
from app.evals.runs.entities import (
    AnswerSettings,
    CandidateState,
    ModelChoice,
    PromptChoice,
    RunPlan,
    RunState,
)
from app.evals.runs.results import MatrixFilter
from app.evals.statistics import Outcome
from app.modelhub.entities import LocalModel
from app.prompts.entities import Content, Part
from tests.doubles.scripted_engine import Script
from tests.unit.evals.runs.conftest import (
    EXACT,
    ITEMS,
    WAIT_S,
    finished,
    item,
    plan_for,
    suite_of,
)

Start = Callable[..., Services]
Import = Callable[..., LocalModel]
REPLIES = {"yes": "yes", "no": "NO", "": "maybe"}


def test_every_item_is_asked_once_by_every_candidate_and_scored(start: Start, import_model: Import):
    services = start(Script(REPLIES))
    suite = suite_of(services)
    one, two = import_model(services, "one"), import_model(services, "two")
    told: list[object] = []
    services.notices.subscribe(told.append)
    run = finished(services, plan_for(suite, one, two, repeats=2))
    assert (run.state, run.samples, run.total, run.problems) == (RunState.DONE, 12, 12, 0)
    results = services.evals.results(run.id)
    assert [each.candidate.state for each in results.candidates] == [CandidateState.DONE] * 2
    first, second = (each.metrics[0] for each in results.candidates)
    assert first.estimate.value == pytest.approx(1 / 3)
    assert first.estimate.low is not None
    assert first.verdict is None
    assert second.verdict is not None
    assert second.verdict.outcome is Outcome.NO_DIFFERENCE
    seen = [each for each in told if isinstance(each, Activity)]
    assert seen[-1].finished
    assert {each.id for each in seen} == {"evaluation"}
    assert frozenset({Topic.EVALS}) in told


def test_sample_keeps_what_was_sent_and_the_seed_of_its_repeat(start: Start, import_model: Import):
    services = start(Script(REPLIES))
    run = finished(
        services, plan_for(suite_of(services), import_model(services), repeats=2, seed=7)
    )
    row = services.evals.matrix(run.id, limit=1).rows[0]
    samples = [each.sample for each in row.cells[0]]
    assert [(each.repeat, each.seed) for each in samples] == [(0, 7), (1, 8)]
    sample, scores = services.evals.sample(samples[0].id)
    assert sample.turns == ITEMS[0].input
    assert (sample.text, scores[0].value) == ("yes", 1.0)
    assert sample.timings.output_tokens > 0


def test_prompts_and_settings_are_crossed_and_labelled_by_what_differs(
    start: Start, import_model: Import
):
    services = start(Script(REPLIES))
    content = Content((Part(Role.SYSTEM, "Be brief."),))
    prompt = services.prompts.create("brief", content, note="First")
    settings = tuple(AnswerSettings(Sampling(temperature=each), 64) for each in (0.0, 1.0))
    prompts = (None, PromptChoice(prompt.id))
    plan = plan_for(suite_of(services), import_model(services), prompts=prompts, settings=settings)
    run = finished(services, plan)
    assert [each.label for each in run.candidates] == [
        "no prompt, temperature 0",
        "no prompt, temperature 1",
        "brief version 1, temperature 0",
        "brief version 1, temperature 1",
    ]
    score = services.evals.last_score(prompt.id, 1)
    assert score is not None
    assert (score.run, score.metric.label) == (run.id, "exact match")
    assert score.estimate.items == 3
    assert services.evals.last_score(prompt.id, 2) is None


def test_item_that_cannot_be_asked_is_a_problem_and_the_rest_goes_on(
    start: Start, import_model: Import
):
    services = start(Script(REPLIES, context_length=64))
    suite = suite_of(services, ITEMS[0], item("long", "word " * 100, "yes"), ITEMS[1])
    run = finished(services, plan_for(suite, import_model(services)))
    assert (run.state, run.samples, run.problems) == (RunState.DONE, 3, 1)
    (candidate,) = services.evals.results(run.id).candidates
    assert "tokens" in candidate.problem
    assert (candidate.metrics[0].estimate.items, candidate.metrics[0].estimate.unscored) == (2, 1)
    (row,) = services.evals.matrix(run.id, MatrixFilter(problems=True)).rows
    score = row.cells[0][0].scores[0]
    assert (row.item.key, score.value) == ("long", None)
    assert "no answer" in score.reason


def test_target_that_is_missing_is_unscored_and_no_zero(start: Start, import_model: Import):
    services = start(Script(REPLIES))
    suite = suite_of(services, ITEMS[0], item("open", "Say yes."))
    run = finished(services, plan_for(suite, import_model(services)))
    estimate = services.evals.results(run.id).candidates[0].metrics[0].estimate
    assert (estimate.value, estimate.items, estimate.unscored) == (1.0, 1, 1)
    chosen = MatrixFilter(metric=run.metrics[0].id, unscored=True)
    assert [each.item.key for each in services.evals.matrix(run.id, chosen).rows] == ["open"]


def test_scoring_again_asks_nobody(start: Start, import_model: Import):
    services = start(Script(REPLIES))
    run = finished(services, plan_for(suite_of(services), import_model(services)))
    before = [each.cells[0][0].sample for each in services.evals.matrix(run.id).rows]
    loose = EXACT | {"casefold": True}
    services.evals.score(run.id, (EXACT, loose))
    assert services.evals.wait(run.id, WAIT_S)
    run = services.evals.run(run.id)
    assert run.state is RunState.DONE
    assert [each.label for each in run.metrics] == ["exact match", "exact match 2"]
    strict, folded = services.evals.results(run.id).candidates[0].metrics
    assert [strict.estimate.value, folded.estimate.value] == [
        pytest.approx(1 / 3),
        pytest.approx(2 / 3),
    ]
    assert [each.cells[0][0].sample for each in services.evals.matrix(run.id).rows] == before


def test_paused_run_goes_on_where_it_was(start: Start, import_model: Import):
    services = start(Script(REPLIES, prefill_s=0.05))
    suite = suite_of(services, *(item(f"k{n}", "Say yes.", "yes") for n in range(40)))
    some = threading.Event()
    services.notices.subscribe(
        lambda each: some.set() if isinstance(each, Activity) and each.done else None
    )
    run = services.evals.start(plan_for(suite, import_model(services)))
    assert some.wait(WAIT_S)
    services.evals.pause(run.id)
    assert services.evals.wait(run.id, WAIT_S)
    paused = services.evals.run(run.id)
    assert paused.state is RunState.PAUSED
    assert 0 < paused.samples < 40
    kept = {
        e.position: e.cells[0][0].sample.id for e in services.evals.matrix(run.id).rows if e.cells
    }
    services.evals.resume(run.id)
    assert services.evals.wait(run.id, WAIT_S)
    rows = services.evals.matrix(run.id).rows
    assert services.evals.run(run.id).state is RunState.DONE
    assert all(len(row.cells[0]) == 1 for row in rows)
    assert kept.items() <= {e.position: e.cells[0][0].sample.id for e in rows}.items()
    with pytest.raises(NotNow, match="is done"):
        services.evals.resume(run.id)


def test_runs_wait_for_each_other_and_closing_pauses_them(start: Start, import_model: Import):
    services = start(Script(REPLIES, stall_after=0))
    suite, model = suite_of(services), import_model(services)
    first = services.evals.start(plan_for(suite, model))
    second = services.evals.start(plan_for(suite, model))
    with pytest.raises(NotNow):
        services.evals.delete(second.id)
    services.evals.cancel(second.id)
    assert services.evals.run(second.id).state is RunState.CANCELLED
    services = start(Script(REPLIES))
    assert services.evals.run(first.id).state is RunState.PAUSED
    services.evals.resume(first.id)
    assert services.evals.wait(first.id, WAIT_S)
    assert services.evals.run(first.id).state is RunState.DONE


def test_engine_that_dies_twice_fails_its_candidate_and_the_rest_goes_on(
    start: Start, import_model: Import, tmp_path
):
    services = start(Script(REPLIES, abort_after=0))
    run = finished(services, plan_for(suite_of(services), import_model(services)))
    assert (run.state, run.samples) == (RunState.FAILED, 0)
    assert run.candidates[0].state is CandidateState.FAILED
    assert "engine" in run.candidates[0].problem
    services = start(Script(REPLIES))
    services.evals.resume(run.id)
    assert services.evals.wait(run.id, WAIT_S)
    run = services.evals.run(run.id)
    assert (run.state, run.samples, run.candidates[0].problem) == (RunState.DONE, 3, "")


def test_engine_that_is_killed_in_the_middle_is_opened_again(start: Start, import_model: Import):
    services = start(Script(REPLIES, prefill_s=0.05))
    model = import_model(services)
    services.models.load(model.id)
    suite = suite_of(services, *(item(f"k{n}", "Say yes.", "yes") for n in range(30)))
    killed = threading.Event()
    pid = services.lending._engine.pid
    assert pid is not None

    def kill(notice: object) -> None:
        if isinstance(notice, Activity) and notice.done and not killed.is_set():
            killed.set()
            os.kill(pid, signal.SIGKILL)

    services.notices.subscribe(kill)
    run = finished(services, plan_for(suite, model))
    assert killed.is_set()
    assert (run.state, run.samples, run.problems) == (RunState.DONE, 30, 0)


def test_model_that_is_gone_fails_its_candidate_only(start: Start, import_model: Import):
    services = start(Script(REPLIES))
    one, two = import_model(services, "one"), import_model(services, "two")
    plan = plan_for(suite_of(services), one, two)
    one.path.rename(one.path.with_suffix(".away"))
    with pytest.raises(NotFound, match=r"one\.gguf"):
        services.evals.start(plan)
    one.path.with_suffix(".away").rename(one.path)
    blocker = services.evals.start(plan_for(services.evals.suites.find("Words"), two))
    run = services.evals.start(plan)
    one.path.unlink()
    assert services.evals.wait(blocker.id, WAIT_S)
    assert services.evals.wait(run.id, WAIT_S)
    states = [each.state for each in services.evals.run(run.id).candidates]
    assert states == [CandidateState.FAILED, CandidateState.DONE]


def test_matrix_is_filtered_in_the_database_and_comes_in_pages(start: Start, import_model: Import):
    services = start(Script(REPLIES))
    suite = suite_of(services)
    greedy = AnswerSettings(Sampling(temperature=0), 64)
    cut_short = AnswerSettings(Sampling(temperature=0), 64, stop=("e",))
    run = finished(services, plan_for(suite, import_model(services), settings=(greedy, cut_short)))
    metric = run.metrics[0].id

    def keys(**chosen: Any) -> list[str]:
        page = services.evals.matrix(run.id, MatrixFilter(**chosen))
        assert page.total == len(page.rows)
        return [row.item.key for row in page.rows]

    assert keys() == ["a", "b", "c"]
    assert keys(metric=metric, below=1.0, candidate=0) == ["b", "c"]
    assert keys(metric=metric, flips=(0, 1)) == ["a"]
    assert keys(tag="odd") == ["a"]
    assert keys(text="SAY NO") == ["b"]
    assert keys(text="MAYBE") == ["c"]
    page = services.evals.matrix(run.id, offset=1, limit=1)
    assert ([row.item.key for row in page.rows], page.total) == (["b"], 3)


def test_runs_are_compared_on_items_that_are_equal(start: Start, import_model: Import):
    services = start(Script(REPLIES))
    suite, model = suite_of(services), import_model(services)
    before = finished(services, plan_for(suite, model))
    services.evals.suites.change_item(suite.id, item("b", "Say no.", "NO"))
    after = finished(services, plan_for(suite, model))
    (found,) = services.evals.compare(before.id, after.id)
    difference = found.others[0].verdict.difference
    assert (difference.items, difference.left_out) == (2, 2)
    assert before.suite_sha256 != after.suite_sha256


def test_baseline_that_was_chosen_is_compared_with(start: Start, import_model: Import):
    services = start(Script(REPLIES))
    models = [import_model(services, name) for name in ("one", "two")]
    run = finished(services, plan_for(suite_of(services), *models))
    services.evals.set_baseline(run.id, 1)
    first, second = services.evals.results(run.id).candidates
    assert first.metrics[0].verdict is not None
    assert second.metrics[0].verdict is None
    with pytest.raises(RunRefused):
        services.evals.set_baseline(run.id, 9)


def test_estimate_counts_requests_and_knows_the_pace_of_earlier_runs(
    start: Start, import_model: Import
):
    services = start(Script(REPLIES))
    suite, model = suite_of(services), import_model(services)
    plan = plan_for(suite, model, repeats=3)
    estimate = services.evals.estimate(plan)
    assert (estimate.items, estimate.requests, estimate.seconds) == (3, 9, None)
    assert estimate.prompt_tokens > 0
    assert estimate.fits[0].fit is not None
    finished(services, plan)
    seconds = services.evals.estimate(plan).seconds
    assert seconds is not None
    assert seconds > 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"keys": ("nobody",)}, "no item"),
        ({"repeats": 0}, "repeats"),
        ({"models": ()}, "No model is loaded"),
    ],
)
def test_run_that_cannot_be_made_is_refused(
    start: Start, import_model: Import, more: dict[str, Any], said: str
):
    services = start(Script(REPLIES))
    models = (ModelChoice(import_model(services).id),)
    with pytest.raises(RunRefused, match=said):
        services.evals.start(RunPlan(suite_of(services).id, **({"models": models} | more)))
    assert services.evals.runs() == ()


def test_deleted_run_comes_back_until_the_purge(start: Start, import_model: Import):
    services = start(Script(REPLIES))
    suite = suite_of(services)
    run = finished(services, plan_for(suite, import_model(services)))
    services.evals.delete(run.id)
    services.evals.suites.delete(suite.id)
    assert services.evals.runs() == ()
    assert services.evals.restore(run.id).samples == 3
    services.evals.purge_deleted()
    assert services.evals.results(run.id).candidates[0].samples == 3  # its suite was kept for it
    services.evals.delete(run.id)
    services.evals.purge_deleted()
    with pytest.raises(NotFound):
        services.evals.restore(run.id)
