"""What a run says to the model and to the person when it does not simply go on."""

from __future__ import annotations

from typing import Final

from app.agents.entities import Budgets
from app.agents.trace import Limit, ModelReply
from app.engine.protocol import FinishReason

_MOST_QUOTED: Final = 300

SKIPPED: Final = "This was not done: the run had reached a limit."
NO_ROOM: Final = "The task and what was done for it no longer fit into the model's context."
MORE_ROOM: Final = (
    "Raise the context length in the load options of the model, give the agent fewer tools, or a"
    " smaller task."
)
SHORTENED: Final = (
    "Earlier results were shortened for the model, so that all fits into its context."
)


def _reached(limit: Limit, budgets: Budgets) -> str:
    match limit:
        case Limit.STEPS:
            return f"{budgets.steps} steps are the most that this agent may take"
        case Limit.TOOL_CALLS:
            return f"{budgets.tool_calls} tool calls are the most that this agent may make"
        case Limit.TOKENS:
            return f"{budgets.tokens:,} tokens are the most that this agent may write"
        case Limit.SECONDS:
            return f"{budgets.seconds:,.0f} seconds are the longest that this agent may work"
        case Limit.REPETITION:
            return "the same tool was called with the same arguments again and again"
        case Limit.REPAIRS:
            return "tool calls that cannot be made came one after the other"


def limit_reached(limit: Limit, budgets: Budgets) -> str:
    """For the model: that it is time for the last answer."""
    return (
        f"This ends here: {_reached(limit, budgets)}. Call no more tools. Answer the task now with"
        " what you have found, and say what is missing."
    )


def ended_early(limit: Limit, budgets: Budgets) -> str:
    """For the person: why the answer is the best that was possible, and the next step."""
    words = _reached(limit, budgets)
    if limit in (Limit.REPETITION, Limit.REPAIRS):
        hint = "Put the task in other words, or use a larger model."
    else:
        hint = "Raise the limit of the agent, or give it a smaller task."
    return f"It ended early: {words}. {hint}"


def without_answer(limit: Limit, budgets: Budgets) -> str:
    """The same, where the model did not answer even then."""
    return f"{ended_early(limit, budgets)} The model gave no last answer."


def cannot_be_read(reply: ModelReply) -> str:
    """For the model: that a call was broken."""
    begun = reply.raw.strip()[:_MOST_QUOTED]
    cut = _cut(reply)
    return (
        f"Your tool call could not be read, so nothing was done: {reply.problem}{cut} It began:"
        f" {begun!r}. Write it again, whole and in the right form, or answer in words."
    )


def nothing_said(reply: ModelReply) -> str:
    """For the model: that there was neither a call nor an answer."""
    return f"Your reply had no answer and no tool call.{_cut(reply)} Answer, or call a tool."


def cut_off(reply: ModelReply) -> str:
    """For the person: that an answer has no end; empty if it has."""
    if reply.finish is not FinishReason.LENGTH:
        return ""
    return (
        f"The answer was cut off after {reply.timings.output_tokens:,} tokens. Raise the longest"
        " answer in the settings, or ask for a shorter one."
    )


def _cut(reply: ModelReply) -> str:
    return " It was cut off because it was too long." if reply.finish is FinishReason.LENGTH else ""
