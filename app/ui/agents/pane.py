"""The agents pane: the agents there are, the one that works, and how it is set up.

It puts the parts together. What is changed of an agent is the `ShownAgent`'s; what goes on is the
`LiveRuns`'; what is done to runs that are over is the `RunActions`'.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QWidget

from app.agents.entities import Agent, AgentId
from app.agents.trace import RunId
from app.base.changes import Topic
from app.base.errors import AppError, NotFound
from app.chat.entities import Citation
from app.ui.actions import ActionSpec, Reach
from app.ui.agents.agent_actions import AgentActions
from app.ui.agents.folder_sheet import FolderSheet
from app.ui.agents.live_run import LiveRun
from app.ui.agents.live_runs import LiveRuns, TooManyRuns
from app.ui.agents.reading import OpenedRun, Shelf, open_run, read_shelf
from app.ui.agents.run_actions import RunActions
from app.ui.agents.servers.page import ServersPage
from app.ui.agents.shown_agent import ShownAgent
from app.ui.agents.start_page import start_of
from app.ui.agents.telling import Teller
from app.ui.agents.view import RUN, SETUP, AgentsView
from app.ui.pane import Pane, PaneContext
from app.ui.sources.request import SourceRequest
from app.ui.widgets.choice import Choice
from app.ui.widgets.info_bar import Bars

_SHOWN = "agents/shown"


class AgentsPane(Pane):
    """Agents and their runs.

    Signals:
        test_case_wanted: an `Item` to put into a suite.
        source_requested: a `SourceRequest`: a source of an answer is to be seen.
    """

    pane_id: ClassVar[str] = "agents"
    title: ClassVar[str] = "Agents"
    icon: ClassVar[str] = "ph.robot"
    drop_title: ClassVar[str] = "Drop a folder to let the agent use it"

    test_case_wanted = Signal(object)
    source_requested = Signal(object)

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._agents: tuple[Agent, ...] = ()
        self._wanted: AgentId | None = None
        self._wanted_run: RunId | None = None
        self._is_reading = False
        self._is_stale = False
        self._servers: ServersPage | None = None

    # Hooks

    def build(self) -> None:
        self.view = AgentsView(self.context, self.icon)
        self.body.addWidget(self.view)
        self.live = LiveRuns(self.context.jobs, self)
        self.shown = ShownAgent(self, self.view)
        self.agent_actions = AgentActions(self)
        self.run_actions = RunActions(self, self.view.run_page.trace)
        self.teller = Teller(self, self.view.run_page, self.live)
        self._connect()

    def ready(self) -> None:
        self.live.attach(self.services.agent_runs)
        self.shown.attach(self.services)
        self._refresh()

    def changed(self, topics: frozenset[Topic]) -> None:
        if Topic.AGENTS in topics:
            self._refresh()
        elif topics & {Topic.DOCUMENTS, Topic.PROMPTS}:
            self.shown.read_facts()
        if Topic.MODELS in topics:
            self.view.editor.model.models_changed()

    def take_drop(self, paths: Sequence[Path]) -> bool:
        agent = self.shown.agent if self.is_ready else None
        folders = [path for path in paths if path.is_dir()]
        if agent is None or not folders:
            return False
        sheet = FolderSheet(self.window(), self.context.icons, agent.name, folders[0])
        sheet.granted.connect(self.shown.grant)
        sheet.open()
        return True

    def actions_offered(self) -> tuple[ActionSpec, ...]:
        def spec(
            name: str,
            title: str,
            icon: str,
            run: Callable[[], object],
            enabled_when: Callable[[], bool] = lambda: True,
            shortcut: str = "",
        ) -> ActionSpec:
            return ActionSpec(
                f"agents.{name}",
                title,
                "Agents",
                icon,
                run,
                shortcut,
                self.pane_id,
                Reach.PANE if shortcut else Reach.WINDOW,
                enabled_when=enabled_when,
            )

        return (
            spec("new", "New agent…", "ph.plus", self.new_agent),
            spec("task", "New task for the agent", "ph.play", self.new_task, self._has_agent),
            spec("setup", "Set the agent up", "ph.sliders", self._show_setup, self._has_agent),
            spec("stop", "Stop the agent", "ph.stop", self._stop, self._is_live, "Ctrl+."),
            spec("servers", "Tool servers…", "ph.hard-drives", self.show_servers),
        )

    def can_close(self) -> str | None:
        if not self.is_ready:
            return None
        self.shown.keeper.save_now()
        parts = []
        if names := [f"“{each.agent.name}”" for each in self.live.all]:
            verb = "is" if len(names) == 1 else "are"
            parts.append(
                f"{' and '.join(names)} {verb} still at work. A run that is stopped can be"
                " continued later."
            )
        if self.shown.keeper.problems:
            why = self.shown.keeper.problems[0]
            parts.append(f"An agent could not be saved: {why} What you changed last would be lost.")
        return "\n\n".join(parts) or None

    def close_down(self) -> None:
        if not self.is_ready:
            return
        self.live.stop_all()
        self.shown.keeper.save_now()
        if self._wanted is not None:
            self.context.state.remember(_SHOWN, [self._wanted])

    def regions(self) -> tuple[QWidget, ...]:
        return self.view.regions if self._is_built else (self,)

    def focus_first(self) -> None:
        if self.view.run_page.isVisible():
            self.view.run_page.take_focus()

    def problem_place(self) -> Bars:
        return self.view.problems

    # What a person does

    def new_agent(self) -> None:
        """Ask what a new agent is to begin with."""
        if self.is_ready:
            self.agent_actions.create()

    def new_task(self) -> None:
        """Let a task be written for the agent that is shown."""
        agent = self.shown.agent
        if agent is not None:
            self._wanted_run = None
            self.view.show_page(RUN)
            self.view.run_page.show_start(start_of(agent))
            self.view.sidebar.choose_run(None)
            self.view.run_page.composer.setFocus()

    def open_agent(self, agent_id: AgentId) -> None:
        """Show an agent: what it does now, or a new task."""
        agent = next((each for each in self._agents if each.id == agent_id), None)
        if agent is None:
            return
        self._wanted, self._wanted_run = agent_id, None
        self._leave_servers()
        live = self.live.of_agent(agent_id)
        if live is None:
            self.view.run_page.show_start(start_of(agent))
        self.shown.show_agent(agent)
        if live is not None:
            self.show_live(live)
        self._refresh()

    def show_live(self, live: LiveRun) -> None:
        """Show a run that goes on."""
        self._wanted_run = live.run_id
        self.view.show_page(RUN)
        self.view.run_page.show_live(live)
        self.view.sidebar.choose_run(live.run_id)

    def open_run(self, run_id: RunId) -> None:
        """Show a run of the agent that is shown."""
        self._wanted_run = run_id
        self._leave_servers()
        live = self.live.of_run(run_id)
        if live is not None:
            self.show_live(live)
            return
        self.context.jobs.submit(
            open_run,
            self.services.agent_runs,
            run_id,
            owner=self,
            done=self._on_run_read,
            failed=self._on_run_gone,
        )

    def show_servers(self) -> None:
        """Show the servers that offer tools."""
        if not self.is_ready:
            return
        if self._servers is None:
            self._servers = ServersPage(self.context)
            self._servers.closed.connect(self._leave_servers)
            self._servers.attach(self.services)
        self.view.show_beside(self._servers)

    def delete_agent(self) -> None:
        """Delete the agent that is shown; a toast offers to bring it back."""
        agent = self.shown.agent
        if agent is None:
            return
        if self.live.of_agent(agent.id) is not None:
            self.show_problem(TooManyRuns("This agent is at work.", "Stop it first."))
            return
        self.shown.keeper.forget(agent.id)
        self.agent_actions.delete(agent)

    # Wires

    def _connect(self) -> None:
        view, sidebar = self.view, self.view.sidebar
        view.new_requested.connect(self.new_agent)
        view.page_chosen.connect(view.show_page)
        view.editor.delete_requested.connect(self.delete_agent)
        view.run_page.task_submitted.connect(lambda _task: self.shown.when_saved())
        view.run_page.folder_requested.connect(view.editor.folders.choose)
        view.run_page.run_known.connect(view.sidebar.choose_run)
        view.run_page.trace.action_requested.connect(self._on_run_action)
        view.run_page.trace.citation_requested.connect(self._on_citation_requested)
        sidebar.servers_requested.connect(self.show_servers)
        sidebar.agent_chosen.connect(self.open_agent)
        sidebar.run_chosen.connect(self.open_run)
        sidebar.task_requested.connect(self.new_task)
        self.shown.ready_to_run.connect(self._start)
        self.agent_actions.appeared.connect(self._on_appeared)
        self.agent_actions.left.connect(self._on_left)
        self.run_actions.go_on_requested.connect(self._go_on)
        self.run_actions.changed.connect(self.open_run)
        self.run_actions.left.connect(self._on_run_left)
        self.run_actions.case_made.connect(self.test_case_wanted)
        self.teller.agent_wanted.connect(self.open_agent)
        self.live.changed.connect(self._on_live_changed)
        self.live.ended.connect(self._on_live_ended)

    # Reading

    def _refresh(self) -> None:
        if self._is_reading:
            self._is_stale = True
            return
        self._is_reading = True
        self.context.jobs.submit(
            read_shelf,
            self.services,
            self._wanted,
            owner=self,
            done=self._on_shelf_read,
            failed=self._on_read_failed,
        )

    def _on_shelf_read(self, shelf: Shelf) -> None:
        self._is_reading = False
        self._agents = shelf.agents
        ids = [each.id for each in shelf.agents]
        if not ids:
            self._wanted = None
            self.shown.leave()
            self.view.show_empty()
        elif self._wanted not in ids:
            self.open_agent(self._first(ids))
        elif shelf.agent_id == self._wanted:
            self.shown.show_agent(next(e for e in shelf.agents if e.id == self._wanted))
            self.view.sidebar.show_runs(shelf.runs, self.view.run_page.shown_run)
        self.view.sidebar.setVisible(bool(ids))
        self.view.sidebar.show_agents(shelf.agents, self._wanted)
        if self._is_stale:
            self._is_stale = False
            self._refresh()

    def _first(self, ids: Sequence[AgentId]) -> AgentId:
        last = (AgentId(each) for each in self.context.state.numbers(_SHOWN))
        return next((each for each in last if each in ids), ids[0])

    def _on_read_failed(self, error: AppError) -> None:
        self._is_reading = self._is_stale = False
        self.show_problem(error, Choice("Try again", self._refresh))

    def _on_run_read(self, opened: OpenedRun) -> None:
        if opened.run.id == self._wanted_run:
            self.view.show_page(RUN)
            self.view.run_page.show_past(opened.run, opened.steps)
            self.view.sidebar.choose_run(opened.run.id)

    def _on_run_gone(self, error: AppError) -> None:
        if not isinstance(error, NotFound):
            self.show_problem(error)
        self._refresh()

    # Runs

    def _start(self, agent: Agent) -> None:
        task = self.view.run_page.composer.text.strip()
        try:
            live = self.live.start(agent, task)
        except TooManyRuns as error:
            self.show_problem(error)
            return
        self.clear_problems()
        self.view.run_page.composer.set_text("")
        self.show_live(live)

    def _go_on(self, opened: OpenedRun) -> None:
        try:
            self.show_live(self.live.go_on(opened.run, opened.steps))
        except TooManyRuns as error:
            self.show_problem(error)

    def _on_live_changed(self) -> None:
        self.view.sidebar.show_live(self.live.all)
        count = sum(each.asked is not None for each in self.live.all)
        words = "1 run waits for you" if count == 1 else f"{count} runs wait for you"
        self.waiting_changed.emit(words if count else "")

    def _on_live_ended(self, live: LiveRun) -> None:
        page = self.view.run_page
        is_shown = page.live is live
        if live.error is not None:
            self.show_problem(live.error)
            if is_shown and live.run_id is None:
                page.composer.set_text(live.task)
                self.new_task()
        if is_shown and live.run_id is not None:
            self._wanted_run = live.run_id
            page.finish(live)
        self._refresh()

    def _on_run_action(self, action: str) -> None:
        run = self.view.run_page.trace.run
        if run is not None:
            self.run_actions.do(action, run)

    def _on_run_left(self, run_id: RunId) -> None:
        if self.view.run_page.shown_run == run_id:
            self.new_task()
        self._refresh()

    def _on_citation_requested(self, citation: Citation) -> None:
        self.source_requested.emit(
            SourceRequest(
                citation.title,
                citation.path,
                citation.kind,
                citation.content,
                citation.place,
                citation.quote,
            )
        )

    # Agents

    def _on_appeared(self, agent: Agent) -> None:
        self._agents = (*self._agents, agent)
        self.open_agent(agent.id)
        self.view.show_page(RUN if agent.tools else SETUP)

    def _on_left(self) -> None:
        self._wanted = None
        self.shown.leave()
        self._refresh()

    def _leave_servers(self) -> None:
        if self._servers is not None:
            self.view.back_from(self._servers, has_agents=bool(self._agents))
            self.shown.read_facts()

    def _show_setup(self) -> None:
        self.view.show_page(SETUP)

    def _stop(self) -> None:
        self.view.run_page.stop()

    def _has_agent(self) -> bool:
        return self.is_ready and self.shown.agent is not None

    def _is_live(self) -> bool:
        return self.is_ready and self.view.run_page.live is not None

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self.is_ready:
            self.shown.keeper.flush()
