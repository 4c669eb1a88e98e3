"""The widgets of the agents pane and how they share the room; they know no service."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.ui.agents.editor import AgentEditor
from app.ui.agents.run_page import RunPage
from app.ui.agents.sidebar import NARROW_WIDTH, WIDTH, AgentsSidebar
from app.ui.pane import PaneContext
from app.ui.theme import set_look
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.labels import ElidedLabel
from app.ui.widgets.layout import row
from app.ui.widgets.list_and_pages import ListAndPages

RUN, SETUP = "run", "setup"
_TITLES = {RUN: "Run", SETUP: "Set up"}
_WHAT_FOR = (
    "An agent works on a task step by step with tools that you choose. You see every step, and it "
    "asks you before it changes anything. Everything stays on this computer."
)


class AgentsView(ListAndPages):
    """The lists at the left; at the right the chosen agent, or a page over all of it.

    Signals:
        new_requested: a person wants an agent.
        page_chosen: RUN or SETUP was chosen.
    """

    new_requested = Signal()
    page_chosen = Signal(str)

    def __init__(self, context: PaneContext, icon: str, parent: QWidget | None = None) -> None:
        icons = context.icons
        sidebar = AgentsSidebar(context.theme, icons)
        super().__init__(
            context.theme, sidebar, width=WIDTH, narrow_width=NARROW_WIDTH, parent=parent
        )
        self.sidebar = sidebar
        self.sidebar.new_requested.connect(self.new_requested)
        self.run_page = RunPage(context)
        self.editor = AgentEditor(context)
        new = Choice("New agent", self.new_requested.emit, icons.icon("ph.plus", "on_accent"))
        self.empty = EmptyState(
            icons.icon(icon, "accent_text"), "No agents yet", _WHAT_FOR, primary=new
        )
        self._agent = self._build_agent()
        self.add(self.empty, self._agent)

    @property
    def regions(self) -> tuple[QWidget, ...]:
        """The parts that can be seen, for the keyboard."""
        parts = (self.sidebar, self.header, self.editor, self.empty)
        seen = tuple(part for part in parts if part.isVisible())
        return (*seen, *self.run_page.regions) if self.run_page.isVisible() else seen

    @property
    def page(self) -> str:
        """RUN or SETUP."""
        return SETUP if self._views.currentWidget() is self.editor else RUN

    def show_page(self, page: str) -> None:
        """Show the chosen agent at work, or how it is set up."""
        self._views.setCurrentWidget(self.editor if page == SETUP else self.run_page)
        self._switch[page].setChecked(True)

    def show_agent(self, name: str) -> None:
        """Say which agent is chosen."""
        self._name.set_text(name)
        self.show_beside(self._agent)

    def show_saving(self, words: str, *, is_trouble: bool = False) -> None:
        """Say quietly whether what was changed is kept."""
        self._state.set_text(words)
        set_look(self._state, "role", "danger" if is_trouble else "caption")

    def show_empty(self) -> None:
        """Show what to do when there is no agent at all."""
        self.show_beside(self.empty)

    def back_from(self, page: QWidget, *, has_agents: bool) -> None:
        """Show the agent again instead of another page."""
        if self.shown is page:
            self.show_beside(self._agent if has_agents else self.empty)

    def _build_agent(self) -> QWidget:
        agent = QWidget()
        self._views = QStackedWidget()
        self._views.addWidget(self.run_page)
        self._views.addWidget(self.editor)
        self.header = self._build_header()
        layout = QVBoxLayout(agent)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self._views, 1)
        return agent

    def _build_header(self) -> QWidget:
        header = QWidget()
        header.setObjectName("header")
        self._name = ElidedLabel("", "h2")
        self._name.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._state = ElidedLabel("", "caption")
        self._switch = {page: Button(title, "segment") for page, title in _TITLES.items()}
        self._group = QButtonGroup(self)
        for page, button in self._switch.items():
            button.setCheckable(True)
            self._group.addButton(button)
            button.clicked.connect(lambda _checked=False, page=page: self.page_chosen.emit(page))
        segments = QFrame()
        segments.setObjectName("segments")
        segments.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row(*self._switch.values(), margins=(2, 2, 2, 2), spacing=2, into=segments)
        row(self._name, None, self._state, segments, margins=(24, 0, 16, 0), into=header)
        self._switch[RUN].setChecked(True)
        return header
