"""Models on servers in use: connecting, and whether a person has agreed to what goes there."""

from __future__ import annotations

import threading
from dataclasses import replace

from app.base.changes import Notices, Topic
from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.engine.host import EngineHost
from app.modelhub.endpoints import EndpointService
from app.modelhub.entities import Endpoint, EndpointId
from app.modelhub.in_use import ServedModel


class NotAgreed(AppError):
    """Passages would go to another computer, and nobody has agreed to that."""


class ServedModels:
    """Puts models on servers in use. What asks a server blocks; keep it off the GUI thread.

    Passages go to another computer only after a person has agreed, once for each endpoint and
    address in a run of Cairn.
    """

    def __init__(self, endpoints: EndpointService, engine: EngineHost, notices: Notices) -> None:
        self._endpoints = endpoints
        self._engine = engine
        self._notices = notices
        self._lock = threading.Lock()  # what is noted here is what the engine host was given
        self._served: ServedModel | None = None
        self._agreed: set[tuple[EndpointId, str]] = set()

    @property
    def in_use(self) -> ServedModel | None:
        """The model on a server that answers now; None when there is none."""
        served = self._served
        return served if served is not None and self._engine.engine is served.engine else None

    def connect(self, endpoint_id: EndpointId, cancel: CancelToken | None = None) -> ServedModel:
        """Use a model on a server in place of the model in use, once the server has answered.

        Raises:
            RemoteError: the server does not answer, refuses the key, or has lost the model; what
                was in use stays.
            KeyringTrouble: the keyring does not give the key.
            NotFound: the endpoint was removed.
            Cancelled: `cancel` was.
        """
        cancel = cancel or CancelToken()
        endpoint = self._endpoints.get(endpoint_id)
        engine = self._endpoints.open(endpoint_id, cancel)
        cancel.check()
        # What is asked is what people must see and agree to, even if the list changed meanwhile.
        asked = engine.remote
        endpoint = replace(endpoint, base_url=asked.base_url, model=asked.model, kind=asked.kind)
        with self._lock:
            facts = self._engine.connect(engine)
            self._served = served = ServedModel(endpoint, facts, engine)
        self._notices.changed(Topic.MODELS)
        return served

    def disconnect(self) -> None:
        """Ask the server no more. A local model in use stays."""
        with self._lock:
            if self.in_use is not None:
                self._engine.unload()
            self._served = None
        self._notices.changed(Topic.MODELS)

    def remove(self, endpoint_id: EndpointId) -> None:
        """Take an endpoint off the list and its key out of the keyring, disconnecting first."""
        served = self.in_use
        if served is not None and served.endpoint.id == endpoint_id:
            self.disconnect()
        self._endpoints.remove(endpoint_id)

    @property
    def to_ask_about(self) -> ServedModel | None:
        """The model in use, if a person has to agree before passages are sent to it."""
        served = self.in_use
        return served if served is not None and not self.may_send(served) else None

    def may_send(self, served: ServedModel) -> bool:
        """Whether passages may be sent to a model on a server."""
        return served.is_on_this_computer or _place(served.endpoint) in self._agreed

    def agree(self, served: ServedModel) -> None:
        """A person agreed that passages are sent to this model, until Cairn closes."""
        self._agreed.add(_place(served.endpoint))

    def check_may_send(self, served: ServedModel) -> None:
        """Refuse to send passages where nobody has agreed to it.

        Raises:
            NotAgreed: nobody has.
        """
        if not self.may_send(served):
            raise NotAgreed(
                f"Nothing was sent: passages from your documents would go to {served.host}, and"
                " you have not agreed to that.",
                "Ask again to be asked.",
            )


def _place(endpoint: Endpoint) -> tuple[EndpointId, str]:
    return endpoint.id, endpoint.base_url
