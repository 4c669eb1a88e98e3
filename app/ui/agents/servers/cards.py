"""The cards of all servers, changed in place so that neither the focus nor the place is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.agents.mcp.entities import ServerView
from app.ui.agents.servers.card import ServerCard
from app.ui.pane import PaneContext
from app.ui.widgets.layout import NONE


class ServerCards(QWidget):
    """Cards below each other, in the order of the file.

    Signals:
        made: a new ServerCard, to be connected.
    """

    made = Signal(object)

    def __init__(self, context: PaneContext) -> None:
        super().__init__()
        self._context = context
        self._cards: dict[str, ServerCard] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(*NONE)
        self._layout.setSpacing(12)

    def card(self, name: str) -> ServerCard | None:
        """The card of a server."""
        return self._cards.get(name)

    @property
    def shown(self) -> tuple[ServerCard, ...]:
        """All cards."""
        return tuple(self._cards.values())

    def show_views(self, views: Sequence[ServerView], busy: Mapping[str, str]) -> None:
        """Show these servers; `busy` says what is being done to some of them."""
        for gone in self._cards.keys() - {each.name for each in views}:
            card = self._cards.pop(gone)
            card.hide()
            card.deleteLater()
        for at, view in enumerate(views):
            card = self._cards.get(view.name) or self._make(view)
            card.show_view(view, busy.get(view.name, ""))
            if self._layout.indexOf(card) != at:
                self._layout.insertWidget(at, card)

    def show_busy(self, name: str, words: str) -> None:
        """Say what is being done to one of them."""
        card = self._cards.get(name)
        if card is not None:
            card.show_view(card.view, words)

    def _make(self, view: ServerView) -> ServerCard:
        card = ServerCard(self._context.icons, self._context.theme, view, self)
        self._cards[view.name] = card
        self.made.emit(card)
        return card
