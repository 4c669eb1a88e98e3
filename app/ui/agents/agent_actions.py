"""What is done to whole agents: made from a template, deleted, brought back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.agents.entities import Agent, AgentId
from app.agents.templates import AgentTemplate
from app.ui.agents.new_sheet import NewAgentSheet
from app.ui.pane import Pane
from app.ui.widgets.choice import Choice

if TYPE_CHECKING:
    from app.agents.service import AgentService


class AgentActions(QObject):
    """Asks in the pane's window, and tells the pane what went wrong.

    Signals:
        appeared: the `Agent` that is there now and should be shown.
        left: the `AgentId` of one that was deleted.
    """

    appeared = Signal(object)
    left = Signal(object)

    def __init__(self, pane: Pane) -> None:
        super().__init__(pane)
        self._pane = pane

    def create(self) -> None:
        """Ask what a new agent is to begin with, and make it."""
        sheet = NewAgentSheet(self._pane.window(), self._pane.context.icons)
        sheet.chosen.connect(partial(self._create, sheet))
        sheet.open()

    def delete(self, agent: Agent) -> None:
        """Delete it; a toast offers to bring it back."""
        self._pane.context.jobs.submit(
            self._agents.delete,
            agent.id,
            owner=self,
            done=lambda _nothing: self._on_deleted(agent),
            failed=self._pane.show_problem,
        )

    @property
    def _agents(self) -> AgentService:
        return self._pane.services.agents

    def _create(self, sheet: NewAgentSheet, template: AgentTemplate) -> None:
        def done(agent: Agent) -> None:
            sheet.dismiss()
            self.appeared.emit(agent)

        self._pane.context.jobs.submit(
            self._agents.create_like,
            template.draft,
            owner=sheet,
            done=done,
            failed=sheet.refuse,
        )

    def _on_deleted(self, agent: Agent) -> None:
        self.left.emit(agent.id)
        self._pane.context.notify.toast(
            f"“{agent.name}” is deleted.", choice=Choice("Undo", partial(self._restore, agent.id))
        )

    def _restore(self, agent_id: AgentId) -> None:
        self._pane.context.jobs.submit(
            self._agents.restore,
            agent_id,
            owner=self,
            done=self.appeared.emit,
            failed=self._pane.show_problem,
        )
