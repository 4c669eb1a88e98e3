"""One tool server: what and where it is, what state it is in, its tools, what it printed."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.agents.mcp.entities import ServerView, Transport
from app.base.errors import AppError
from app.ui.agents.servers.lines import LinesBox, PlainElided
from app.ui.agents.servers.tool_list import ToolList
from app.ui.agents.servers.words import State, is_alive, one_line, plain, state_of, tools_text
from app.ui.icons import Icons
from app.ui.theme import ThemeKeeper, set_look
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Severity
from app.ui.widgets.fold import FoldButton
from app.ui.widgets.info_bar import InfoBar, announce
from app.ui.widgets.labels import Label, Tag
from app.ui.widgets.menus import Entry
from app.ui.widgets.switch import Switch
from app.ui.widgets.title_card import TitleCard


class ServerCard(TitleCard):
    """Shows a ServerView. All signals carry the server's name first.

    Signals:
        start_requested, stop_requested, terms_requested, change_requested, file_requested,
            removal_requested: what the buttons and the menu offer.
        switched: on or off.
        tool_set, review_requested: as a ToolRow says.
        log_unfolded: somebody reads, or no longer reads, what it prints.
    """

    start_requested = Signal(str)
    stop_requested = Signal(str)
    terms_requested = Signal(str)
    change_requested = Signal(str)
    file_requested = Signal(str)
    removal_requested = Signal(str)
    switched = Signal(str, bool)
    tool_set = Signal(str, str, bool, object)
    review_requested = Signal(str, str)
    log_unfolded = Signal()

    def __init__(
        self, icons: Icons, theme: ThemeKeeper, view: ServerView, parent: QWidget | None = None
    ) -> None:
        name = one_line(view.name)
        super().__init__(icons, "ph.terminal-window", PlainElided(name, "h2"), parent)
        self.state = Tag("")
        self.button = Button("Start")
        self.switch = Switch(theme, f"Server {name}")
        self.add_tags(self.state)
        self.add_controls(self.button, self.switch)
        self.more.setAccessibleName(f"More about {name}")
        self._view = view
        self._name = view.name
        self._busy = ""
        self.launch = PlainElided("", "caption", mode=Qt.TextElideMode.ElideMiddle)
        self.problem = Label("", "danger", wrap=True)
        self.tools_fold = FoldButton("", icons)
        self.tools = ToolList(icons, theme)
        self.log_fold = FoldButton("What it printed last", icons)
        self.log = LinesBox(theme, f"What {name} printed last", most=10)
        self._lay_out()
        self._connect()
        self._show()

    @property
    def view(self) -> ServerView:
        """What is shown."""
        return self._view

    @property
    def reads_log(self) -> bool:
        """Whether the log of a running server is unfolded."""
        return self.log_fold.is_open and is_alive(self._view)

    def show_view(self, view: ServerView, busy: str = "") -> None:
        """Show another state of the same server; `busy` is what is being done to it, in words."""
        if (view, busy) == (self._view, self._busy):
            return
        before = self._state().words
        self._view, self._busy = view, busy
        self._show()
        if (now := self._state().words) != before:
            announce(self, f"{one_line(self._name)}: {now}")

    def show_problem(self, error: AppError) -> None:
        """Say why what was asked for could not be done; the switches go back to what holds."""
        self._show()
        self.bars.show_only(
            InfoBar(self._icons, plain(error.message), Severity.DANGER, hint=plain(error.hint))
        )
        announce(self, str(error))

    def drop_problem(self) -> None:
        """Take the bar away: it is history."""
        self.bars.clear()

    def offered(self) -> tuple[Entry, ...]:
        is_program = self._view.transport is Transport.STDIO
        entries = (
            ("ph.eye", "What it runs…" if is_program else "Where it is…", self.terms_requested),
            ("ph.pencil-simple", "Change…", self.change_requested),
            ("ph.folder-open", "Show mcp.json in folder", self.file_requested),
            ("ph.trash", "Remove", self.removal_requested),
        )
        return tuple(
            Entry(icon, words, partial(signal.emit, self._name)) for icon, words, signal in entries
        )

    def _lay_out(self) -> None:
        folds = QHBoxLayout()
        folds.setContentsMargins(0, 0, 0, 0)
        folds.addWidget(self.tools_fold)
        folds.addWidget(self.log_fold)
        folds.addStretch(1)
        self.below.addWidget(self.launch)
        self.below.addWidget(self.problem)
        self.below.addLayout(folds)
        self.below.addWidget(self.log)
        self.below.addWidget(self.tools)
        self.log.hide()
        self.tools.hide()

    def _connect(self) -> None:
        name = self._name
        self.button.clicked.connect(self._on_button_clicked)
        self.switch.clicked.connect(self._on_switch_clicked)
        self.tools_fold.unfolded.connect(self._show)
        self.log_fold.unfolded.connect(self._on_log_unfolded)
        self.tools.set_requested.connect(lambda *args: self.tool_set.emit(name, *args))
        self.tools.review_requested.connect(lambda tool: self.review_requested.emit(name, tool))

    def _state(self) -> State:
        return State(self._busy, "info") if self._busy else state_of(self._view)

    def _show(self) -> None:
        view, state, is_off = self._view, self._state(), self._view.is_disabled
        picture = "ph.globe" if view.transport is Transport.HTTP else "ph.terminal-window"
        self.picture.set_icon(self._icons.icon(picture, "accent_text"))
        self.state.setText(state.words)
        set_look(self.state, "sev", state.sev)
        self.launch.set_text(view.launch)
        self.launch.setVisible(bool(view.launch))
        self.problem.setText(plain(view.problem))
        self.problem.setVisible(bool(view.problem) and not is_off)
        text = "Stop" if is_alive(view) else "Start" if view.is_agreed else "Start…"
        self.button.setText(text)
        self.button.setAccessibleName(f"{text.rstrip('…')} {one_line(view.name)}")
        self.button.setEnabled(view.transport is not None)
        self.button.setVisible(not is_off)
        self.switch.setChecked(not is_off)
        self.switch.setEnabled(view.transport is not None)
        self.switch.setToolTip("Agents can use it" if not is_off else "No agent can use it")
        self.tools_fold.set_words(tools_text(view.tools))
        self.tools_fold.setVisible(bool(view.tools))
        self.tools.setVisible(bool(view.tools) and self.tools_fold.is_open)
        self.log_fold.setVisible(bool(view.log))
        self.log.setVisible(bool(view.log) and self.log_fold.is_open)
        if self.log_fold.is_open:
            self.log.show_lines(view.log)
        if self.tools_fold.is_open:
            self.tools.show_tools(view.tools)

    def _on_switch_clicked(self, is_on: bool) -> None:
        if self._busy:  # not disabled, as that would hand the focus on
            self.switch.setChecked(not is_on)
            return
        self.drop_problem()
        self.switched.emit(self._name, is_on)

    def _on_button_clicked(self) -> None:
        if self._busy:
            return
        self.drop_problem()
        signal = self.stop_requested if is_alive(self._view) else self.start_requested
        signal.emit(self._name)

    def _on_log_unfolded(self) -> None:
        self._show()
        self.log_unfolded.emit()
