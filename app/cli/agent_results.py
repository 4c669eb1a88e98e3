"""What runs of agents came to, as JSON for scripts and as lines for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from app.agents.trace import Run, Step, ToolUse

_SHOWN: Final = 200  # characters of arguments and results in text


def run_to_json(run: Run, steps: tuple[Step, ...]) -> dict[str, Any]:
    """A run and its calls."""
    from app.agents.records import run_to_json as whole_run
    from app.agents.trace import ToolUse

    whole = whole_run(run)
    spent = run.spent
    return {
        "run": run.id,
        "agent": run.agent.name,
        **{name: whole[name] for name in ("task", "state", "answer", "problem", "limit", "model")},
        "steps": spent.steps,
        "calls": [_call(each, each.detail) for each in steps if isinstance(each.detail, ToolUse)],
        "citations": [
            {"number": each.number, "file": str(each.path), "title": each.title}
            | {"page": each.place.page, "section": each.place.section, "quote": each.quote}
            for each in run.citations
        ],
        "tokens": {"prompt": spent.prompt_tokens, "output": spent.output_tokens},
        "timings": {"work_s": round(spent.work_s, 4), "waited_s": round(spent.waited_s, 4)},
    }


def run_to_text(run: Run) -> str:
    """What came of a run."""
    lines = [run.answer or "There is no answer."]
    if run.citations:
        lines += ["", "Sources:"]
        lines += [f"  [{each.number}] {each.path}, {each.place.label}" for each in run.citations]
    return "\n".join([*lines, "", f"(run {run.id}, {run.state.value})"])


def step_line(step: Step) -> str:
    """A step on one line."""
    from app.agents.trace import ApprovalAsked, ModelReply, Note, ToolUse

    seconds = "" if step.seconds is None else f"  {step.seconds:.2f} s"
    match step.detail:
        case ModelReply() as reply:
            tokens = f"{reply.timings.output_tokens} tokens"
            said = short(reply.text) or ", ".join(each.name for each in reply.tool_calls)
            return f"model{seconds}  {tokens}  {reply.error or said}"
        case ToolUse() as use:
            return f"{call_line(use)}  {use.outcome.value}{seconds}  {short(use.text)}"
        case ApprovalAsked() as asked:
            verdict = asked.verdict.value if asked.verdict else "nobody answered"
            return f"asked: {asked.why}  {verdict}  {asked.by}{seconds}"
        case Note(text):
            return short(text)


def call_line(use: ToolUse) -> str:
    """A call on one line."""
    arguments = json.dumps(dict(use.arguments or use.call.arguments), ensure_ascii=False)
    return f"{use.call.name} {short(arguments)}"


def short(text: str) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def _call(step: Step, use: ToolUse) -> dict[str, Any]:
    return {
        "name": use.call.name,
        "arguments": dict(use.arguments or use.call.arguments),
        "outcome": use.outcome.value,
        "allowed": None if use.allowed is None else use.allowed.value,
        "seconds": step.seconds,
        "result": use.text,
    }
