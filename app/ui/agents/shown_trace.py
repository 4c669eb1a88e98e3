"""The trace of a run as it is known to the window: what was stored, and what is still coming."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.agents.trace import (
    ApprovalAsked,
    ReplyGrew,
    Run,
    RunChanged,
    RunEvent,
    Step,
    StepChanged,
    StepId,
)


@dataclass(slots=True)
class Growth:
    """What of a reply has come so far."""

    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StepsRead:
    """All steps there are; others that were shown before will be made anew."""

    steps: tuple[Step, ...]


class ShownTrace:
    """One run. Steps are in the order in which they began."""

    def __init__(self, run: Run | None = None, steps: Iterable[Step] = ()) -> None:
        self.run = run
        self._steps = {each.id: each for each in steps}
        self._growth: dict[StepId, Growth] = {}

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps."""
        return tuple(self._steps.values())

    def step(self, step_id: StepId) -> Step:
        """One step, in its newest form."""
        return self._steps[step_id]

    def growth(self, step_id: StepId) -> Growth:
        """What has come of a reply that is not whole yet."""
        return self._growth.setdefault(step_id, Growth())

    def approvals(self, step_id: StepId) -> tuple[ApprovalAsked, ...]:
        """What a person was asked about a call."""
        # Few: they come right after their call, so the search goes from the end.
        found = [
            each.detail
            for each in reversed(self._steps.values())
            if each.parent == step_id and isinstance(each.detail, ApprovalAsked)
        ]
        return tuple(reversed(found))

    def replace_steps(self, steps: Iterable[Step]) -> None:
        """Take other steps."""
        self._steps = {each.id: each for each in steps}
        self._growth = {}

    def receive(self, event: RunEvent) -> StepId | None:
        """Take what happened; gives the step that looks different now."""
        match event:
            case RunChanged(run):
                self.run = run
                return None
            case StepChanged(step):
                self._steps[step.id] = step
                if step.seconds is not None:
                    self._growth.pop(step.id, None)
                return step.parent if isinstance(step.detail, ApprovalAsked) else step.id
            case ReplyGrew(step_id, text, is_reasoning):
                growth = self.growth(step_id)
                (growth.reasoning if is_reasoning else growth.text).append(text)
                return step_id
