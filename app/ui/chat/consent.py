"""Asks a person, once for each server, before passages of their documents go to another computer.
Whether that is so is for `ServedModels` to say.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from app.ui.icons import Icons
from app.ui.widgets.choice import Choice
from app.ui.widgets.confirm import ConfirmSheet

if TYPE_CHECKING:
    from app.modelhub.in_use import ServedModel
    from app.modelhub.serving import ServedModels

Run = Callable[[], object]
Gate = Callable[[Run], object]


def open_gate(run: Run) -> None:
    """Nothing has to be asked."""
    run()


class SendingConsent:
    """Stands between a question and its answer."""

    def __init__(
        self,
        pane: QWidget,
        icons: Icons,
        served: ServedModels,
        sends_passages: Callable[[], bool],
    ) -> None:
        self._pane = pane
        self._icons = icons
        self._served = served
        self._sends_passages = sends_passages
        self.sheet: ConfirmSheet | None = None

    def ask_first(self, run: Run) -> None:
        """Run it at once, or once a person has agreed to what will be sent where."""
        server = self._served.to_ask_about
        if server is None or not self._sends_passages():
            run()
            return
        if self.sheet is not None:
            return
        self.sheet = ConfirmSheet(
            self._pane.window(),
            self._icons,
            "Send to a server?",
            f"Passages from your documents and pictures you attach will be sent to {server.host}.",
            Choice("Send", partial(self._on_agreed, server, run)),
        )
        self.sheet.closed.connect(self._on_closed)
        self.sheet.open()

    def _on_agreed(self, server: ServedModel, run: Run) -> None:
        self._served.agree(server)
        # Another server may have been put in use behind the sheet.
        self.ask_first(run)

    def _on_closed(self) -> None:
        self.sheet = None
