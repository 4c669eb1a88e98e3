"""A run in the queue of work."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.base.jobs import CancelToken
from app.evals.runs.entities import RunId, RunState

ACTIVITY = "evaluation"  # in the status line


@dataclass(slots=True)
class Job:
    """A run that is worked on, or waits for it.

    Attributes:
        after: what the run is when it was broken off, or when nothing was to be generated.
    """

    run_id: RunId
    generates: bool
    after: RunState = RunState.PAUSED
    cancel: CancelToken = field(default_factory=CancelToken)
