"""The page of tool servers (MCP): what they are, which there are, and how each of them is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.agents.mcp.entities import ServerView
from app.base.errors import AppError
from app.ui.agents.servers.actions import ServerActions
from app.ui.agents.servers.card import ServerCard
from app.ui.agents.servers.cards import ServerCards
from app.ui.agents.servers.removal import ServerRemoval
from app.ui.agents.servers.starting import ServerStarting
from app.ui.agents.servers.words import one_line, plain
from app.ui.pane import PaneContext
from app.ui.reveal import show_in_folder
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.info_bar import Bars, InfoBar, announce
from app.ui.widgets.labels import ElidedLabel, Label
from app.ui.widgets.layout import NONE, ScrollPage

if TYPE_CHECKING:
    from app.bootstrap import Services

_LOG_EVERY_MS: Final = 1000  # while somebody reads what a server prints
_ABOUT: Final = (
    "A server lends tools to your agents. It is a program that runs on this computer with your "
    "rights, or an address that Cairn connects to, and can do whatever those allow: add only "
    "what you trust."
)


class ServersPage(QWidget):
    """Lists the servers of mcp.json and follows what becomes of them.

    Signals:
        closed: the person wants to go back.
    """

    closed = Signal()

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._services: Services | None = None
        self._is_reading = self._is_stale = False
        self._busy: dict[str, str] = {}
        self._ended: set[str] = set()
        self._to_show = ""  # the name of a server that was just added
        self.back = IconButton(context.icons.icon("ph.arrow-left"), "Back to the agents")
        self.back.clicked.connect(self.closed)
        self.add_button = Button("Add a server…", icon=context.icons.icon("ph.plus"))
        self.add_button.setEnabled(False)
        self.cards = ServerCards(context)
        self.cards.made.connect(self._connect_card)
        self._file_bars = Bars(margins=(24, 0, 24, 8))
        self._undo_bars = Bars(margins=(24, 0, 24, 8))
        self._page = ScrollPage("Servers", margins=(24, 4, 24, 24))
        self._empty = EmptyState(
            context.icons.icon("ph.puzzle-piece", "accent_text"),
            "No servers yet",
            f"{_ABOUT} They speak MCP, the Model Context Protocol.",
            primary=Choice(
                "Add a server…", self._on_add_clicked, context.icons.icon("ph.plus", "on_accent")
            ),
            caption="Before one runs, you see exactly what would be started.",
        )
        self._blank = QWidget()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOG_EVERY_MS)
        self._timer.timeout.connect(self.agents_changed)
        self._lay_out()

    @property
    def is_reading(self) -> bool:
        """Whether the list is being read, for the first time or again."""
        return self._is_reading

    def attach(self, services: Services) -> None:
        """The services are there: read the list."""
        self._services = services
        servers = services.tool_servers
        self.doing = ServerActions(self._context, servers, self)
        self.starting = ServerStarting(self._context, servers, self)
        self.removal = ServerRemoval(self._context.jobs, servers, self)
        self.add_button.setEnabled(True)
        self.add_button.clicked.connect(self._on_add_clicked)
        self.doing.began.connect(self._on_began)
        self.doing.added.connect(self._on_added)
        self.starting.began.connect(lambda name: self._on_began(name, "Starting…"))
        for each in (self.doing, self.starting):
            each.ended.connect(self._on_ended)
            each.failed.connect(self._on_failed)
        self.removal.hidden.connect(self._on_removed)
        self.removal.restored.connect(self._on_ended)
        self.removal.failed.connect(self._on_failed)
        self.agents_changed()

    def agents_changed(self) -> None:
        """Something about servers or agents changed: read the list again, now or when shown."""
        if self._services is None or not self.isVisible():
            return
        if self._is_reading:
            self._is_stale = True
            return
        self._is_reading, self._is_stale = True, False
        ended, self._ended = self._ended, set()
        self._context.jobs.submit(
            self._services.tool_servers.servers,
            owner=self,
            done=partial(self._on_read, ended),
            failed=partial(self._on_not_read, ended),
        )

    def close_down(self) -> None:
        """The window closes: what was removed is removed for good."""
        if self._services is not None:
            self.removal.settle()

    def _lay_out(self) -> None:
        header = QWidget()
        header.setObjectName("header")
        line = QHBoxLayout(header)
        line.setContentsMargins(16, 0, 16, 0)
        line.setSpacing(8)
        line.addWidget(self.back)
        line.addWidget(ElidedLabel("Tool servers (MCP)", "h2"), 1)
        line.addWidget(self.add_button)
        self._page.body.addWidget(Label(_ABOUT, "body2", wrap=True))
        self._page.body.addWidget(self.cards)
        self._page.body.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*NONE)
        layout.setSpacing(0)
        layout.addWidget(header)
        layout.addWidget(self._file_bars)
        layout.addWidget(self._undo_bars)
        layout.addWidget(self._page, 1)
        layout.addWidget(self._empty, 1)
        layout.addWidget(self._blank, 1)
        self._show_only(self._blank)

    def _show_only(self, shown: QWidget) -> None:
        for each in (self._page, self._empty, self._blank):
            each.setVisible(each is shown)

    def _connect_card(self, card: ServerCard) -> None:
        card.start_requested.connect(self.starting.start)
        card.terms_requested.connect(self.starting.show_terms)
        card.stop_requested.connect(self.doing.stop)
        card.switched.connect(self.doing.switch)
        card.tool_set.connect(self.doing.set_tool)
        card.review_requested.connect(self.doing.review)
        card.change_requested.connect(self.doing.change)
        card.file_requested.connect(self._show_file)
        card.removal_requested.connect(lambda _name: self._remove(card.view))
        card.log_unfolded.connect(self.agents_changed)

    def _on_read(self, ended: set[str], views: Sequence[ServerView]) -> None:
        for name in ended:
            self._busy.pop(name, None)
        self._file_bars.clear()
        shown = [each for each in views if each.name not in self.removal.gone]
        self.cards.show_views(shown, self._busy)
        self._show_only(self._page if shown else self._empty)
        is_read = any(card.reads_log for card in self.cards.shown)
        self._timer.start() if is_read and self.isVisible() else self._timer.stop()
        self._show_added()
        self._end_reading()

    def _on_not_read(self, ended: set[str], error: AppError) -> None:
        self._ended |= ended
        self._show_only(self._blank)
        self._file_bars.show_only(
            InfoBar(
                self._context.icons,
                plain(error.message),
                Severity.DANGER,
                hint=f"{plain(error.hint)} No server can be used until then.".strip(),
                choice=Choice("Show in folder", self._show_file),
                closable=False,
            ),
        )
        self._end_reading()

    def _end_reading(self) -> None:
        self._is_reading = False
        if self._is_stale:
            self.agents_changed()

    def _on_began(self, name: str, words: str) -> None:
        self._busy[name] = words
        self._ended.discard(name)
        self.cards.show_busy(name, words)

    def _on_ended(self, name: str) -> None:
        self._ended.add(name)
        self.agents_changed()

    def _on_failed(self, name: str, error: AppError) -> None:
        self._ended.add(name)
        card = self.cards.card(name)
        if card is not None:
            card.show_problem(error)
        else:
            self._context.notify.problem(error)
        self.agents_changed()

    def _on_add_clicked(self) -> None:
        if self._services is not None:
            self.doing.add()

    def _on_added(self, names: tuple[str, ...]) -> None:
        self._to_show = names[0] if names else ""
        self.agents_changed()

    def _show_added(self) -> None:
        card = self.cards.card(self._to_show)
        if card is None:
            return
        self._to_show = ""
        card.button.setFocus()
        # The new card has its place only after the layout.
        QTimer.singleShot(0, card, lambda: self._page.ensureWidgetVisible(card))

    def _remove(self, view: ServerView) -> None:
        self._on_began(view.name, "Removing…")
        self.removal.remove(view)

    def _on_removed(self, name: str) -> None:
        words = f"“{one_line(name)}” is switched off, and removed once you leave this page."
        bar = InfoBar(
            self._context.icons, words, Severity.INFO, choice=Choice("Undo", self._undo_removal)
        )
        bar.closed.connect(partial(self.removal.settle, name))
        self._undo_bars.show_only(bar)
        announce(self, words)
        self._on_ended(name)

    def _undo_removal(self) -> None:
        self.removal.undo()
        self._undo_bars.clear()

    def _show_file(self, _name: str = "") -> None:
        if self._services is None:
            return
        try:
            show_in_folder(self._services.paths.mcp)
        except AppError as error:
            self._context.notify.problem(error)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.agents_changed()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()
        if not event.spontaneous():
            self._undo_bars.clear()
            self.close_down()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.WindowActivate:
            self.agents_changed()  # the file may have been mended in an editor
        return super().event(event)
