"""Saves what is changed of agents: soon after it was, in order, and at the latest at the end."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.agents.drafts import AgentDraft
from app.agents.entities import Agent, AgentId
from app.base.errors import AppError
from app.ui.jobs import Job, JobRunner

if TYPE_CHECKING:
    from app.agents.service import AgentService

log = logging.getLogger(__name__)

SAVE_AFTER_MS = 400
_PATIENCE_S = 10.0  # for a save that is under way when the window closes


class AgentKeeper(QObject):
    """Has one save under way at a time. What cannot be kept is held until it is changed.

    Signals:
        saved: the `Agent` as it is kept now.
        refused: the `AgentId` and the `AppError` that says why it cannot be kept so.
    """

    saved = Signal(object)
    refused = Signal(object, object)

    def __init__(self, jobs: JobRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._agents: AgentService | None = None
        self._unsaved: dict[AgentId, AgentDraft] = {}
        self._problems: dict[AgentId, AppError] = {}
        self._job: Job | None = None
        self._timer = QTimer(self, singleShot=True, interval=SAVE_AFTER_MS)
        self._timer.timeout.connect(self.flush)

    def attach(self, agents: AgentService) -> None:
        """The service is there."""
        self._agents = agents

    def touch(self, agent_id: AgentId, draft: AgentDraft) -> None:
        """This was changed; it is saved after a rest."""
        self._unsaved[agent_id] = draft
        self._problems.pop(agent_id, None)
        self._timer.start()

    def unsaved(self, agent_id: AgentId) -> AgentDraft | None:
        """What of it is not stored; None if all is."""
        return self._unsaved.get(agent_id)

    def problem(self, agent_id: AgentId) -> AppError | None:
        """Why it cannot be kept as it is."""
        return self._problems.get(agent_id)

    @property
    def problems(self) -> tuple[AppError, ...]:
        """Why agents cannot be kept as they are."""
        return tuple(self._problems.values())

    def forget(self, agent_id: AgentId) -> None:
        """Let go of what is unsaved of it."""
        self._unsaved.pop(agent_id, None)
        self._problems.pop(agent_id, None)

    def flush(self) -> None:
        """Save what is unsaved now."""
        self._timer.stop()
        if self._job is not None or self._agents is None:
            return
        waiting = next((each for each in self._unsaved if each not in self._problems), None)
        if waiting is None:
            return
        draft = self._unsaved[waiting]
        self._job = self._jobs.submit(
            self._agents.update,
            waiting,
            draft,
            owner=self,
            done=partial(self._on_saved, draft),
            failed=partial(self._on_failed, waiting, draft),
        )

    def save_now(self) -> None:
        """Save everything that can be before this returns; blocks."""
        self._timer.stop()
        if self._job is not None and not self._job.ended.wait(_PATIENCE_S):
            log.warning("an agent is still being saved")
        for agent_id, draft in tuple(self._unsaved.items()):
            assert self._agents is not None  # nothing is changed before it is there
            try:
                self._agents.update(agent_id, draft)
                self.forget(agent_id)
            except AppError as error:
                self._problems[agent_id] = error

    def _on_saved(self, draft: AgentDraft, agent: Agent) -> None:
        self._job = None
        if self._unsaved.get(agent.id) is draft:
            self.forget(agent.id)
        self.saved.emit(agent)
        self.flush()

    def _on_failed(self, agent_id: AgentId, draft: AgentDraft, error: AppError) -> None:
        self._job = None
        if self._unsaved.get(agent_id) is draft:
            self._problems[agent_id] = error
            self.refused.emit(agent_id, error)
        self.flush()
