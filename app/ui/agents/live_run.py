"""A run that goes on: its work on a thread, and what happens in it brought to the window.

Events are collected on the thread of the run and fetched here at most every 40 ms; when showing
them takes long, less often.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from app.agents.approvals import ApprovalRequest, Decision, Desk
from app.agents.entities import Agent
from app.agents.tools.asking import Question
from app.agents.trace import Run, RunEvent, RunId, StepId
from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.ui.agents.shown_trace import ShownTrace, StepsRead
from app.ui.jobs import JobRunner

FRAME_MS = 40
_SLOWEST_MS = 400
_REST = 3  # at most a quarter of the time goes into showing

Event = RunEvent | StepsRead
Work = Callable[[Desk, Callable[[Event], None], CancelToken], Run]


class LiveRun(QObject):
    """One run of one agent.

    Attributes:
        task: as it was given.
        asked: what waits for the person; None if nothing does.
        error: why nothing was begun; None if something was.

    Signals:
        advanced: the ids of the steps that look different now, as a frozenset.
        restarted: the steps are others than before.
        asked_changed: something waits for the person, or does not any more.
        ended: nothing comes after this.
    """

    advanced = Signal(object)
    restarted = Signal()
    asked_changed = Signal()
    ended = Signal()

    def __init__(
        self, jobs: JobRunner, agent: Agent, task: str, trace: ShownTrace, parent: QObject
    ) -> None:
        super().__init__(parent)
        self.agent = agent
        self.task = task
        self.trace = trace
        self.asked: ApprovalRequest | Question | None = None
        self.error: AppError | None = None
        self.is_over = False
        self.is_stopping = False
        self._jobs = jobs
        self._desk = Desk(self._put, self._put)
        self._feed: deque[Event | ApprovalRequest | Question] = deque()
        self._cancel = CancelToken()
        self._clock = _WorkClock(trace.run.spent.work_s if trace.run else 0.0)
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._on_timeout)

    @property
    def run_id(self) -> RunId | None:
        """None until there is a model to answer."""
        return self.trace.run.id if self.trace.run else None

    @property
    def work_s(self) -> float:
        """Seconds of work so far, those of waiting for the person left out."""
        return self._clock.seconds

    def begin(self, work: Work) -> None:
        """Start."""
        self._timer.start()
        self._clock.go()
        self._jobs.submit(
            work,
            self._desk,
            self._feed.append,
            self._cancel,
            owner=self,
            done=self._on_done,
            failed=self._on_failed,
            stopped=self._end,
            cancel=self._cancel,
        )

    def decide(self, step: StepId, decision: Decision) -> None:
        """Answer the request that waits."""
        if self._desk.decide(step, decision):
            self._set_asked(None)

    def reply(self, answer: str | None) -> None:
        """Answer the question that waits; None gives no answer."""
        if self._desk.reply(answer):
            self._set_asked(None)

    def stop(self) -> None:
        """Stop it; what waits for the person waits no more."""
        self.is_stopping = True
        self._cancel.cancel()
        self._set_asked(None)

    def _put(self, asked: ApprovalRequest | Question) -> None:
        self._feed.append(asked)  # on the thread of the run

    def _on_timeout(self) -> None:
        began = time.perf_counter()
        self._drain()
        cost_ms = (time.perf_counter() - began) * 1000
        self._timer.setInterval(round(min(max(_REST * cost_ms, FRAME_MS), _SLOWEST_MS)))

    def _drain(self) -> None:
        changed: set[StepId] = set()
        asked = None
        is_news = bool(self._feed)
        while self._feed:
            event = self._feed.popleft()
            if isinstance(event, ApprovalRequest | Question):
                asked = event
            elif isinstance(event, StepsRead):
                self.trace.replace_steps(event.steps)
                changed.clear()
                self.restarted.emit()
            elif (step := self.trace.receive(event)) is not None:
                changed.add(step)
        if is_news:
            self.advanced.emit(frozenset(changed))
        if asked is not None and self._desk.waiting is asked and not self.is_stopping:
            self._set_asked(asked)

    def _set_asked(self, asked: ApprovalRequest | Question | None) -> None:
        if asked is not self.asked:
            self.asked = asked
            self._clock.go() if asked is None else self._clock.rest()
            self.asked_changed.emit()

    def _on_done(self, run: Run) -> None:
        self._drain()
        self.trace.run = run
        self._end()

    def _on_failed(self, error: AppError) -> None:
        self._drain()
        self.error = error
        self._end()

    def _end(self) -> None:
        self._timer.stop()
        self._clock.rest()
        self.is_over = True
        self._set_asked(None)
        self.ended.emit()


class _WorkClock:
    """Counts seconds while it goes."""

    def __init__(self, seconds: float) -> None:
        self._before = seconds
        self._since: float | None = None

    @property
    def seconds(self) -> float:
        return self._before + (0.0 if self._since is None else time.monotonic() - self._since)

    def go(self) -> None:
        if self._since is None:
            self._since = time.monotonic()

    def rest(self) -> None:
        self._before, self._since = self.seconds, None
