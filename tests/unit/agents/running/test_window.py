"""A run that outgrows the context of its model: old results are shortened, as the trace says."""

from __future__ import annotations

from app.agents.trace import ModelReply, Note, RunState, ToolUse
from app.engine.messages import Role
from app.engine.protocol import FinishReason, Generated, Timings
from tests.unit.agents.doubles import ToolDouble, calls, says

PAGE = "A line of a long page.\n" * 300


def pages(bench, room: int = 10**9, count: int = 4, *, prompt_tokens: int = 0):
    """A run that reads so many pages, and the tool results that the last request had."""
    bench.model.room = room
    read = ToolDouble("read", lambda *_: PAGE)
    replies = [calls(("read", {"text": str(number)})) for number in range(count)]
    timings = Timings(prompt_tokens=prompt_tokens, output_tokens=10)
    replies = [
        Generated("", FinishReason.TOOL_CALLS, timings, tool_calls=each.tool_calls)
        for each in replies
    ]
    run = bench.run(*replies, says("Done."), tools=(read,))
    results = [len(t.content) for t in bench.model.asked[-1].turns if t.role is Role.TOOL]
    return run, results


def test_everything_is_sent_while_it_fits(bench):
    run, results = pages(bench)
    assert results == [len(PAGE)] * 4
    assert bench.details(run, Note) == []


def test_old_results_are_shortened_first(bench):
    run, results = pages(bench, room=16_000)
    assert run.state is RunState.DONE
    assert results[-1] == len(PAGE)
    assert results[0] < 1_000
    assert all("were shortened" in each.text for each in bench.details(run, Note))
    assert [len(each.text) for each in bench.details(run, ToolUse)] == [len(PAGE)] * 4


def test_newest_result_is_shortened_when_nothing_else_helps(bench):
    run, results = pages(bench, room=4_000, count=1)
    assert run.state is RunState.DONE
    assert 600 < results[0] < 4_000


def test_room_is_made_before_the_engine_refuses(bench):
    run, results = pages(bench, prompt_tokens=6_500)
    assert run.state is RunState.DONE
    assert results[0] < 1_000


def test_task_that_cannot_fit_fails_with_the_next_step(bench):
    bench.model.room = 2
    run = bench.run(says("never"))
    assert run.state is RunState.FAILED
    assert "Raise the context length" in run.problem


def test_what_was_sent_can_be_read_again(bench):
    run, _results = pages(bench, room=16_000)
    replies = [each for each in bench.steps(run) if isinstance(each.detail, ModelReply)]
    for step, request in zip(replies, bench.model.asked, strict=True):
        assert bench.runs.sent(run.id, step.id) == request.turns


def test_result_that_was_shortened_may_be_asked_for_again(bench):
    bench.model.room = 16_000
    read = ToolDouble("read", lambda *_: PAGE)
    numbers = [0, 1, 2, 3, 0]
    replies = [calls(("read", {"text": str(number)})) for number in numbers]
    run = bench.run(*replies, says("Done."), tools=(read,))
    assert (run.state, len(read.ran)) == (RunState.DONE, 5)
