"""What agents may do without asking again: until Cairn is closed, or for good."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import replace

from app.agents import store
from app.agents.approvals import Grant
from app.agents.entities import Agent, AgentId
from app.agents.tools.tool import ToolSpec
from app.agents.trace import Ground, Verdict
from app.storage.db import Database


class GrantBook:
    """Keeps the grants of all agents. A grant is for one tool of one agent, as it was then."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._session: dict[AgentId, set[Grant]] = {}

    def ground(self, agent: Agent, spec: ToolSpec) -> Ground | None:
        """Which grant covers a call of this tool; None if none does."""
        wanted = _grant(agent, spec)
        found = {each.fingerprint: each for each in self.of(agent.id) if _is_same(each, wanted)}
        covering = found.get(wanted.fingerprint)
        if covering is None:
            return None
        return Ground.SESSION if covering.until_closed else Ground.ALWAYS

    def allow(self, agent: Agent, spec: ToolSpec, verdict: Verdict) -> None:
        """Remember a verdict that is for more than one call."""
        grant = _grant(agent, spec)
        if verdict is Verdict.ALWAYS:
            self._database.write(lambda s: store.add_grant(s, agent.id, grant))
        elif verdict is Verdict.SESSION:
            with self._lock:
                self._session.setdefault(agent.id, set()).add(replace(grant, until_closed=True))

    def of(self, agent_id: AgentId) -> tuple[Grant, ...]:
        """All grants of an agent, those for good first."""
        with self._database.read() as session:
            kept = store.grants(session, agent_id)
        with self._lock:
            brief = sorted(self._session.get(agent_id, ()), key=lambda each: each.tool)
        return (*kept, *brief)

    def revoke(self, agent_id: AgentId, grant: Grant) -> None:
        """Have the agent ask again before it uses the tool."""
        self._database.write(lambda s: store.remove_grant(s, agent_id, grant))
        with self._lock:
            grants = self._session.get(agent_id, set())
            grants -= {each for each in grants if _is_same(each, grant)}


def _is_same(one: Grant, other: Grant) -> bool:
    return (one.server, one.tool) == (other.server, other.tool)


def _grant(agent: Agent, spec: ToolSpec) -> Grant:
    """The grant for a tool as it is now: another description, or other folders, are another."""
    folders = [] if spec.server else [(str(each.path), each.can_write) for each in agent.folders]
    tool = spec.tool
    facts = [tool.name, tool.description, tool.parameters, spec.risk.value, folders]
    text = json.dumps(facts, sort_keys=True, default=str)
    return Grant(spec.name, spec.server, hashlib.sha256(text.encode()).hexdigest())
