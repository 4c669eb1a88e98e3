"""The use cases of runs: giving an agent a task, continuing, stopping, and reading the traces."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

from app.agents import store
from app.agents.approvals import Person
from app.agents.drafts import checked_task
from app.agents.entities import Agent, AgentId
from app.agents.errors import CannotGoOn
from app.agents.export import RunCase, run_as_json, run_case
from app.agents.running.conversation import Conversation
from app.agents.running.resuming import spent_on
from app.agents.running.runner import Runner
from app.agents.tools.results import new_nonce
from app.agents.trace import (
    ModelReply,
    OnRunEvent,
    Run,
    RunEvent,
    RunId,
    RunState,
    Step,
    StepId,
)
from app.base.changes import Notices, Topic
from app.base.jobs import CancelToken
from app.engine.messages import Turn
from app.storage.base import now
from app.storage.db import Database, Session

T = TypeVar("T")

_MOST_RUNS: Final = 200
_END_S: Final = 5.0  # that runs get to end when Cairn is closed


def _unwatched(_event: RunEvent) -> None:
    """Nobody watches."""


class RunService:
    """The runs of all agents. A run works on the thread that calls; the rest answers at once.

    `NotFound` if a run is gone.
    """

    def __init__(self, database: Database, notices: Notices, runner: Runner) -> None:
        self._database = database
        self._notices = notices
        self._runner = runner
        self._changed = threading.Condition()
        self._running: dict[RunId, CancelToken] = {}
        self._is_closing = False
        self._is_recovered = False

    def run(
        self,
        agent: Agent,
        task: str,
        person: Person,
        on_event: OnRunEvent = _unwatched,
        cancel: CancelToken | None = None,
    ) -> Run:
        """Give an agent a task, and work until it is over; blocks.

        What goes wrong on the way is in the run, as is what was spent. Nothing is lost by a stop,
        a failure or a crash: `go_on` continues behind the last step that is whole.

        Args:
            agent: as it is now, with whatever is granted for this once.
            task: what it is to do.
            person: allows calls and answers questions.
            on_event: hears of the run and of each step.
            cancel: stops it.

        Raises:
            BadAgent: the task is empty or too long.
            AppError: the model cannot be had, as `ModelLending.borrow`; nothing was begun.
        """
        asked = checked_task(task)

        def begin() -> tuple[Run, tuple[Step, ...]]:
            return self._write(lambda s: store.add_run(s, agent, asked, new_nonce())), ()

        return self._go(begin, agent, person, on_event, cancel)

    def go_on(
        self,
        run_id: RunId,
        person: Person,
        on_event: OnRunEvent = _unwatched,
        cancel: CancelToken | None = None,
        *,
        agent: Agent | None = None,
    ) -> Run:
        """Continue a run that was stopped, failed or was interrupted; otherwise as `run`.

        A call with an effect that was going on is never made again by itself: the model and the
        person are told that nobody knows whether it was done.

        Args:
            run_id: which.
            person, on_event, cancel: as with `run`.
            agent: from here on; None takes the one that it began with.

        Raises:
            CannotGoOn: it is over, or goes on already.
            AppError: the model cannot be had; nothing was changed.
        """
        going = agent or self._resumable(run_id).agent

        def begin() -> tuple[Run, tuple[Step, ...]]:
            run = replace(self._resumable(run_id), agent=going)
            resumed = replace(run, state=RunState.RUNNING, ended_at=None, answer="", problem="")
            self._write(lambda s: store.save_run(s, resumed))
            return resumed, self.steps(run_id)

        return self._go(begin, going, person, on_event, cancel)

    def discard(self, run_id: RunId) -> Run:
        """Leave an interrupted run as it is; its trace stays."""
        return self._save(replace(self._resumable(run_id), state=RunState.STOPPED))

    def is_running(self, run_id: RunId) -> bool:
        """Whether a run goes on in this process."""
        return run_id in self._running

    def stop(self, run_id: RunId) -> None:
        """Stop a run, if it goes on."""
        with self._changed:
            token = self._running.get(run_id)
        if token is not None:
            token.cancel()

    def runs(self, agent_id: AgentId | None = None, limit: int = _MOST_RUNS) -> tuple[Run, ...]:
        """The last runs, newest first, of one agent or of all."""
        return self._read(lambda s: store.runs(s, agent_id, limit))

    def get(self, run_id: RunId) -> Run:
        """One run."""
        return self._read(lambda s: store.run(s, run_id))

    def steps(self, run_id: RunId) -> tuple[Step, ...]:
        """The trace of a run: all steps, in the order in which they began."""
        return self._read(lambda s: store.steps(s, run_id))

    def whole_result(self, step: Step) -> str:
        """The whole result of a call, of which the step may have only a part."""
        return self._read(lambda s: store.whole_result(s, step.id)) or ""

    def sent(self, run_id: RunId, reply: StepId) -> tuple[Turn, ...]:
        """What the model was sent for a reply, word for word."""
        conversation = Conversation(self.get(run_id), self.steps(run_id))
        detail = conversation.step(reply).detail
        shortened = detail.shortened if isinstance(detail, ModelReply) else ()
        return conversation.turns({each.step: each.most_bytes for each in shortened}, reply)

    def delete(self, run_id: RunId) -> None:
        """Delete a run with its trace.

        Raises:
            CannotGoOn: it goes on.
        """
        if self.is_running(run_id):
            raise CannotGoOn("This run goes on.", "Stop it first.")
        self._write(lambda s: store.delete_run(s, run_id))

    def export(self, run_id: RunId) -> dict[str, Any]:
        """A run with its whole trace, as plain JSON values."""
        steps = self.steps(run_id)
        wholes = {step.id: whole for step in steps if (whole := self.whole_result(step))}
        return run_as_json(self.get(run_id), steps, wholes)

    def case(self, run_id: RunId) -> RunCase:
        """A run as a case to test models with."""
        return run_case(self.get(run_id), self.steps(run_id))

    def close(self) -> None:
        """Stop what runs, and wait a little for its last steps to be stored."""
        with self._changed:
            self._is_closing = True
            running = tuple(self._running.values())
        for token in running:
            token.cancel()
        with self._changed:
            self._changed.wait_for(lambda: not self._running, _END_S)

    def _go(
        self,
        begin: Callable[[], tuple[Run, tuple[Step, ...]]],
        agent: Agent,
        person: Person,
        on_event: OnRunEvent,
        cancel: CancelToken | None,
    ) -> Run:
        token = cancel or CancelToken()
        begun: list[RunId] = []

        def begin_here() -> tuple[Run, tuple[Step, ...]]:
            self._recover()
            run, steps = begin()
            begun.append(run.id)
            with self._changed:
                self._running[run.id] = token
            return run, steps

        try:
            run = self._runner.go(begin_here, agent, person, on_event, token)
            if self._is_closing and run.state is RunState.STOPPED:
                return self._save(replace(run, state=RunState.INTERRUPTED))
            return run
        finally:
            with self._changed:
                for run_id in begun:
                    del self._running[run_id]
                self._changed.notify_all()
            self._notices.changed(Topic.AGENTS)

    def _resumable(self, run_id: RunId) -> Run:
        run = self.get(run_id)
        if self.is_running(run_id) or not run.state.can_continue:
            raise CannotGoOn(
                "This run cannot be continued: it is over, or goes on already.",
                "Give the agent a new task.",
            )
        return run

    def _recover(self) -> None:
        """Say of runs that were going on when Cairn ended that they were."""

        def work(session: Session) -> None:
            for run in store.running(session):
                spent = spent_on(store.steps(session, run.id))
                state = RunState.INTERRUPTED
                store.save_run(session, replace(run, state=state, spent=spent, ended_at=now()))

        with self._changed:  # or a run that begins meanwhile would be taken for an old one
            if not self._is_recovered:
                self._database.write(work)
                self._is_recovered = True

    def _save(self, run: Run) -> Run:
        self._write(lambda s: store.save_run(s, run))
        return run

    def _read(self, work: Callable[[Session], T]) -> T:
        self._recover()
        with self._database.read() as session:
            return work(session)

    def _write(self, work: Callable[[Session], T]) -> T:
        self._recover()
        done = self._database.write(work)
        self._notices.changed(Topic.AGENTS)
        return done
