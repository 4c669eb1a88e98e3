"""Talks to one server: JSON questions and event streams, with retries, limits and plain errors."""

from __future__ import annotations

import json
import logging
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from app import __version__
from app.base.jobs import CancelToken
from app.engine.errors import EngineError
from app.engine.remote.address import Address
from app.engine.remote.errors import RemoteError
from app.engine.remote.exchange import Call, Exchange, Head, Timeouts
from app.engine.remote.failures import (
    as_json,
    of_status,
    read_words,
    senseless,
    silent,
    words_of,
)
from app.engine.remote.keys import Key
from app.engine.remote.retries import Retries, retry_after_s
from app.engine.remote.shapes import mapping
from app.engine.remote.sse import SseEvent, SseReader

log = logging.getLogger(__name__)

JSON_LIMIT = 64 << 20
_ERROR_LIMIT = 1 << 20
_STREAM_LIMIT = 1 << 30  # of all events together; each is dropped as soon as it was read
_STREAM = "text/event-stream"
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Question:
    """A request that is answered by one JSON value. Without a body it is a GET."""

    url: str
    body: Mapping[str, Any] | None = None
    wait_s: float = 0.0
    limit: int = JSON_LIMIT


@dataclass(frozen=True)
class ServerClient:
    """Everything it needs to reach one server. Each call has a connection of its own.

    Attributes:
        model: for the words of errors.
    """

    address: Address
    key: Key = field(default_factory=Key)
    model: str = ""
    timeouts: Timeouts = field(default_factory=Timeouts)
    retries: Retries = field(default_factory=Retries)

    def ask(self, question: Question, cancel: CancelToken | None = None) -> Any:
        """Send a question and read its JSON answer.

        Raises:
            EngineError: there was none; why.
            Cancelled: the token was.
        """
        cancel = cancel or CancelToken()
        for failed in self.retries.tries_left(cancel):
            try:
                return self._ask_once(question, cancel)
            except RemoteError as error:
                log.info("%s: %s", self.address.place, error.message)
                failed(error)
        raise AssertionError("the last try raises")

    @contextmanager
    def stream(
        self, url: str, body: Mapping[str, Any], cancel: CancelToken
    ) -> Iterator[EventStream]:
        """Send a request whose answer is a stream of JSON objects, ended by "[DONE]".

        A server that answers with one JSON object gives a stream of one. Tries again until an
        answer begins, and never after.

        Raises:
            EngineError: no answer began, or it broke off; why.
            Cancelled: the token was.
        """
        call = self._call(url, body, accept=_STREAM)
        for failed in self.retries.tries_left(cancel):
            exchange = self._exchange(call, cancel)
            with exchange:
                try:
                    head = self._good_head(exchange, self.timeouts.first_byte_s)
                    if head.content_type not in (_STREAM, _JSON):
                        raise self._not_ours(head)
                except RemoteError as error:
                    log.info("%s: %s", self.address.place, error.message)
                    problem = error
                else:
                    yield EventStream(self, exchange, head)
                    return
            failed(problem)

    def _ask_once(self, question: Question, cancel: CancelToken) -> Any:
        call = self._call(question.url, question.body, accept=_JSON)
        wait_s = question.wait_s or self.timeouts.short_s
        with self._exchange(call, cancel) as exchange:
            head = self._good_head(exchange, wait_s)
            if head.content_type != _JSON:
                raise self._not_ours(head)
            return as_json(self.read_all(exchange, question.limit, wait_s), self.address)

    def _call(self, url: str, body: Mapping[str, Any] | None, *, accept: str) -> Call:
        headers = {
            "User-Agent": f"Cairn/{__version__}",
            "Accept": accept,
            "Accept-Encoding": "identity",  # compressed replies could grow without bound
            **self.key.headers(),
        }
        if body is None:
            return Call("GET", url, headers)
        content = json.dumps(body, ensure_ascii=False, allow_nan=False)
        headers["Content-Type"] = _JSON
        # Half a surrogate pair, as broken text files have them, is no text for a server.
        return Call("POST", url, headers, content.encode("utf-8", "replace"))

    def _exchange(self, call: Call, cancel: CancelToken) -> Exchange:
        return Exchange(call, self.address, tls=self._tls, timeouts=self.timeouts, cancel=cancel)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        if not self.address.is_encrypted:
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not used; the real one costs 20 ms
        import httpx2

        return httpx2.create_ssl_context()

    def _good_head(self, exchange: Exchange, wait_s: float) -> Head:
        head = exchange.head(wait_s)
        if head.encoding != "identity":
            raise senseless(self.address, "it is compressed, though we did not ask for that")
        if head.status != 200:
            body = self.read_all(exchange, _ERROR_LIMIT, self.timeouts.short_s)
            raise self._of_status(head, body)
        return head

    def _of_status(self, head: Head, body: bytes) -> EngineError:
        return of_status(
            head.status,
            read_words(body, self.key),
            self.address,
            model=self.model,
            retry_after_s=retry_after_s(head.retry_after),
        )

    def _not_ours(self, head: Head) -> EngineError:
        what = f"it is {head.content_type}" if head.content_type else "it does not say what it is"
        if head.content_type == "text/html":
            what = "it is a web page, as a proxy or a login page sends it"
        return senseless(self.address, what)

    def read_all(self, exchange: Exchange, limit: int, wait_s: float) -> bytes:
        """The whole of an answer, if it is not larger than `limit`."""
        body = bytearray()
        ends = time.monotonic() + wait_s
        while (piece := exchange.piece(ends)) is not None:
            body += piece
            if len(body) > limit:
                raise senseless(self.address, f"it is larger than {limit >> 20} MB")
        return bytes(body)

    def checked(self, value: object) -> Mapping[str, Any]:
        """An object of a stream; servers report late errors in its place."""
        if not isinstance(value, dict):
            raise senseless(self.address, "a part of it is not an object")
        if value.get("error"):
            said = words_of(value, self.key)
            status = said.status if 400 <= said.status < 600 else 500
            raise of_status(status, said, self.address, model=self.model, retry_after_s=None)
        return mapping(value)


