"""Tells a person who looks elsewhere that a run waits for them, or is over."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.agents.approvals import ApprovalRequest
from app.agents.entities import AgentId
from app.agents.trace import RunState
from app.ui.agents.live_run import LiveRun
from app.ui.agents.live_runs import LiveRuns
from app.ui.agents.words import RUN_WORDS, one_line
from app.ui.widgets.choice import Choice, Severity

if TYPE_CHECKING:
    from app.ui.agents.pane import AgentsPane

_SEVERITIES = {RunState.DONE: Severity.OK, RunState.FAILED: Severity.DANGER}


class Teller(QObject):
    """Says nothing of a run that is on screen."""

    def __init__(self, pane: AgentsPane, live: LiveRuns) -> None:
        super().__init__(pane)
        self._pane = pane
        live.asked.connect(self._on_asked)
        live.ended.connect(self._on_ended)

    def _on_asked(self, live: LiveRun) -> None:
        if self._is_seen(live):
            return
        asked = live.asked
        what = one_line(asked.spec.title) if isinstance(asked, ApprovalRequest) else ""
        words = f"wants to: {what}" if what else "asks you something"
        self._tell(live, f"“{live.agent.name}” {words}", Severity.WARN)

    def _on_ended(self, live: LiveRun) -> None:
        run = live.trace.run
        if run is None or live.is_stopping or self._is_seen(live):
            return
        words = RUN_WORDS[run.state].text.lower()
        severity = _SEVERITIES.get(run.state, Severity.WARN)
        self._tell(live, f"“{live.agent.name}”: {words}", severity)

    def _tell(self, live: LiveRun, words: str, severity: Severity) -> None:
        choice = Choice("Open", partial(self._open, live.agent.id))
        self._pane.context.notify.toast(words, severity, choice=choice)

    def _is_seen(self, live: LiveRun) -> bool:
        page = self._pane.view.run_page
        return page.isVisible() and page.live is live

    def _open(self, agent_id: AgentId) -> None:
        self._pane.context.actions.pane_wanted.emit(self._pane.pane_id)
        self._pane.open_agent(agent_id)
