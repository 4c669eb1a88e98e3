"""Runs are listed, watched, stopped, exported, and end with Cairn."""

from __future__ import annotations

import json
import threading

import pytest

from app.agents.errors import BadAgent, CannotGoOn
from app.agents.trace import ModelReply, RunChanged, RunState, StepChanged, ToolUse
from app.base.errors import NotFound
from app.engine.errors import NoModelLoaded
from tests.unit.agents.doubles import PersonDouble, ToolDouble, calls, says


def in_background(bench, agent) -> threading.Thread:
    """A run whose model does not answer before it is stopped."""
    bench.model.waits = True
    bench.model.replies = [says("Hm")]
    work = threading.Thread(target=lambda: bench.runs.run(agent, "Do it.", PersonDouble()))
    work.start()
    assert bench.model.is_asked.wait(20)
    return work


def test_steps_are_told_in_the_order_they_are_stored(bench):
    run = bench.run(calls("look"), says("Done."), tools=(ToolDouble("look"),))
    told = {each.step.id: each.step for each in bench.events if isinstance(each, StepChanged)}
    assert tuple(told.values()) == bench.runs.steps(run.id)
    kinds = [type(each.detail) for each in bench.runs.steps(run.id)]
    assert kinds == [ModelReply, ToolUse, ModelReply]
    states = [each.run.state for each in bench.events if isinstance(each, RunChanged)]
    assert (states[0], states[-1]) == (RunState.RUNNING, RunState.DONE)


def test_stop_while_the_model_answers_keeps_what_came(bench):
    work = in_background(bench, bench.agent())
    (run,) = bench.runs.runs()
    assert bench.runs.is_running(run.id)
    with pytest.raises(CannotGoOn):
        bench.runs.delete(run.id)
    with pytest.raises(CannotGoOn):
        bench.runs.go_on(run.id, PersonDouble())
    bench.runs.stop(run.id)
    work.join()
    assert bench.runs.get(run.id).state is RunState.STOPPED
    assert bench.details(run, ModelReply)[0].text == "Hm"


def test_run_that_goes_on_when_cairn_is_closed_can_be_continued(bench):
    work = in_background(bench, bench.agent())
    bench.runs.close()
    work.join()
    assert bench.runs.runs()[0].state is RunState.INTERRUPTED


def test_without_a_model_nothing_is_begun(bench, monkeypatch):
    def borrow(*_given, **_more):
        raise NoModelLoaded("No model is loaded.", "Load one.")

    monkeypatch.setattr(bench.model, "borrow", borrow)
    with pytest.raises(NoModelLoaded):
        bench.run(says("Done."))
    assert bench.runs.runs() == ()


@pytest.mark.parametrize("task", ["  ", "x" * 100_001])
def test_task_that_cannot_be_sent_is_refused(bench, task):
    with pytest.raises(BadAgent):
        bench.runs.run(bench.agent(), task, PersonDouble())


def test_runs_of_one_agent_are_listed_newest_first(bench):
    first = bench.run(says("One."))
    bench.run(says("Two."))
    again = bench.runs.run(first.agent, "Again.", PersonDouble())
    assert [each.id for each in bench.runs.runs(first.agent.id)] == [again.id, first.id]
    assert len(bench.runs.runs()) == 3


def test_trace_is_exported_as_a_tree_of_json(bench):
    long = "\n".join(map(str, range(20_000)))
    look = ToolDouble("look", lambda *_: long)
    run = bench.run(calls(("look", {"text": "A"})), says("Done."), tools=(look,))
    data = json.loads(json.dumps(bench.runs.export(run.id)))
    assert (data["state"], data["answer"], data["agent"]["name"]) == ("done", "Done.", "Worker")
    assert [each["kind"] for each in data["steps"]] == ["model", "model"]
    (call,) = data["steps"][0]["steps"]
    assert (call["kind"], call["arguments"], call["outcome"]) == ("tool", {"text": "A"}, "done")
    assert call["whole"] == long
    assert "nonce" not in data


def test_run_becomes_a_case(bench):
    look = ToolDouble("look")
    replies = (calls("fly"), calls(("look", {"text": "A"})), says("It is A."))
    run = bench.run(*replies, tools=(look,), instructions="Look.")
    case = bench.runs.case(run.id)
    assert [turn.content for turn in case.input] == ["Look.", "Do it."]
    assert case.target == "It is A."
    assert [(each.name, each.arguments) for each in case.tool_calls] == [("look", {"text": "A"})]


def test_deleted_run_is_gone_with_its_steps(bench):
    run = bench.run(says("Done."))
    bench.runs.delete(run.id)
    assert bench.runs.steps(run.id) == ()
    with pytest.raises(NotFound):
        bench.runs.get(run.id)
