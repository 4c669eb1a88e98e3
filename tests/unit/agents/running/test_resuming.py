"""Runs that a crash, a stop or a failure broke off: shown as such, then continued or discarded."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.agents.approvals import Person
from app.agents.entities import Policy, Risk
from app.agents.errors import CannotGoOn
from app.agents.trace import Note, Outcome, Run, RunState, ToolUse, Verdict
from app.base.jobs import CancelToken
from app.base.paths import DataPaths
from app.engine.errors import EngineStopped
from tests.unit.agents.conftest import Bench
from tests.unit.agents.doubles import PersonDouble, Said, ToolDouble, calls, says


def crashed(bench: Bench, data_paths: DataPaths, where: str) -> Run:
    """A run of a program that was killed in the middle, as the next start finds it."""
    module = "tests.unit.agents.running.crashing"
    paths = (str(data_paths.database), str(data_paths.settings))
    words = [sys.executable, "-m", module, *paths, where]
    assert subprocess.run(words, check=False).returncode == 9
    bench.tools = [ToolDouble("look"), ToolDouble("act", risk=Risk("read"))]
    (run,) = bench.runs.runs()
    assert run.state is RunState.INTERRUPTED
    return run


def go_on(bench: Bench, run: Run, *replies: Said, person: Person | None = None) -> Run:
    bench.model.replies = list(replies)
    return bench.runs.go_on(run.id, person or PersonDouble())


def test_crash_in_the_middle_of_reading_reads_again(bench, data_paths):
    run = crashed(bench, data_paths, "read")
    assert (run.spent.steps, run.spent.tool_calls) == (2, 1)
    before = bench.runs.steps(run.id)[-1].id
    ended = go_on(bench, run, says("Done."))
    assert (ended.state, ended.answer) == (RunState.DONE, "Done.")
    assert bench.runs.steps(run.id)[-1].id > before + 1  # ids of dropped steps are not used again
    assert len(bench.tools[1].ran) == 1
    outcomes = [each.outcome for each in bench.details(run, ToolUse)]
    assert outcomes == [Outcome.DONE, Outcome.DONE]


def test_crash_in_the_middle_of_a_change_never_makes_it_again_by_itself(bench, data_paths):
    run = crashed(bench, data_paths, "write")
    bench.tools[1].risk = Risk.WRITE
    ended = go_on(bench, run, says("I do not know."))
    assert ended.state is RunState.DONE
    assert bench.tools[1].ran == []
    assert "nobody knows whether it was done" in bench.model.last_turn
    assert bench.details(run, ToolUse)[-1].outcome is Outcome.UNKNOWN


def test_change_of_unknown_outcome_is_made_again_only_if_a_person_says_so(bench, data_paths):
    run = crashed(bench, data_paths, "write")
    bench.tools[1].risk = Risk.WRITE
    person = PersonDouble(Verdict.ONCE)
    go_on(bench, run, calls("act"), says("Done."), person=person)
    assert "begun before" in person.requests[0].why
    assert bench.tools[1].ran == [{}]


def test_crash_in_the_middle_of_a_reply_asks_again(bench, data_paths):
    run = crashed(bench, data_paths, "reply")
    assert run.spent.steps == 1
    ended = go_on(bench, run, says("Done."))
    assert (ended.state, ended.spent.steps) == (RunState.DONE, 2)
    assert [turn.role for turn in bench.model.asked[-1].turns[-2:]] == ["assistant", "tool"]


def test_interrupted_run_can_be_discarded(bench, data_paths):
    run = crashed(bench, data_paths, "reply")
    assert bench.runs.discard(run.id).state is RunState.STOPPED
    assert bench.runs.steps(run.id)


def test_call_that_waited_for_a_person_is_asked_for_again(bench):
    cancel = CancelToken()

    class Stopping(PersonDouble):
        def approve(self, *given):
            cancel.cancel()
            return super().approve(*given)

    act = ToolDouble("act", risk=Risk.WRITE)
    person = Stopping(Verdict.ONCE)
    run = bench.run(calls("act"), tools=(act,), person=person, cancel=cancel, policy=Policy.ASK)
    assert (run.state, act.ran) == (RunState.STOPPED, [])
    again = PersonDouble(Verdict.ONCE)
    ended = go_on(bench, run, says("Done."), person=again)
    assert (ended.state, act.ran, len(again.requests)) == (RunState.DONE, [{}], 1)
    assert len(bench.details(run, ToolUse)) == 1


def test_failed_run_goes_on_behind_its_last_whole_step(bench):
    look = ToolDouble("look")
    run = bench.run(calls("look"), EngineStopped("It ended.", "Try again."), tools=(look,))
    assert run.state is RunState.FAILED
    ended = go_on(bench, run, says("Done."))
    assert (ended.state, ended.problem, len(look.ran)) == (RunState.DONE, "", 1)
    assert [each.text for each in bench.details(run, Note)] == ["The run goes on from here."]


def test_run_that_is_done_cannot_go_on(bench):
    run = bench.run(says("Done."))
    with pytest.raises(CannotGoOn):
        go_on(bench, run, says("Again."))
    with pytest.raises(CannotGoOn):
        bench.runs.discard(run.id)


def test_what_was_spent_before_counts_on(bench):
    run = bench.run(calls("look"), EngineStopped("It ended."), tools=(ToolDouble("look"),))
    ended = go_on(bench, run, says("Done."))
    assert ended.spent.output_tokens == 20
    assert ended.spent.steps == 3  # one of them failed
