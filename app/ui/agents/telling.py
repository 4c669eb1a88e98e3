"""Tells a person who looks elsewhere that a run waits for them, or is over."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

from app.agents.approvals import ApprovalRequest
from app.agents.entities import AgentId
from app.agents.trace import RunState
from app.ui.agents.live_run import LiveRun
from app.ui.agents.live_runs import LiveRuns
from app.ui.agents.run_page import RunPage
from app.ui.agents.words import RUN_WORDS, one_line
from app.ui.pane import Pane
from app.ui.widgets.choice import Choice, Severity

_SEVERITIES = {RunState.DONE: Severity.OK, RunState.FAILED: Severity.DANGER}


class Teller(QObject):
    """Says nothing of a run that is on screen.

    Signals:
        agent_wanted: the `AgentId` of an agent that is to be seen.
    """

    agent_wanted = Signal(object)

    def __init__(self, pane: Pane, page: RunPage, live: LiveRuns) -> None:
        super().__init__(pane)
        self._pane, self._page = pane, page
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
        return self._page.isVisible() and self._page.live is live

    def _open(self, agent_id: AgentId) -> None:
        self._pane.context.actions.pane_wanted.emit(self._pane.pane_id)
        self.agent_wanted.emit(agent_id)
