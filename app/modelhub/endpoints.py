"""Models on servers: the list of them, their keys, and opening one as an engine."""

from __future__ import annotations

import uuid
from contextlib import ExitStack
from dataclasses import dataclass, replace

from app.base.changes import Notices, Topic
from app.base.errors import NotFound
from app.base.jobs import CancelToken
from app.engine.remote.address import is_unencrypted_internet, parse_address
from app.engine.remote.client import ServerClient
from app.engine.remote.engine import RemoteEngine
from app.engine.remote.exchange import Timeouts
from app.engine.remote.keys import Key, KeyringMissing, KeyringTrouble, Keys
from app.engine.remote.probe import ServerFacts, describe, look
from app.engine.remote.retries import Retries
from app.engine.remote.server import RemoteModel
from app.modelhub import store
from app.modelhub.entities import Endpoint, EndpointId
from app.storage.base import now
from app.storage.db import Database

__all__ = [
    "EndpointDraft",
    "EndpointService",
    "KeyringMissing",  # what the window has to know of the rest
    "KeyringTrouble",
    "RemoteModel",
    "ServerFacts",
    "is_unencrypted_internet",
]

_ONCE = Retries(tries=1)  # a person waits for the answer and can ask again
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class EndpointDraft:
    """What a person enters about a server.

    Attributes:
        name: empty for the model and the place.
        base_url: as typed.
        model: empty for the first that the server offers.
        context_length: tokens; 0 takes what the server says.
    """

    base_url: str
    model: str = ""
    name: str = ""
    context_length: int = 0
    allow_plain_http: bool = False


