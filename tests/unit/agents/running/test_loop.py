"""The loop: what the model says leads to calls, results, repairs, limits and an answer."""

from __future__ import annotations

import pytest

from app.agents.entities import Budgets
from app.agents.trace import Limit, ModelReply, Note, Outcome, ReplyGrew, RunState, ToolUse
from app.engine.errors import EngineStopped
from app.engine.messages import Role
from app.engine.protocol import FinishReason, Generated, Timings
from tests.unit.agents.doubles import ToolDouble, calls, half_a_call, says


def test_answer_in_words_ends_the_run(bench):
    run = bench.run(says("Three months."), instructions="Be brief.")
    assert (run.state, run.answer, run.problem) == (RunState.DONE, "Three months.", "")
    assert [turn.role for turn in bench.model.asked[0].turns] == [Role.SYSTEM, Role.USER]
    assert bench.runs.get(run.id) == run


def test_result_of_a_call_comes_back_to_the_model(bench):
    look = ToolDouble("look", lambda given, _cancel: f"Saw {given['text']}.")
    run = bench.run(calls(("look", {"text": "A"})), says("It is A."), tools=(look,))
    asked, answered = bench.model.asked[-1].turns[-2:]
    assert asked.tool_calls[0].arguments == {"text": "A"}
    assert (answered.role, answered.content, answered.tool_name) == (Role.TOOL, "Saw A.", "look")
    assert run.answer == "It is A."
    assert (run.spent.steps, run.spent.tool_calls, run.spent.output_tokens) == (2, 1, 20)


def test_several_calls_in_a_reply_are_made_in_order(bench):
    order: list[str] = []

    def noting(name: str) -> ToolDouble:
        def does(*_: object) -> str:
            order.append(name)
            return name

        return ToolDouble(name, does)

    bench.run(calls("a", "b", "c"), says("Done."), tools=tuple(map(noting, "abc")))
    assert order == ["a", "b", "c"]
    results = [turn.content for turn in bench.model.asked[-1].turns if turn.role is Role.TOOL]
    assert results == ["a", "b", "c"]


def test_ids_that_a_model_uses_twice_are_told_apart(bench):
    look = ToolDouble("look", lambda given, _cancel: given["text"])
    twice = [("look", {"text": "A"}), ("look", {"text": "B"})]
    reply = calls(*twice)
    same = Generated("", FinishReason.TOOL_CALLS, Timings(), tool_calls=tuple(
        type(each)("x", each.name, each.arguments) for each in reply.tool_calls
    ))  # fmt: skip
    bench.run(same, says("Done."), tools=(look,))
    results = [turn.content for turn in bench.model.asked[-1].turns if turn.role is Role.TOOL]
    assert results == ["A", "B"]


def test_unknown_tool_goes_back_in_words_with_the_tools_there_are(bench):
    look = ToolDouble("look")
    run = bench.run(calls("fly"), calls("look"), says("Done."), tools=(look,))
    first = bench.details(run, ToolUse)[0]
    assert first.outcome is Outcome.INVALID
    assert first.text == "There is no tool “fly”. The tools: look."
    assert run.state is RunState.DONE


def test_wrong_arguments_run_nothing_and_say_where(bench):
    look = ToolDouble("look", schema={"type": "object", "required": ["path"]})
    run = bench.run(calls(("look", {"text": "x"})), says("Sorry."), tools=(look,))
    assert look.ran == []
    assert "path" in bench.details(run, ToolUse)[0].text


def test_half_a_call_is_said_to_the_model(bench):
    look = ToolDouble("look")
    run = bench.run(half_a_call(), calls("look"), says("Done."), tools=(look,))
    assert run.state is RunState.DONE
    note = bench.details(run, Note)[0]
    assert note.to_model
    assert "could not be read" in note.text
    assert "<tool_call>" in note.text


@pytest.mark.parametrize("broken", [half_a_call(), calls("fly"), says(" ")])
def test_three_broken_replies_in_a_row_end_the_run_with_words(bench, broken):
    run = bench.run(broken, broken, broken, says("I could not."), tools=(ToolDouble("look"),))
    assert (run.state, run.limit, run.answer) == (RunState.LIMITED, Limit.REPAIRS, "I could not.")
    assert "larger model" in run.problem
    assert bench.model.asked[-1].tools == ()


def test_broken_replies_with_good_ones_between_do_not_end_the_run(bench):
    tools = tuple(ToolDouble(each) for each in "abc")
    replies = [each for name in "abc" for each in (half_a_call(), calls(name))]
    assert bench.run(*replies, says("Done."), tools=tools).state is RunState.DONE


