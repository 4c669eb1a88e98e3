"""Between the sheet of a connection and the endpoint service: looking, adding, changing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.base.jobs import CancelToken
from app.modelhub.entities import Endpoint, EndpointId
from app.ui.models.endpoint_sheet import EndpointEntry, EndpointSheet
from app.ui.pane import PaneContext

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.modelhub.endpoints import EndpointService, ServerFacts


def look_at(
    endpoints: EndpointService,
    entry: EndpointEntry,
    endpoint_id: EndpointId | None,
    cancel: CancelToken,
) -> ServerFacts:
    """Find out what is at the entered address; runs off the GUI thread."""
    return endpoints.look(
        entry.draft.base_url,
        entry.key,
        endpoint_id=endpoint_id,
        allow_plain_http=entry.draft.allow_plain_http,
        cancel=cancel,
    )


def keep(
    endpoints: EndpointService,
    entry: EndpointEntry,
    endpoint_id: EndpointId | None,
    cancel: CancelToken,
) -> Endpoint:
    """Add the connection, or change the one there is; runs off the GUI thread."""
    if endpoint_id is None:
        return endpoints.add(
            entry.draft, entry.key or "", only_this_run=entry.only_this_run, cancel=cancel
        )
    return endpoints.update(
        endpoint_id, entry.draft, entry.key, only_this_run=entry.only_this_run, cancel=cancel
    )


class EndpointEditing(QObject):
    """Opens the sheet and does what it asks. Closing the sheet stops what is under way.

    Signals:
        saved: with the endpoint, once it is kept.
    """

    saved = Signal(object)

    def __init__(self, context: PaneContext, endpoints: EndpointService, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._endpoints = endpoints
        self._parent = parent

    def open(self, endpoint: Endpoint | None = None) -> EndpointSheet:
        """Open the sheet for a new connection, or for one there is."""
        sheet = EndpointSheet(self._parent.window(), self._context.icons, endpoint)
        endpoint_id = None if endpoint is None else endpoint.id
        cancel = CancelToken()
        sheet.look_requested.connect(partial(self._on_look_requested, sheet, endpoint_id, cancel))
        sheet.save_requested.connect(partial(self._on_save_requested, sheet, endpoint_id, cancel))
        sheet.closed.connect(cancel.cancel)
        sheet.open()
        return sheet

    def _on_look_requested(
        self,
        sheet: EndpointSheet,
        endpoint_id: EndpointId | None,
        cancel: CancelToken,
        entry: EndpointEntry,
    ) -> None:
        self._context.jobs.submit(
            look_at,
            self._endpoints,
            entry,
            endpoint_id,
            cancel,
            owner=sheet,
            done=sheet.show_found,
            failed=sheet.show_problem,
            cancel=cancel,
        )

    def _on_save_requested(
        self,
        sheet: EndpointSheet,
        endpoint_id: EndpointId | None,
        cancel: CancelToken,
        entry: EndpointEntry,
    ) -> None:
        self._context.jobs.submit(
            keep,
            self._endpoints,
            entry,
            endpoint_id,
            cancel,
            owner=sheet,
            done=partial(self._on_saved, sheet),
            failed=sheet.show_problem,
            cancel=cancel,
        )

    def _on_saved(self, sheet: EndpointSheet, endpoint: Endpoint) -> None:
        sheet.dismiss()
        self.saved.emit(endpoint)