class EndpointService:
    """Knows the servers. What asks a server or the keyring blocks; keep it off the GUI thread."""

    def __init__(
        self,
        database: Database,
        notices: Notices,
        keys: Keys | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._database = database
        self._notices = notices
        self._keys = keys or Keys()
        self._timeouts = timeouts or Timeouts()

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Every endpoint, newest first."""
        with self._database.read() as session:
            return store.endpoints(session)

    def get(self, endpoint_id: EndpointId) -> Endpoint:
        """One endpoint.

        Raises:
            NotFound: it was removed.
        """
        with self._database.read() as session:
            return store.get_endpoint(session, endpoint_id)

    def matching(self, name: str) -> tuple[Endpoint, ...]:
        """The endpoints with this name, or with a model of this name."""
        wanted = name.casefold()
        return tuple(
            each
            for each in self.endpoints()
            if wanted in (each.name.casefold(), each.model.casefold())
        )

    def find(self, name: str) -> Endpoint:
        """An endpoint by its name, or that of its model.

        Raises:
            NotFound: there is none, or more than one.
        """
        hits = self.matching(name)
        if len(hits) == 1:
            return hits[0]
        if hits:
            names = ", ".join(f"“{each.name}”" for each in hits)
            raise NotFound(
                f"“{name}” names {len(hits)} models on servers.", f"Use the whole name: {names}."
            )
        raise NotFound(f"There is no model “{name}” on a server.", "Connect to a server first.")

    def look(
        self,
        base_url: str,
        key: str | None = None,
        *,
        endpoint_id: EndpointId | None = None,
        allow_plain_http: bool = False,
        cancel: CancelToken | None = None,
    ) -> ServerFacts:
        """Find out what answers at an address, and which models it offers.

        Args:
            base_url: as typed.
            key: None takes the one that is kept, if the server is still that of the endpoint.
            endpoint_id: of the endpoint that is being changed.
            allow_plain_http: the person accepts an unencrypted connection.
            cancel: gives up.

        Raises:
            RemoteError: nothing usable; why.
            KeyringTrouble: the keyring does not give the key.
            NotFound: the endpoint was removed.
            Cancelled: `cancel` was.
        """
        draft = EndpointDraft(base_url, allow_plain_http=allow_plain_http)
        if key is None:
            key = self._kept_key(draft, None if endpoint_id is None else self.get(endpoint_id))
        return look(self._client(base_url, key, allow_plain_http), cancel)

    def test(self, endpoint_id: EndpointId, cancel: CancelToken | None = None) -> RemoteModel:
        """Ask the server of an endpoint again.

        Raises:
            RemoteError: it does not answer, refuses the key, or has lost the model.
            KeyringTrouble: the keyring does not give the key.
            NotFound: the endpoint was removed.
            Cancelled: `cancel` was.
        """
        endpoint = self.get(endpoint_id)
        return self._describe(_draft(endpoint), self._keys.read(endpoint.key_name), cancel)

    def add(
        self,
        draft: EndpointDraft,
        key: str = "",
        *,
        only_this_run: bool = False,
        cancel: CancelToken | None = None,
    ) -> Endpoint:
        """Put a model on a server on the list, once it has answered.

        Args:
            draft: what the person entered.
            key: kept in the keyring; empty for none.
            only_this_run: keep the key in memory instead.
            cancel: gives up.

        Raises:
            RemoteError: the server does not answer, refuses the key, or has no such model.
            KeyringMissing: nothing keeps the key; `only_this_run` is left.
            KeyringTrouble: the keyring does not take it.
            Cancelled: `cancel` was.
        """
        remote = self._describe(draft, key, cancel)
        endpoint = _endpoint(draft, remote, uuid.uuid4().hex)
        with ExitStack() as undo:
            if key.strip():
                undo.callback(self._keys.forget, endpoint.key_name)
                self._keep(endpoint.key_name, key, only_this_run=only_this_run)
            added = self._database.write(lambda session: store.add_endpoint(session, endpoint))
            undo.pop_all()
        self._notices.changed(Topic.MODELS)
        return added

    def update(
        self,
        endpoint_id: EndpointId,
        draft: EndpointDraft,
        key: str | None = None,
        *,
        only_this_run: bool = False,
        cancel: CancelToken | None = None,
    ) -> Endpoint:
        """Change an endpoint. The server is asked again unless only the name is another.

        Args:
            endpoint_id: which one.
            draft: all of the new values.
            key: None keeps the key, as long as the server stays the same; a key is never shown
                to another server than the one it was entered for.
            only_this_run: keep a new key in memory.
            cancel: gives up.

        Raises:
            NotFound: it was removed.
            RemoteError, KeyringMissing, KeyringTrouble, Cancelled: as `add`.
        """
        old = self.get(endpoint_id)
        if key is None and replace(draft, name=old.name) == _draft(old):
            changed = replace(old, name=_name(draft, old.model, old.base_url))
        else:
            changed = self._ask_again(old, draft, key, only_this_run, cancel)
        saved = self._database.write(lambda session: store.change_endpoint(session, changed))
        if changed.key_name != old.key_name:
            self._keys.forget(old.key_name)
        self._notices.changed(Topic.MODELS)
        return saved

    def remove(self, endpoint_id: EndpointId) -> None:
        """Take an endpoint off the list and its key out of the keyring."""
        endpoint = self.get(endpoint_id)
        self._database.write(lambda session: store.remove_endpoint(session, endpoint_id))
        self._keys.forget(endpoint.key_name)
        self._notices.changed(Topic.MODELS)

    def open(self, endpoint_id: EndpointId, cancel: CancelToken | None = None) -> RemoteEngine:
        """An engine that answers with this model, once the server has answered.

        Raises:
            RemoteError: the server does not answer, refuses the key, or has lost the model.
            KeyringTrouble: the keyring does not give the key.
            NotFound: the endpoint was removed.
            Cancelled: `cancel` was.
        """
        endpoint = self.get(endpoint_id)
        key = self._keys.read(endpoint.key_name)
        remote = self._describe(_draft(endpoint), key, cancel, Retries())
        return RemoteEngine(remote, key, timeouts=self._timeouts)

    def _ask_again(
        self,
        old: Endpoint,
        draft: EndpointDraft,
        key: str | None,
        only_this_run: bool,
        cancel: CancelToken | None,
    ) -> Endpoint:
        used = self._kept_key(draft, old) if key is None else key
        remote = self._describe(draft, used, cancel)
        keeps = key is None and _is_same_server(draft, old)
        key_name = old.key_name if keeps else uuid.uuid4().hex
        if key is not None and key.strip():
            self._keep(key_name, key, only_this_run=only_this_run)
        changed = _endpoint(draft, remote, key_name)
        return replace(changed, id=old.id, added_at=old.added_at)

    def _kept_key(self, draft: EndpointDraft, endpoint: Endpoint | None) -> str:
        if endpoint is None or not _is_same_server(draft, endpoint):
            return ""
        return self._keys.read(endpoint.key_name)

    def _describe(
        self,
        draft: EndpointDraft,
        key: str,
        cancel: CancelToken | None,
        retries: Retries = _ONCE,
    ) -> RemoteModel:
        client = self._client(draft.base_url, key, draft.allow_plain_http, retries)
        remote = describe(client, look(client, cancel), draft.model, cancel)
        return replace(
            remote,
            context_length=draft.context_length or remote.context_length,
            allow_plain_http=draft.allow_plain_http,
        )

    def _client(
        self, base_url: str, key: str, allow_plain_http: bool, retries: Retries = _ONCE
    ) -> ServerClient:
        address = parse_address(base_url, allow_plain_http=allow_plain_http)
        return ServerClient(address, Key(key), timeouts=self._timeouts, retries=retries)

    def _keep(self, name: str, key: str, *, only_this_run: bool) -> None:
        keep = self._keys.keep_for_this_run if only_this_run else self._keys.keep
        keep(name, key.strip())


def _endpoint(draft: EndpointDraft, remote: RemoteModel, key_name: str) -> Endpoint:
    return Endpoint(
        id=EndpointId(0),
        name=_name(draft, remote.model, remote.base_url),
        base_url=remote.base_url,
        model=remote.model,
        kind=remote.kind,
        context_length=draft.context_length,
        allow_plain_http=draft.allow_plain_http,
        key_name=key_name,
        added_at=now(),
    )


def _name(draft: EndpointDraft, model: str, base_url: str) -> str:
    given = " ".join(draft.name.split())[:_LONGEST_NAME]
    if given:
        return given
    place = parse_address(base_url, allow_plain_http=True).place
    short = model.replace("\\", "/").rpartition("/")[2] or model  # a file path, or owner/model
    return f"{short} on {place}"[:_LONGEST_NAME]


def _draft(endpoint: Endpoint) -> EndpointDraft:
    return EndpointDraft(
        endpoint.base_url,
        endpoint.model,
        endpoint.name,
        endpoint.context_length,
        endpoint.allow_plain_http,
    )


def _is_same_server(draft: EndpointDraft, endpoint: Endpoint) -> bool:
    new, old = (
        parse_address(each, allow_plain_http=True).origin
        for each in (draft.base_url, endpoint.base_url)
    )
    return new == old
