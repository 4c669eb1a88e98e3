"""The agent that is chosen: fills its editor, keeps what is changed, and knows what it is now."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.agents.approvals import Grant
from app.agents.drafts import AgentDraft
from app.agents.entities import Agent, AgentId, GrantedFolder
from app.base.errors import AppError
from app.ui.agents.prompt_sheet import PromptSheet
from app.ui.agents.reading import (
    AgentFacts,
    PromptTaken,
    read_facts,
    read_prompts,
    take_instructions,
)
from app.ui.agents.saving import AgentKeeper
from app.ui.agents.start_page import start_of
from app.ui.agents.view import AgentsView
from app.ui.pane import Pane

if TYPE_CHECKING:
    from app.bootstrap import Services

_NO_FACTS = AgentFacts((), (), (), ())


class ShownAgent(QObject):
    """One agent at a time, or none.

    Signals:
        ready_to_run: the `Agent` as it is kept, once `when_saved` was called.
    """

    ready_to_run = Signal(object)

    def __init__(self, pane: Pane, view: AgentsView) -> None:
        super().__init__(pane)
        self._pane = pane
        self._view = view
        self._editor = view.editor
        self.agent: Agent | None = None
        self._facts = _NO_FACTS
        self._wants_run = False
        self.keeper = AgentKeeper(pane.context.jobs, self)
        self.keeper.saved.connect(self._on_saved)
        self.keeper.refused.connect(self._on_refused)
        self._editor.edited.connect(self._on_edited)
        self._editor.revoked.connect(self._revoke)
        self._editor.prompt_requested.connect(self._choose_prompt)

    def attach(self, services: Services) -> None:
        """The services are there."""
        self.keeper.attach(services.agents)
        self._editor.attach(services)

    def show_agent(self, agent: Agent) -> None:
        """Show an agent, or the newest form of the one that is shown."""
        is_other = self.agent is None or self.agent.id != agent.id
        if is_other:
            self.keeper.flush()
            self._wants_run = False
            self._facts = AgentFacts(self._facts.own, self._facts.served, (), ())
        elif agent == self.agent:
            self.read_facts()
            return
        self.agent = agent
        self._fill()
        self._show_problem(self.keeper.problem(agent.id))
        self.read_facts()

    def leave(self) -> None:
        """Show none."""
        self.keeper.flush()
        self.agent = None

    def read_facts(self) -> None:
        """Read again which tools, collections and permissions there are."""
        if self.agent is not None:
            self._pane.context.jobs.submit(
                read_facts,
                self._pane.services,
                self.agent,
                owner=self,
                done=partial(self._on_facts_read, self.agent.id),
                failed=self._pane.show_problem,
            )

    def grant(self, folder: GrantedFolder) -> None:
        """Give the agent a folder."""
        self._editor.grant(folder)
        self.keeper.flush()

    def when_saved(self) -> None:
        """Emit `ready_to_run` once all that was changed is kept; say why if it cannot be."""
        agent = self.agent
        if agent is None:
            return
        problem = self.keeper.problem(agent.id)
        if problem is not None:
            self._pane.show_problem(problem)
        elif self.keeper.unsaved(agent.id) is None:
            self.ready_to_run.emit(agent)
        else:
            self._wants_run = True
            self.keeper.flush()

    def _fill(self) -> None:
        if (agent := self.agent) is None:
            return
        unsaved = self.keeper.unsaved(agent.id)
        self._view.show_agent(unsaved.name if unsaved else agent.name)
        self._editor.show_draft(unsaved or AgentDraft.of(agent), self._facts)
        self._view.run_page.invite(agent, self._note(agent))
        if self._view.run_page.is_at_start:
            self._view.run_page.show_start(start_of(agent))

    def _note(self, agent: Agent) -> str:
        named = [each.path.name or str(each.path) for each in agent.folders[:3]]
        return f"Works in {', '.join(named)}" if named else ""

    def _on_facts_read(self, agent_id: AgentId, facts: AgentFacts) -> None:
        if self.agent is not None and self.agent.id == agent_id and facts != self._facts:
            self._facts = facts
            self._fill()

    # What is changed

    def _on_edited(self) -> None:
        if self.agent is not None:
            self.keeper.touch(self.agent.id, self._editor.draft)
            self._view.show_saving("Saving…")

    def _on_saved(self, agent: Agent) -> None:
        if self.agent is None or agent.id != self.agent.id:
            return
        self.agent = agent
        if self.keeper.unsaved(agent.id) is None:
            self._show_problem(None)
            self._view.show_agent(agent.name)
            self._view.run_page.invite(agent, self._note(agent))
            if self._view.run_page.is_at_start:
                self._view.run_page.show_start(start_of(agent))
            self._view.show_saving("Saved")
            if self._wants_run:
                self._wants_run = False
                self.ready_to_run.emit(agent)

    def _on_refused(self, agent_id: AgentId, error: AppError) -> None:
        if self.agent is not None and agent_id == self.agent.id:
            self._show_problem(error)
            if self._wants_run:
                self._wants_run = False
                self._pane.show_problem(error)

    def _show_problem(self, error: AppError | None) -> None:
        self._editor.show_problem(error)
        self._view.show_saving("Not saved" if error else "", is_trouble=error is not None)

    def _revoke(self, grant: Grant) -> None:
        if self.agent is not None:
            self._pane.context.jobs.submit(
                self._pane.services.agents.revoke,
                self.agent.id,
                grant,
                owner=self,
                done=lambda _nothing: self.read_facts(),
                failed=self._pane.show_problem,
            )

    def _choose_prompt(self) -> None:
        self._pane.context.jobs.submit(
            read_prompts,
            self._pane.services,
            owner=self,
            done=self._on_prompts_read,
            failed=self._pane.show_problem,
        )

    def _on_prompts_read(self, found: tuple[PromptTaken, ...]) -> None:
        sheet = PromptSheet(self._pane.window(), self._pane.context.icons, found)
        sheet.chosen.connect(partial(self._take, sheet))
        sheet.open()

    def _take(self, sheet: PromptSheet, taken: PromptTaken) -> None:
        def done(text: str) -> None:
            sheet.dismiss()
            self._editor.take_instructions(text, taken)

        self._pane.context.jobs.submit(
            take_instructions,
            self._pane.services,
            taken,
            owner=sheet,
            done=done,
            failed=sheet.refuse,
        )
