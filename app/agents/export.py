"""A run for other uses: as one JSON document, and as a case to test models with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.agents.records import run_to_json, step_to_json
from app.agents.trace import Outcome, Run, Step, StepId, ToolUse
from app.engine.messages import Role, ToolCall, Turn


@dataclass(frozen=True, slots=True)
class RunCase:
    """What a run teaches: asked this, a model should call these tools and answer so.

    Attributes:
        target: the answer; empty if there was none.
        tool_calls: those that were made, in order, with the arguments that they ran with.
    """

    input: tuple[Turn, ...]
    target: str
    tool_calls: tuple[ToolCall, ...]


def run_case(run: Run, steps: Sequence[Step]) -> RunCase:
    """The case that a run is."""
    turns = [Turn(Role.USER, run.task)]
    if run.agent.instructions:
        turns.insert(0, Turn(Role.SYSTEM, run.agent.instructions))
    made = [step.detail for step in steps if isinstance(step.detail, ToolUse)]
    calls = [
        ToolCall(use.call.id, use.call.name, use.arguments)
        for use in made
        if use.outcome is Outcome.DONE
    ]
    return RunCase(tuple(turns), run.answer, tuple(calls))


def run_as_json(
    run: Run, steps: Sequence[Step], wholes: Mapping[StepId, str] | None = None
) -> dict[str, Any]:
    """A run with its steps as a tree: each has those below it in "steps".

    Args:
        run: of which it is.
        steps: in the order in which they began.
        wholes: whole results of tools, where the steps have only a part.
    """
    nodes: dict[StepId, dict[str, Any]] = {}
    top: list[dict[str, Any]] = []
    for step in steps:
        node = step_to_json(step)
        if wholes and step.id in wholes:
            node["whole"] = wholes[step.id]
        nodes[step.id] = node
        parent = nodes.get(step.parent) if step.parent is not None else None
        (top if parent is None else parent.setdefault("steps", [])).append(node)
    return {**run_to_json(run), "steps": top}
