"""The left side: the agents, and below them the runs of the one that is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QAbstractListModel, QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QListView, QSizePolicy, QVBoxLayout, QWidget

from app.agents.entities import Agent, AgentId
from app.agents.trace import Run, RunId
from app.ui.agents.items import AgentItems, RunItems
from app.ui.agents.live_run import LiveRun
from app.ui.agents.row_delegate import RowDelegate
from app.ui.icons import Icons
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import ElidedLabel, Label
from app.ui.widgets.layout import row

WIDTH, NARROW_WIDTH = 268, 208
_MOST_AGENT_ROWS = 6


class AgentsSidebar(QFrame):
    """Two lists.

    Signals:
        new_requested, servers_requested: a button was clicked.
        agent_chosen: the `AgentId` of the row that was chosen.
        run_chosen: the `RunId` of the row that was chosen.
        task_requested: a new task for the chosen agent is wanted.
    """

    new_requested = Signal()
    servers_requested = Signal()
    agent_chosen = Signal(object)
    run_chosen = Signal(object)
    task_requested = Signal()

    def __init__(self, theme: ThemeKeeper, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("side")
        self._theme = theme
        self.agents = AgentItems()
        self.runs = RunItems(lambda: datetime.now().astimezone())
        self.agent_list = _List(self.agents, "Agents", theme, icons)
        self.agent_list.chosen.connect(self._on_agent_chosen)
        self.run_list = _List(self.runs, "Runs", theme, icons)
        self.run_list.chosen.connect(self._on_run_chosen)
        new = IconButton(icons.icon("ph.plus"), "New agent")
        new.clicked.connect(self.new_requested)
        servers = IconButton(icons.icon("ph.hard-drives"), "Tool servers")
        servers.clicked.connect(self.servers_requested)
        header = QWidget()
        header.setObjectName("header")
        row(ElidedLabel("Agents", "h2"), None, servers, new, margins=(16, 0, 10, 0), into=header)
        self.task_button = Button("New task", "small", icons.icon("ph.plus"))
        self.task_button.clicked.connect(self.task_requested)
        runs_title = row(Label("Runs", "overline"), None, self.task_button, margins=(8, 6, 2, 0))
        runs_title.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._no_runs = Label("None yet.", "caption")
        self._no_runs.setContentsMargins(8, 4, 0, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 0, 8, 8)
        layout.setSpacing(2)
        for part in (header, self.agent_list, runs_title, self._no_runs):
            layout.addWidget(part)
        layout.addWidget(self.run_list, 1)
        layout.addStretch()
        theme.changed.connect(self._fit)

    def show_agents(self, agents: Sequence[Agent], chosen: AgentId | None) -> None:
        """Show these, and which is chosen."""
        self.agents.set_rows(agents)
        self.agent_list.choose(self.agents.index_of(chosen))
        self._fit()

    def show_runs(self, runs: Sequence[Run], chosen: RunId | None) -> None:
        """Show these, and which is shown; none while a task is written."""
        self.runs.set_rows(runs)
        self.run_list.choose(self.runs.index_of(chosen))
        self._no_runs.setVisible(not runs)
        self.run_list.setVisible(bool(runs))

    def show_live(self, live: Sequence[LiveRun]) -> None:
        """Say which agents and runs go on, and which wait for the person."""
        self.agents.set_live({each.agent.id: each.asked is not None for each in live})
        waiting = (each.run_id for each in live if each.asked is not None)
        self.runs.set_waiting(frozenset(each for each in waiting if each is not None))

    def choose_run(self, run_id: RunId | None) -> None:
        """Mark the run that is shown."""
        self.run_list.choose(self.runs.index_of(run_id))

    def _fit(self) -> None:
        rows = min(max(self.agents.rowCount(), 1), _MOST_AGENT_ROWS)
        height = self.agent_list.sizeHintForRow(0) if self.agents.rowCount() else 0
        self.agent_list.setFixedHeight(rows * max(height, self._theme.px(50)) + 8)

    def _on_agent_chosen(self, index: QModelIndex) -> None:
        if (agent := self.agents.row(index)) is not None:
            self.agent_chosen.emit(agent.id)

    def _on_run_chosen(self, index: QModelIndex) -> None:
        if (run := self.runs.row(index)) is not None:
            self.run_chosen.emit(run.id)


class _List(QListView):
    """Tells what a person chose, and nothing of what the program chose.

    Signals:
        chosen: the index of a row.
    """

    chosen = Signal(QModelIndex)

    def __init__(
        self, items: QAbstractListModel, name: str, theme: ThemeKeeper, icons: Icons
    ) -> None:
        super().__init__()
        self.setObjectName("agentlist")
        self.setAccessibleName(name)
        self.setModel(items)
        self.setItemDelegate(RowDelegate(theme, icons, self))
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.clicked.connect(self.chosen)

    def choose(self, index: QModelIndex) -> None:
        """Mark a row; an invalid index marks none."""
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.selectionModel().setCurrentIndex(index, flags)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        before = self.currentIndex()
        super().keyPressEvent(event)
        if self.currentIndex() != before and self.currentIndex().isValid():
            self.chosen.emit(self.currentIndex())
