"""What a run that was broken off needs before it can go on, and what it had spent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from app.agents.entities import Risk
from app.agents.running.recorder import Recorder
from app.agents.trace import ApprovalAsked, ModelReply, Outcome, Spent, Step, ToolUse

CONTINUED: Final = "The run goes on from here."
_UNKNOWN: Final = (
    "Cairn was closed while this was being done, and nobody knows whether it was done. Look before"
    " doing it again, and tell the person."
)


def mend(recorder: Recorder) -> None:
    """Take away what will be done again, and say of calls with an effect that nobody knows.

    A call that was only being asked for is asked for again.
    """
    steps = recorder.conversation.steps
    recorder.drop([step.id for step in steps if _is_done_again(step)])
    for step, use in tuple(recorder.conversation.uses()):
        if use.outcome is Outcome.RUNNING:
            unknown = replace(use, outcome=Outcome.UNKNOWN, text=_UNKNOWN)
            recorder.change(step, unknown)
    recorder.note(CONTINUED)


def spent_on(steps: Iterable[Step]) -> Spent:
    """What these steps took, as far as they came to an end."""
    spent = Spent()
    for step in steps:
        seconds = step.seconds or 0.0
        match step.detail:
            case ModelReply(timings=timings):
                spent = replace(
                    spent,
                    steps=spent.steps + 1,
                    prompt_tokens=spent.prompt_tokens + timings.prompt_tokens,
                    output_tokens=spent.output_tokens + timings.output_tokens,
                    work_s=spent.work_s + seconds,
                )
            case ToolUse(risk=Risk.ASK):
                spent = replace(
                    spent, tool_calls=spent.tool_calls + 1, waited_s=spent.waited_s + seconds
                )
            case ToolUse():
                spent = replace(
                    spent, tool_calls=spent.tool_calls + 1, work_s=spent.work_s + seconds
                )
            case ApprovalAsked():  # a part of the call that it is for
                spent = replace(
                    spent,
                    work_s=max(0.0, spent.work_s - seconds),
                    waited_s=spent.waited_s + seconds,
                )
    return spent


def _is_done_again(step: Step) -> bool:
    match step.detail:
        case ToolUse(outcome=Outcome.WAITING):
            return True
        case ToolUse(outcome=Outcome.RUNNING | Outcome.STOPPED, risk=risk):
            return risk is None or not risk.has_effect
    return False