class EventStream:
    """The JSON objects of a streamed answer.

    Attributes:
        idle_s: how long the next part may take once the first has come.
        is_complete: the server has said that this is all.
    """

    def __init__(self, client: ServerClient, exchange: Exchange, head: Head) -> None:
        """Read nothing yet."""
        self._client = client
        self._exchange = exchange
        self._head = head
        self.idle_s = client.timeouts.idle_s
        self.is_complete = False

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        client = self._client
        if self._head.content_type == _JSON:
            body = client.read_all(self._exchange, JSON_LIMIT, client.timeouts.first_byte_s)
            self.is_complete = True
            yield client.checked(as_json(body, client.address))
            return
        for event in self._events():
            if event.data.strip() == "[DONE]":
                self.is_complete = True
                return
            try:
                value = json.loads(event.data)
            except (ValueError, RecursionError) as error:
                raise senseless(client.address, "a part of it is not JSON") from error
            yield client.checked(value)

    def _events(self) -> Iterator[SseEvent]:
        reader = SseReader()
        size = 0
        has_begun = False
        last_event = time.monotonic()
        while True:
            # Comments keep a connection open, but a server that sends nothing else hangs.
            ends = last_event + self._client.timeouts.first_byte_s
            if has_begun:
                ends = min(ends, time.monotonic() + self.idle_s)
            if time.monotonic() >= ends:
                raise silent(self._client.address)
            piece = self._exchange.piece(ends)
            if piece is None:
                break
            size += len(piece)
            if size > _STREAM_LIMIT:
                raise senseless(self._client.address, "it does not end")
            for event in reader.feed(piece):
                has_begun = True
                yield event
                last_event = time.monotonic()
        if (last := reader.finish()) is not None:
            yield last
