"""What an agent shows before it has a task: what it may do, and an example."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.agents.entities import Agent, Policy
from app.agents.templates import template_named
from app.ui.agents.reading import FOLDER_TOOLS
from app.ui.amounts import count_text
from app.ui.pane import PaneContext
from app.ui.widgets.choice import Choice
from app.ui.widgets.empty_state import EmptyState

_DROP = "Drop a folder here to let the agent read or change what is in it"


@dataclass(frozen=True, slots=True)
class Start:
    """What is said of an agent.

    Attributes:
        takes_folder: it has tools for files.
        needs_folder: none of them can work yet.
        example: of a task; empty if there is none.
    """

    title: str
    text: str
    takes_folder: bool = False
    needs_folder: bool = False
    example: str = ""


class StartPage(QWidget):
    """Made anew for each agent.

    Signals:
        example_chosen: the example is to be the task.
        folder_requested: a folder is to be granted.
    """

    example_chosen = Signal(str)
    folder_requested = Signal()

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._shown: Start | None = None
        self._state: EmptyState | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    def show_start(self, start: Start) -> None:
        """Show this."""
        if start == self._shown:
            return
        self._shown = start
        if self._state is not None:
            self._state.hide()
            self._state.deleteLater()
        icon = self._context.icons.icon
        folder = Choice(
            "Add a folder…", self.folder_requested.emit, icon("ph.folder-plus", "on_accent")
        )
        example = Choice(f"“{start.example}”", lambda: self.example_chosen.emit(start.example))
        self._state = EmptyState(
            icon("ph.robot", "accent_text"),
            start.title,
            start.text,
            primary=folder if start.needs_folder else None,
            secondary=example if start.example else None,
            caption=_DROP if start.takes_folder else "",
        )
        self._layout.addWidget(self._state)


def start_of(agent: Agent) -> Start:
    """What is said of an agent."""
    on = [each for each in agent.tools if each.policy is not Policy.OFF]
    free = sum(each.policy is Policy.ALLOW for each in on)
    template = template_named(agent.name)
    takes = any(each.name in FOLDER_TOOLS for each in on)
    needs = takes and not agent.folders
    words = "It has no tools yet: it can only answer. Give it some under Set up."
    if on:
        words = _freedom(free, len(on) - free)
    if needs:
        words += " It has no folder to work in yet."
    if template is not None:
        words = f"{template.description} {words}"
    return Start(agent.name, words, takes, needs, template.example if template else "")


def _freedom(free: int, asked: int) -> str:
    if not free:
        return "It asks you before it uses a tool."
    words = f"It may use {count_text(free, 'tool')} by itself"
    others = count_text(asked, "other")
    return f"{words}, and asks you before it uses {others}." if asked else f"{words}."