def test_same_call_is_answered_with_a_note_and_then_ends_the_run(bench):
    look = ToolDouble("look")
    run = bench.run(calls("look"), calls("look"), calls("look"), says("Enough."), tools=(look,))
    assert (run.state, run.limit, run.answer) == (RunState.LIMITED, Limit.REPETITION, "Enough.")
    assert len(look.ran) == 1
    outcomes = [each.outcome for each in bench.details(run, ToolUse)]
    assert outcomes == [Outcome.DONE, Outcome.REPEATED, Outcome.REPEATED]


def test_same_call_after_a_change_is_a_new_one(bench):
    from app.agents.entities import Risk

    look, write = ToolDouble("look"), ToolDouble("write", risk=Risk.WRITE)
    replies = (calls("look"), calls("write"), calls("look"), says("Done."))
    assert bench.run(*replies, tools=(look, write)).state is RunState.DONE
    assert len(look.ran) == 2


def test_endless_loop_of_other_calls_ends_at_the_steps(bench):
    look = ToolDouble("look")
    bench.model.before = lambda: bench.model.replies.insert(
        0, calls(("look", {"text": str(len(bench.model.asked))}))
    )
    run = bench.run(says("never"), tools=(look,), budgets=Budgets(steps=4))
    assert (run.state, run.limit) == (RunState.LIMITED, Limit.STEPS)
    assert "4 steps" in run.problem
    assert len(look.ran) == 4
    assert bench.model.asked[-1].tools == ()


def test_budget_of_calls_skips_the_rest_and_ends_with_an_answer(bench):
    look = ToolDouble("look")
    wanted = [("look", {"text": each}) for each in "abc"]
    run = bench.run(calls(*wanted), says("A and B."), tools=(look,), budgets=Budgets(tool_calls=2))
    assert (run.limit, run.answer) == (Limit.TOOL_CALLS, "A and B.")
    assert [each.outcome for each in bench.details(run, ToolUse)][-1] is Outcome.SKIPPED
    assert len(look.ran) == 2
    assert "with what you have found" in bench.model.last_turn


def test_budget_of_tokens_ends_with_an_answer(bench):
    run = bench.run(calls("look"), says("So far."), tools=(ToolDouble("look"),),
                    budgets=Budgets(tokens=10))  # fmt: skip
    assert (run.limit, run.answer) == (Limit.TOKENS, "So far.")


def test_answer_that_the_budget_of_tokens_cuts_off_is_not_the_last_one(bench):
    cut = Generated("It is", FinishReason.LENGTH, Timings(output_tokens=10))
    run = bench.run(cut, says("So far."), budgets=Budgets(tokens=10))
    assert (run.limit, run.answer) == (Limit.TOKENS, "So far.")


def test_time_over_in_the_middle_of_a_reply_ends_with_an_answer(bench):
    bench.model.waits = True
    bench.model.before = lambda: setattr(bench.model, "waits", len(bench.model.asked) == 1)
    run = bench.run(says("Hmm"), says("So far."), budgets=Budgets(seconds=1))
    assert (run.state, run.limit, run.answer) == (RunState.LIMITED, Limit.SECONDS, "So far.")
    first = bench.details(run, ModelReply)[0]
    assert (first.finish, first.text) == (FinishReason.STOPPED, "Hmm")


def test_model_that_gives_no_last_answer_is_said_to(bench):
    run = bench.run(calls("look"), tools=(ToolDouble("look"),), budgets=Budgets(steps=1))
    assert (run.state, run.answer) == (RunState.LIMITED, "")
    assert "no last answer" in run.problem


def test_answer_that_is_cut_off_is_said_to_be(bench):
    run = bench.run(Generated("A long", FinishReason.LENGTH, Timings(output_tokens=7)))
    assert (run.state, run.answer) == (RunState.DONE, "A long")
    assert "cut off after 7 tokens" in run.problem


def test_engine_that_dies_fails_the_run_with_what_came(bench):
    run = bench.run(EngineStopped("The engine ended.", "Try again.", "Half an ans"))
    assert (run.state, run.problem) == (RunState.FAILED, "The engine ended. Try again.")
    assert bench.details(run, ModelReply)[0].text == "Half an ans"


def test_reply_is_told_as_it_comes(bench):
    bench.run(says("Hello."))
    assert [each.text for each in bench.events if isinstance(each, ReplyGrew)] == ["Hello."]


def test_bug_fails_the_run_and_is_raised(bench):
    with pytest.raises(ZeroDivisionError):
        bench.run(ZeroDivisionError())
    run = bench.runs.runs()[0]
    assert run.state is RunState.FAILED
    assert "Cairn itself" in run.problem
