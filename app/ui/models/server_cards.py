"""The part of the models pane that is about servers: their cards, and what these ask for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.modelhub.entities import Endpoint, EndpointId
from app.ui.models.connecting import ServerConnecting
from app.ui.models.endpoint_board import EndpointBoard, EndpointCardState
from app.ui.models.endpoint_card import EndpointCard
from app.ui.models.words import reached_text
from app.ui.pane import PaneContext
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.confirm import ConfirmSheet

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.modelhub.endpoints import RemoteModel
    from app.modelhub.in_use import ServedModel


class ServerCards(QObject):
    """Keeps a card for each endpoint. The pane puts them where they belong.

    Signals:
        moved: the board says something else now.
        ended: something ended; the services have news.
    """

    moved = Signal()
    ended = Signal()

    def __init__(self, context: PaneContext, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._parent = parent
        self._cards: dict[EndpointId, EndpointCard] = {}
        self._is_new = False  # what the sheet that was opened last is about
        self.board = EndpointBoard()

    def attach(self, services: Services) -> None:
        """The services are there."""
        # Here, because it needs what the services have loaded meanwhile, and that takes a second.
        from app.ui.models.endpoint_editing import EndpointEditing

        self._connecting = ServerConnecting(self._context.jobs, services, self.board, self)
        self._connecting.moved.connect(self.moved)
        self._connecting.ended.connect(self.ended)
        self._connecting.answered.connect(self._on_answered)
        self._editing = EndpointEditing(self._context, services.endpoints, self._parent)
        self._editing.saved.connect(self._on_saved)

    @property
    def in_use(self) -> ServedModel | None:
        """The model on a server that answers now."""
        return self.board.in_use

    def connect_new(self) -> None:
        """Ask for the address of a server."""
        self._is_new = True
        self._editing.open()

    def disconnect_server(self) -> None:
        """Ask the server in use no more."""
        self._connecting.disconnect_server()

    def show_cards(self) -> tuple[EndpointCard, ...]:
        """Bring the cards up to date, in the order of the board."""
        states = self.board.cards()
        for gone in self._cards.keys() - {state.endpoint.id for state in states}:
            self._cards.pop(gone).deleteLater()
        return tuple(self._card(state) for state in states)

    def _card(self, state: EndpointCardState) -> EndpointCard:
        card = self._cards.get(state.endpoint.id)
        if card is None:
            card = self._cards[state.endpoint.id] = self._make_card(state)
        card.show_state(state)
        return card

    def _make_card(self, state: EndpointCardState) -> EndpointCard:
        card = EndpointCard(self._context.icons, state)
        card.use_requested.connect(self._on_use_requested)
        card.test_requested.connect(self._on_test_requested)
        card.cancel_requested.connect(self._on_cancel_requested)
        card.disconnect_requested.connect(self.disconnect_server)
        card.change_requested.connect(self._on_change_requested)
        card.removal_requested.connect(self._on_removal_requested)
        card.problem_read.connect(self._on_problem_read)
        return card

    def _on_use_requested(self, endpoint_id: int) -> None:
        self._connecting.use(EndpointId(endpoint_id))

    def _on_test_requested(self, endpoint_id: int) -> None:
        self._connecting.test(EndpointId(endpoint_id))

    def _on_cancel_requested(self, endpoint_id: int) -> None:
        self._connecting.cancel(EndpointId(endpoint_id))

    def _on_change_requested(self, endpoint_id: int) -> None:
        endpoint = self.board.endpoint(endpoint_id)
        if endpoint is not None:
            self._is_new = False
            self._editing.open(endpoint)

    def _on_saved(self, endpoint: Endpoint) -> None:
        """A new connection is put in use; one in use goes on with what was changed."""
        served = self.in_use
        if self._is_new or (served is not None and served.endpoint.id == endpoint.id):
            self._connecting.use(endpoint.id)
        self.ended.emit()

    def _on_answered(self, endpoint_id: int, remote: RemoteModel) -> None:
        endpoint = self.board.endpoint(endpoint_id)
        if endpoint is not None:
            self._context.notify.toast(reached_text(endpoint.name, remote), Severity.OK)

    def _on_removal_requested(self, endpoint_id: int) -> None:
        endpoint = self.board.endpoint(endpoint_id)
        if endpoint is None:
            return
        sheet = ConfirmSheet(
            self._parent.window(),
            self._context.icons,
            "Remove this connection?",
            f"Cairn forgets the address and the key of “{endpoint.name}”. Nothing changes on the"
            " server.",
            Choice("Remove", partial(self._connecting.remove, endpoint.id)),
            is_dangerous=True,
        )
        sheet.open()

    def _on_problem_read(self, endpoint_id: int) -> None:
        self.board.forget_problem(EndpointId(endpoint_id))
