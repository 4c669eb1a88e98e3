"""Qt item models of the sidebar: the agents, and the runs of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from app.agents.entities import Agent, AgentId, Policy
from app.agents.trace import Run, RunId, RunState
from app.ui.agents.row_delegate import LOOK, RowLook
from app.ui.agents.words import RUN_WORDS, WAITS, one_line
from app.ui.amounts import count_text, day_text

Index = QModelIndex | QPersistentModelIndex
ROOT: Final = QModelIndex()
T = TypeVar("T")


class RowItems(QAbstractListModel, Generic[T]):
    """Entities with ids, each with a look; a row keeps its place while ids stay the same."""

    def __init__(self, look: Callable[[T], RowLook]) -> None:
        super().__init__()
        self._look = look
        self._rows: tuple[Any, ...] = ()

    def set_rows(self, rows: Sequence[T]) -> None:
        """Show these."""
        if [each.id for each in self._rows] == [each.id for each in rows]:  # type: ignore[attr-defined]
            self._rows = tuple(rows)
            self.refresh()
            return
        self.beginResetModel()
        self._rows = tuple(rows)
        self.endResetModel()

    def refresh(self) -> None:
        """Draw all rows anew."""
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    @property
    def rows(self) -> tuple[T, ...]:
        """What is shown."""
        return self._rows

    def row(self, index: Index) -> T | None:
        """The entity of a row."""
        return self._rows[index.row()] if index.isValid() else None

    def index_of(self, wanted: object) -> QModelIndex:
        """The row with this id; an invalid index when it is not shown."""
        for at, each in enumerate(self._rows):
            if each.id == wanted:
                return self.index(at)
        return QModelIndex()

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        look = self._look(self._rows[index.row()])
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.ToolTipRole:
                return look.title
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{look.title}, {look.detail}"
            case _ if role == LOOK:
                return look
        return None


class AgentItems(RowItems[Agent]):
    """The agents; one that works, or waits for the person, says so."""

    def __init__(self) -> None:
        super().__init__(self._look_of)
        self._live: Mapping[AgentId, bool] = {}

    def set_live(self, live: Mapping[AgentId, bool]) -> None:
        """Which agents work; True for those that wait for the person."""
        self._live = dict(live)
        self.refresh()

    def _look_of(self, agent: Agent) -> RowLook:
        waits = self._live.get(agent.id)
        if waits:
            return RowLook(agent.name, WAITS.text, WAITS.icon, "warn")
        if waits is not None:
            return RowLook(agent.name, "Working…", "ph.spinner-gap", "info")
        on = sum(each.policy is not Policy.OFF for each in agent.tools)
        return RowLook(agent.name, count_text(on, "tool") if on else "No tools", "ph.robot")


class RunItems(RowItems[Run]):
    """Runs, newest first."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(self._look_of)
        self._now = now
        self._waiting: frozenset[RunId] = frozenset()

    def set_waiting(self, waiting: frozenset[RunId]) -> None:
        """Which runs wait for the person."""
        self._waiting = waiting
        self.refresh()

    def _look_of(self, run: Run) -> RowLook:
        words = WAITS if run.id in self._waiting else RUN_WORDS[run.state]
        parts = [words.text, day_text(run.started_at, self._now())]
        if run.state is not RunState.RUNNING:
            parts.append(count_text(run.spent.steps, "step"))
        return RowLook(one_line(run.task), " · ".join(parts), words.icon, words.color)
