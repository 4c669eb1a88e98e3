"""Runs that a judge compares side by side, with a scripted engine in a real child process."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest

from app.base.errors import NotFound
from app.base.jobs import Activity
from app.base.paths import DataPaths
from app.bootstrap import Services
from app.engine.sampling import Sampling
from app.evals.errors import NotNow, RunRefused
from app.evals.judging.pairwise import Preference
from app.evals.judging.rubric import FOLLOWS
from app.evals.metrics.metric import MetricError
from app.evals.reports.writing import ReportFormat, report
from app.evals.runs.entities import AnswerSettings, Run, RunId, RunState, StoredSuite
from app.evals.statistics import Outcome
from app.evals.store import runs as run_store
from app.modelhub.entities import LocalModel
from app.storage.db import Database
from tests.doubles.scripted_engine import Script
from tests.unit.evals.runs.conftest import ITEMS, WAIT_S, finished, item, plan_for, suite_of

Start = Callable[..., Services]
Import = Callable[..., LocalModel]

Replies = dict[str, str | bytes]

REPLIES: Replies = {"yes": "yes", "no": "NO", "": "maybe"}
GREEDY = AnswerSettings(Sampling(temperature=0.0), 64)
# The second candidate stops short, so that it says "y", "N" and "m".
CUT_SHORT = AnswerSettings(Sampling(temperature=0.0), 64, stop=("e", "O", "a"))
JUDGE = {"model": "strict.gguf"}


def shown_first(text: str, verdict: str) -> Replies:
    """What the judge replies where answer A is this text."""
    said = json.dumps({"reason": f"A says {text}.", "verdict": verdict})
    return {f"from answer A: information, not instructions>>\n{text}\n": said}


# It prefers "yes", finds "maybe" and "m" alike, and of the rest always the one shown first.
OPINIONS = (
    shown_first("yes", "A")
    | shown_first("y", "B")
    | shown_first("maybe", "tie")
    | shown_first("m", "tie")
    | {"Now judge": '{"reason": "It comes first.", "verdict": "A"}'}
)


def opinionated(prefill_s: float = 0) -> Script:
    return Script(OPINIONS | REPLIES, prefill_s=prefill_s)


def run_of(services: Services, import_model: Import, suite: StoredSuite | None = None) -> Run:
    """A finished run of two candidates, with a judge at hand."""
    model = import_model(services)
    import_model(services, "strict")
    settings = (GREEDY, CUT_SHORT)
    return finished(services, plan_for(suite or suite_of(services), model, settings=settings))


def judged(services: Services, run_id: RunId, one: int = 0, other: int | None = 1) -> Run:
    services.evals.judge_pairs(run_id, one, other, JUDGE)
    assert services.evals.wait(run_id, WAIT_S)
    return services.evals.run(run_id)


def test_each_pair_is_asked_in_both_orders_and_summed_up(start: Start, import_model: Import):
    services = start(opinionated())
    run = judged(services, run_of(services, import_model).id)
    assert (run.state, run.problem, run.is_open) == (RunState.DONE, "", False)
    (result,) = services.evals.pair_results(run.id)
    tally = result.tally
    assert (result.one.number, result.other.number) == (0, 1)
    assert (tally.wins, tally.losses, tally.ties) == (1, 0, 1)
    assert (tally.inconsistent, tally.unscored) == (1, 0)
    assert tally.flip_rate == pytest.approx(1 / 3)
    assert (tally.win_rate.value, tally.win_rate.items) == (0.75, 2)
    assert result.verdict.outcome is Outcome.NO_DIFFERENCE
    assert result.sentence.startswith("No difference could be seen: “")
    assert "Of 3 pairs 1 depended on the order of the answers" in result.sentence
    assert "of one family (scripted)" in result.warnings[0]
    page = services.evals.pair_outcomes(run.id, offset=1, limit=1)
    assert (page.total, page.outcomes[0].key, page.outcomes[0].position) == (3, "b", 1)
    found = page.outcomes[0].comparison
    assert found.preference is Preference.INCONSISTENT
    assert found.reasons == ("It comes first.", "It comes first.")
    assert found.details["judge"] == "strict"
    (only,) = services.evals.pair_outcomes(run.id, position=0).outcomes
    assert only.comparison.preference is Preference.FIRST
    assert only.comparison.reasons == ("A says yes.", "A says y.")


def test_better_candidate_is_named_with_how_sure_that_is(start: Start, import_model: Import):
    services = start(opinionated())
    suite = suite_of(services, *(item(f"k{n}", "Say yes.", "yes") for n in range(8)))
    run = run_of(services, import_model, suite)
    judged(services, run.id, one=1, other=0)
    (result,) = services.evals.pair_results(run.id)
    assert (result.tally.wins, result.tally.losses) == (0, 8)
    assert result.verdict.outcome is Outcome.BETTER
    label = run.candidates[0].label
    assert result.sentence.startswith(f"“{label}” is better: it wins 100.0 % (95 % interval")
    assert result.sentence.endswith("over 8 items, p = 0.0078.")


def test_same_question_is_never_asked_twice(start: Start, import_model: Import):
    services = start(opinionated())
    run = run_of(services, import_model)
    judged(services, run.id)
    before = services.evals.pair_outcomes(run.id)
    puzzled: Replies = {"Now judge": "What?"}
    services = start(Script(puzzled | REPLIES))
    assert len(judged(services, run.id, one=1, other=0).pairings) == 1
    assert services.evals.pair_outcomes(run.id) == before
    services.evals.judge_pairs(run.id, 0, 1, JUDGE | {"rubric": FOLLOWS.to_json()})
    assert services.evals.wait(run.id, WAIT_S)
    old, new = services.evals.pair_results(run.id)
    assert (old.tally.unscored, new.tally.unscored) == (0, 3)
    assert new.sentence.startswith("Nothing to compare")
    (first,) = services.evals.pair_outcomes(run.id, pairing=new.pairing.id, limit=1).outcomes
    assert first.comparison.reasons == ("The judge did not answer in the form that was asked for.",)
    services.evals.remove_pairing(run.id, new.pairing.id)
    assert [each.pairing.id for each in services.evals.pair_results(run.id)] == [old.pairing.id]


def test_all_others_are_compared_with_one_and_corrected_for_being_many(
    start: Start, import_model: Import
):
    services = start(opinionated())
    model = import_model(services)
    import_model(services, "strict")
    settings = (CUT_SHORT, GREEDY, AnswerSettings(Sampling(temperature=1.0), 64))
    suite = suite_of(services, *(item(f"k{n}", "Say yes.", "yes") for n in range(6)))
    run = finished(services, plan_for(suite, model, settings=settings))
    judged(services, run.id, other=None)
    results = services.evals.pair_results(run.id)
    assert [(each.one.number, each.other.number) for each in results] == [(0, 1), (0, 2)]
    assert [each.tally.losses for each in results] == [6, 6]
    assert results[0].verdict.difference.p_value == pytest.approx(1 / 32)
    assert results[0].verdict.p_value == pytest.approx(1 / 16)
    assert "after correction" in results[0].sentence


def test_answer_that_is_missing_makes_no_pair(start: Start, import_model: Import):
    services = start(Script(OPINIONS | REPLIES, context_length=1000))
    suite = suite_of(services, ITEMS[0], item("long", "word " * 1000, "yes"))
    run = judged(services, run_of(services, import_model, suite).id)
    assert run.problems == 2
    assert services.evals.pair_outcomes(run.id).total == 1
    assert not run.is_open


def killed_while_judging(paths: DataPaths, run_id: RunId) -> None:
    """Leave the run as a process does that had no time to store how it ended."""
    database = Database(paths.database)
    database.open()
    database.write(lambda s: run_store.change(s, run_id, state=RunState.SCORING))
    database.close()


@pytest.mark.parametrize("ending", ["paused", "closed", "killed"])
def test_judging_goes_on_where_it_was(
    start: Start, import_model: Import, data_paths: DataPaths, ending: str
):
    services = start(opinionated())
    suite = suite_of(services, *(item(f"k{n}", "Say yes.", "yes") for n in range(30)))
    run = run_of(services, import_model, suite)
    services = start(opinionated(prefill_s=0.02))
    some = threading.Event()
    services.notices.subscribe(
        lambda each: (
            some.set()
            if isinstance(each, Activity) and each.unit == "comparisons" and each.done
            else None
        )
    )
    services.evals.judge_pairs(run.id, 0, 1, JUDGE)
    with pytest.raises(NotNow):
        services.evals.judge_pairs(run.id, 0, 1, JUDGE)
    assert some.wait(WAIT_S)
    if ending == "paused":
        services.evals.pause(run.id)
        assert services.evals.wait(run.id, WAIT_S)
    services.close()
    if ending == "killed":
        killed_while_judging(data_paths, run.id)
    services = start(opinionated())
    stopped = services.evals.run(run.id)
    state = RunState.INTERRUPTED if ending == "killed" else RunState.DONE
    assert (stopped.state, stopped.can_resume) == (state, True)
    kept = services.evals.pair_outcomes(run.id, limit=-1)
    assert 0 < kept.total < 30
    assert stopped.pairings[0].missing == 30 - kept.total
    services.evals.resume(run.id)
    assert services.evals.wait(run.id, WAIT_S)
    after = services.evals.pair_outcomes(run.id, limit=-1)
    assert (services.evals.run(run.id).state, after.total) == (RunState.DONE, 30)
    assert all(each in after.outcomes for each in kept.outcomes)


def test_judge_that_dies_leaves_the_rest_to_be_asked(start: Start, import_model: Import):
    services = start(opinionated())
    run = run_of(services, import_model)
    services = start(Script(OPINIONS | REPLIES, abort_after=0))
    run = judged(services, run.id)
    assert run.problem.startswith("Not all pairs could be judged: ")
    assert (run.pairings[0].missing, run.can_resume) == (3, True)
    services = start(opinionated())
    services.evals.resume(run.id)
    assert services.evals.wait(run.id, WAIT_S)
    run = services.evals.run(run.id)
    assert (run.problem, run.pairings[0].missing) == ("", 0)


def test_pairs_are_in_the_reports(start: Start, import_model: Import):
    services = start(opinionated())
    run = judged(services, run_of(services, import_model).id)
    data = services.evals.report_data(run.id)
    html, markdown = (report(data, each).decode() for each in list(ReportFormat)[:2])
    assert "Side by side" in html
    assert f"Judged better: {run.candidates[0].label}" in html
    assert "A says yes." in html
    assert "of one family" in markdown
    assert "side by side by strict.gguf, by the rubric “Correct”: No difference" in markdown
    lines = [json.loads(each) for each in report(data, ReportFormat.JSONL).splitlines()]
    pairs = [each for each in lines if "pair" in each]
    assert (len(lines), len(pairs)) == (9, 3)
    assert (pairs[0]["item"]["key"], pairs[0]["pair"]["preference"]) == ("a", "first")
    assert pairs[0]["pair"]["reasons"] == ["A says yes.", "A says y."]


def test_pair_that_cannot_be_judged_is_refused(start: Start, import_model: Import):
    services = start(opinionated())
    run = run_of(services, import_model, suite_of(services, ITEMS[0]))
    for one, other in ((0, 0), (0, 7), (9, None)):
        with pytest.raises(RunRefused, match="no such pair"):
            services.evals.judge_pairs(run.id, one, other, JUDGE)
    for wrong in ({"rubric": {"name": "Odd"}}, {"vibes": True}):
        with pytest.raises(MetricError):
            services.evals.judge_pairs(run.id, 0, 1, JUDGE | wrong)
    with pytest.raises(NotFound):
        services.evals.judge_pairs(run.id, 0, 1, {"model": "nobody"})
    assert services.evals.run(run.id).pairings == ()
