"""The use cases of agents: finding, writing and keeping them, and what they may do unasked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from app.agents import store
from app.agents.approvals import Grant
from app.agents.drafts import AgentDraft, checked_draft
from app.agents.entities import Agent, AgentId
from app.agents.grants import GrantBook
from app.agents.templates import template_named
from app.base.changes import Notices, Topic
from app.base.errors import NotFound
from app.storage.db import Database, Session

T = TypeVar("T")


class AgentService:
    """The agents. All that changes one is a single transaction; `NotFound` if it is gone."""

    def __init__(self, database: Database, notices: Notices, grants: GrantBook) -> None:
        self._database = database
        self._notices = notices
        self._grants = grants

    def agents(self) -> tuple[Agent, ...]:
        """Every agent, by name."""
        return self._read(store.agents)

    def get(self, agent_id: AgentId) -> Agent:
        """One agent."""
        return self._read(lambda s: store.agent(s, agent_id))

    def find(self, name: str) -> Agent:
        """The agent with this name, whatever the case."""
        found = self._read(lambda s: store.by_name(s, name.strip()))
        if found is None:
            known = "".join(f"“{each.name}”, " for each in self.agents())
            raise NotFound(
                f"There is no agent called “{name.strip()[:80]}”.",
                f"There are {known}and the templates that `agent list` names.",
            )
        return found

    def find_or_make(self, name: str) -> Agent:
        """The same; if there is none but a template has the name, an agent is made from that."""
        template = template_named(name.strip())
        try:
            return self.find(name)
        except NotFound:
            if template is None:
                raise
        return self.create(template.draft)

    def create(self, draft: AgentDraft) -> Agent:
        """Keep a new agent.

        Raises:
            BadAgent: a part of it cannot be used.
            NameTaken: another one has the name.
        """
        checked = checked_draft(draft)
        return self.get(self._write(lambda s: store.add(s, checked)))

    def create_like(self, draft: AgentDraft) -> Agent:
        """Keep a new agent, as "name 2" if its name is taken: from a template, or as a copy.

        Raises:
            BadAgent: a part of it cannot be used.
        """
        checked = checked_draft(draft)

        def work(session: Session) -> AgentId:
            return store.add(session, replace(checked, name=store.free_name(session, checked.name)))

        return self.get(self._write(work))

    def update(self, agent_id: AgentId, draft: AgentDraft) -> Agent:
        """Make an agent what the draft says. Runs that go on are not changed.

        Raises:
            BadAgent: a part of it cannot be used.
            NameTaken: another one has the name.
        """
        checked = checked_draft(draft, self.get(agent_id).folders)
        self._write(lambda s: store.change(s, agent_id, checked))
        return self.get(agent_id)

    def delete(self, agent_id: AgentId) -> None:
        """Take an agent away. `restore` brings it back until a purge; its runs stay."""
        self._write(lambda s: store.mark_deleted(s, agent_id))

    def restore(self, agent_id: AgentId) -> Agent:
        """Bring a deleted agent back, under another name if its own was taken meanwhile."""
        self._write(lambda s: store.restore(s, agent_id))
        return self.get(agent_id)

    def purge_deleted(self) -> None:
        """Let go of deleted agents for good; called when Cairn starts, when no undo is left."""
        self._database.write(store.purge)

    def grants(self, agent_id: AgentId) -> tuple[Grant, ...]:
        """What an agent may use without asking: for good, and until Cairn is closed."""
        return self._grants.of(agent_id)

    def revoke(self, agent_id: AgentId, grant: Grant) -> None:
        """Have an agent ask again before it uses a tool."""
        self._grants.revoke(agent_id, grant)
        self._notices.changed(Topic.AGENTS)

    def _read(self, work: Callable[[Session], T]) -> T:
        with self._database.read() as session:
            return work(session)

    def _write(self, work: Callable[[Session], T]) -> T:
        done = self._database.write(work)
        self._notices.changed(Topic.AGENTS)
        return done
