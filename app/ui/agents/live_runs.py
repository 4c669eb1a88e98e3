"""All runs that go on in this window. They go on while another pane is shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.agents.entities import Agent, AgentId
from app.agents.trace import Run, RunEvent, RunId, Step, StepChanged
from app.base.errors import AppError
from app.ui.agents.live_run import Event, LiveRun, Work
from app.ui.agents.shown_trace import ShownTrace, StepsRead
from app.ui.jobs import JobRunner

if TYPE_CHECKING:
    from app.agents.runs import RunService

MOST = 3  # each keeps a thread that other panes need, too


class TooManyRuns(AppError):
    """As many agents work as can at once."""


class LiveRuns(QObject):
    """At most one run of each agent.

    Signals:
        changed: a run began, waits for the person, waits no more, or ended.
        asked: the `LiveRun` that waits for the person now.
        ended: the `LiveRun` that is over.
    """

    changed = Signal()
    asked = Signal(object)
    ended = Signal(object)

    def __init__(self, jobs: JobRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._runs: RunService | None = None
        self._live: dict[AgentId, LiveRun] = {}

    def attach(self, runs: RunService) -> None:
        """The service is there."""
        self._runs = runs

    @property
    def all(self) -> tuple[LiveRun, ...]:
        """Those that go on."""
        return tuple(self._live.values())

    def of_agent(self, agent_id: AgentId) -> LiveRun | None:
        """The run of an agent that goes on."""
        return self._live.get(agent_id)

    def of_run(self, run_id: RunId) -> LiveRun | None:
        """A run, if it goes on here."""
        return next((each for each in self.all if each.run_id == run_id), None)

    def start(self, agent: Agent, task: str) -> LiveRun:
        """Give an agent a task.

        Raises:
            TooManyRuns: this agent works already, or too many others do.
        """
        runs = self._service()
        return self._begin(
            agent,
            task,
            ShownTrace(),
            lambda desk, tell, cancel: runs.run(agent, task, desk, tell, cancel),
        )

    def go_on(self, run: Run, steps: tuple[Step, ...]) -> LiveRun:
        """Continue a run that was stopped, failed or was interrupted.

        Raises:
            TooManyRuns: its agent works already, or too many others do.
        """
        runs = self._service()
        return self._begin(
            run.agent,
            run.task,
            ShownTrace(run, steps),
            lambda desk, tell, cancel: runs.go_on(run.id, desk, _Resumed(runs, tell), cancel),
        )

    def stop_all(self) -> None:
        """The window closes."""
        for each in self.all:
            each.stop()

    def _service(self) -> RunService:
        assert self._runs is not None  # nothing can be started before it is there
        return self._runs

    def _begin(self, agent: Agent, task: str, trace: ShownTrace, work: Work) -> LiveRun:
        if agent.id in self._live:
            raise TooManyRuns("This agent is at work already.", "Stop it, or wait for it.")
        if len(self._live) >= MOST:
            raise TooManyRuns(f"{MOST} agents are at work already.", "Wait for one, or stop one.")
        live = LiveRun(self._jobs, agent, task, trace, self)
        live.asked_changed.connect(partial(self._on_asked_changed, live))
        live.ended.connect(partial(self._on_ended, live))
        self._live[agent.id] = live
        live.begin(work)
        self.changed.emit()
        return live

    def _on_asked_changed(self, live: LiveRun) -> None:
        self.changed.emit()
        if live.asked is not None:
            self.asked.emit(live)

    def _on_ended(self, live: LiveRun) -> None:
        del self._live[live.agent.id]
        self.ended.emit(live)
        self.changed.emit()
        live.deleteLater()


class _Resumed:
    """Tells first which steps were left, as some are taken away before a run goes on."""

    def __init__(self, runs: RunService, tell: Callable[[Event], None]) -> None:
        self._runs = runs
        self._tell = tell
        self._is_told = False

    def __call__(self, event: RunEvent) -> None:
        if isinstance(event, StepChanged) and not self._is_told:
            self._is_told = True
            self._tell(StepsRead(self._runs.steps(event.step.run_id)))
        self._tell(event)
