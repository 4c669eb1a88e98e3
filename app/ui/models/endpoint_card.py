"""One model on a server: what and where it is, what state it is in, what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from app.ui.icons import Icons
from app.ui.models.capability_tags import CapabilityTags
from app.ui.models.endpoint_board import EndpointCardState, ServerStatus
from app.ui.models.words import endpoint_text, served_text
from app.ui.theme import set_look
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.info_bar import Bars, InfoBar
from app.ui.widgets.labels import ElidedLabel, IconLabel, Label, Tag
from app.ui.widgets.layout import Card
from app.ui.widgets.progress import ProgressBar

_BUSY_WORDS = {
    ServerStatus.CONNECTING: "Connecting…",
    ServerStatus.TESTING: "Asking the server…",
    ServerStatus.CANCELLING: "Cancelling…",
    ServerStatus.DISCONNECTING: "Disconnecting…",
}


class EndpointCard(Card):
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
        super().__init__(parent, margins=(16, 14, 12, 14))
        self._icons = icons
        self._state = state
        self._id = int(state.endpoint.id)
        self.name = ElidedLabel("", "h2")
        self.server = Tag("Server", "info")
        self.in_use = Tag("In use", "ok")
        self.facts = ElidedLabel("", "caption")
        self.now = Label("", "caption", wrap=True)
        self.progress = ProgressBar("Asking the server")
        self.button = Button("Use", "primary")
        self.more = IconButton(icons.icon("ph.dots-three-bold", "text"), "More")
        self._bars = Bars()
        self._bar_shown: tuple[str, str, bool] | None = None
        self._lay_out()
        self.button.clicked.connect(self._on_clicked)
        self.more.clicked.connect(self._on_more_clicked)
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

    def make_menu(self) -> QMenu:
        """The More menu."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for icon, text, signal in (
            ("ph.heartbeat", "Test connection", self.test_requested),
            ("ph.pencil-simple", "Change…", self.change_requested),
            ("ph.trash", "Remove…", self.removal_requested),
        ):
            action = menu.addAction(self._icons.icon(icon), text)
            action.triggered.connect(lambda _checked=False, signal=signal: signal.emit(self._id))
            action.setEnabled(self._state.status not in _BUSY_WORDS)
        return menu

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(IconLabel(self._icons.icon("ph.hard-drives", "accent_text"), 22))
        line.addSpacing(2)
        for part in (self.name, self.server, self.in_use):
            line.addWidget(part)
        self.capabilities = CapabilityTags(line)
        line.addStretch(1)
        line.addWidget(self.button)
        line.addWidget(self.more)
        below = QVBoxLayout()
        below.setContentsMargins(32, 0, 4, 0)
        below.setSpacing(4)
        below.addWidget(self.facts)
        below.addWidget(self.now)
        self._extra = QVBoxLayout()
        self._extra.setContentsMargins(0, 4, 4, 0)
        self._extra.setSpacing(6)
        self._extra.addWidget(self.progress)
        self._extra.addWidget(self._bars)
        self.body.setSpacing(4)
        self.body.addLayout(line)
        self.body.addLayout(below)
        self.body.addLayout(self._extra)

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
        self._bars.clear()
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
        self._bars.add(bar)

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

    def _on_more_clicked(self) -> None:
        menu = self.make_menu()
        corner = QPoint(self.more.width() - menu.sizeHint().width(), self.more.height() + 4)
        menu.popup(self.more.mapToGlobal(corner))
