"""One model on a server: what and where it is, what state it is in, what can be done with it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.ui.icons import Icons
from app.ui.models.capability_tags import CapabilityTags
from app.ui.models.endpoint_board import EndpointCardState, ServerStatus
from app.ui.models.words import endpoint_text, served_text
from app.ui.theme import set_look
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.info_bar import InfoBar
from app.ui.widgets.labels import ElidedLabel, Label, Tag
from app.ui.widgets.menus import Entry
from app.ui.widgets.progress import ProgressBar
from app.ui.widgets.title_card import TitleCard

_BUSY_WORDS = {
    ServerStatus.CONNECTING: "Connecting…",
    ServerStatus.TESTING: "Asking the server…",
    ServerStatus.CANCELLING: "Cancelling…",
    ServerStatus.DISCONNECTING: "Disconnecting…",
}


class EndpointCard(TitleCard):
    """Shows an EndpointCardState. All signals carry the endpoint's id.

    Signals:
        use_requested, disconnect_requested, cancel_requested, change_requested, test_requested,
        removal_requested: what the buttons and the menu offer.
        problem_read: the problem was dismissed.
    """

    use_requested = Signal(int)
    disconnect_requested = Signal(int)
    cancel_requested = Signal(int)
    change_requested = Signal(int)
    test_requested = Signal(int)
    removal_requested = Signal(int)
    problem_read = Signal(int)

    def __init__(
        self, icons: Icons, state: EndpointCardState, parent: QWidget | None = None
    ) -> None:
        super().__init__(icons, "ph.hard-drives", ElidedLabel("", "h2"), parent)
        self.server = Tag("Server", "info")
        self.in_use = Tag("In use", "ok")
        self.button = Button("Use", "primary")
        self.add_tags(self.server, self.in_use)
        self.add_controls(self.button)
        self._state = state
        self._id = int(state.endpoint.id)
        self._bar_shown: tuple[str, str, bool] | None = None
        self.capabilities = CapabilityTags(self.line, self.tags_end)
        self.facts = ElidedLabel("", "caption")
        self.now = Label("", "caption", wrap=True)
        self.progress = ProgressBar("Asking the server")
        self.below.addWidget(self.facts)
        self.below.addWidget(self.now)
        self.under.insertWidget(0, self.progress)
        self.button.clicked.connect(self._on_clicked)
        self._show()

    @property
    def state(self) -> EndpointCardState:
        """What is shown."""
        return self._state

    def show_state(self, state: EndpointCardState) -> None:
        """Show another state of the same connection."""
        if state != self._state:
            self._state = state
            self._show()

    def offered(self) -> tuple[Entry, ...]:
        is_resting = self._state.status not in _BUSY_WORDS
        entries = (
            ("ph.heartbeat", "Test connection", self.test_requested),
            ("ph.pencil-simple", "Change…", self.change_requested),
            ("ph.trash", "Remove…", self.removal_requested),
        )
        return tuple(
            Entry(icon, words, partial(signal.emit, self._id), is_resting)
            for icon, words, signal in entries
        )

    def _show(self) -> None:
        state = self._state
        name, served = state.endpoint.name, state.served
        self.name.set_text(name)
        self.facts.set_text(endpoint_text(state.endpoint))
        self.more.setAccessibleName(f"More about {name}")
        self.in_use.setVisible(state.status is ServerStatus.IN_USE)
        self.capabilities.show_facts(served.facts if served is not None else None)
        busy = _BUSY_WORDS.get(state.status, "")
        self.now.setText(busy or (served_text(served) if served is not None else ""))
        self.now.setVisible(bool(self.now.text()))
        self.progress.setVisible(bool(busy))
        self.progress.setAccessibleName(f"{busy} {name}")
        self.progress.show_progress(0, 0)
        self._show_button()
        self._show_problem()

    def _show_button(self) -> None:
        state = self._state
        text, kind = {
            ServerStatus.IDLE: ("Use", "primary"),
            ServerStatus.IN_USE: ("Disconnect", ""),
            ServerStatus.DISCONNECTING: ("Disconnect", ""),
        }.get(state.status, ("Cancel", ""))
        self.button.setText(text)
        self.button.setAccessibleName(f"{text} {state.endpoint.name}")
        set_look(self.button, "kind", kind)
        is_resting = state.status not in _BUSY_WORDS
        held = is_resting and not state.may_use
        self.button.setEnabled(state.status.can_be_cancelled or (is_resting and not held))
        self.button.setToolTip("Another model is being put in use." if held else "")

    def _show_problem(self) -> None:
        state, problem = self._state, self._state.problem
        shown = (problem.message, problem.hint, state.was_test) if problem is not None else None
        if shown == self._bar_shown:
            return
        self.bars.clear()
        self._bar_shown = shown
        if problem is None:
            return
        signal = self.test_requested if state.was_test else self.use_requested
        bar = InfoBar(
            self._icons,
            problem.message,
            Severity.DANGER,
            hint=problem.hint,
            choice=Choice("Try again", lambda: signal.emit(self._id)),
        )
        bar.closed.connect(self._on_problem_closed)
        self.bars.add(bar)

    def _on_problem_closed(self) -> None:
        self._bar_shown = None
        self.problem_read.emit(self._id)

    def _on_clicked(self) -> None:
        signal = {
            ServerStatus.IDLE: self.use_requested,
            ServerStatus.CONNECTING: self.cancel_requested,
            ServerStatus.TESTING: self.cancel_requested,
            ServerStatus.IN_USE: self.disconnect_requested,
        }.get(self._state.status)
        if signal is not None:
            signal.emit(self._id)
