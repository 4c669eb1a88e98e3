"""One HTTP request and its answer. It runs on a thread of its own, so that whoever waits for it can
give up at any moment: while a name is looked up, before the first byte, or between two.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import TracebackType
from typing import Any

from app.base.jobs import CancelToken
from app.engine.remote.address import Address
from app.engine.remote.failures import broken, of_exception, silent, unreachable

_AHEAD = 64  # pieces read ahead of the one who takes them
_SPARE_S = 5.0  # the thread's own time limits only clean up after ours


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for a server.

    Attributes:
        connect_s: for the connection.
        first_byte_s: for the first part of a reply; prompts can be long and models are loaded.
        idle_s: between two parts of a reply.
        short_s: for questions that need no thought, such as the list of models.
    """

    connect_s: float = 10.0
    first_byte_s: float = 300.0
    idle_s: float = 60.0
    short_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of an answer."""

    status: int
    content_type: str
    encoding: str
    retry_after: str


class _Mark(Enum):
    """Something in the queue that is no part of the answer."""

    CONNECTED = auto()
    END = auto()
    WAKE = auto()


_Item = Head | bytes | Exception | _Mark


class Exchange:
    """Open it with `with`; take the head, then the pieces. Leaving it closes the connection."""

    def __init__(
        self,
        call: Call,
        address: Address,
        *,
        tls: ssl.SSLContext,
        timeouts: Timeouts,
        cancel: CancelToken,
    ) -> None:
        self._call = call
        self._address = address
        self._tls = tls
        self._timeouts = timeouts
        self._cancel = cancel
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._room = threading.Semaphore(_AHEAD)
        self._lock = threading.Lock()  # guards the two below
        self._socket: socket.socket | None = None
        self._closed = False

    def __enter__(self) -> Exchange:
        self._cancel.check()
        threading.Thread(target=self._run, name="server call", daemon=True).start()
        self._forget = self._cancel.on_cancel(self._on_cancel)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._forget()
        self._close()

    def head(self, wait_s: float) -> Head:
        """The beginning of the answer, for which `wait_s` counts from the connection on.

        Raises:
            RemoteError: it did not come; why.
            Cancelled: the token was.
        """
        ends = time.monotonic() + self._timeouts.connect_s
        item = self._take(ends)
        if item is None:
            raise unreachable(self._address)
        while item is _Mark.CONNECTED:  # twice with a proxy in between
            item = self._take(time.monotonic() + wait_s)
        if isinstance(item, Head):
            return item
        if isinstance(item, Exception):
            raise of_exception(item, self._address) from item
        raise silent(self._address) if item is None else broken(self._address)

    def piece(self, ends: float) -> bytes | None:
        """The next bytes of the answer; None at its end.

        Args:
            ends: until when to wait, by `time.monotonic`.

        Raises:
            RemoteError: they did not come; why.
            Cancelled: the token was.
        """
        item = self._take(ends)
        if isinstance(item, bytes):
            self._room.release()
            return item
        if item is _Mark.END:
            return None
        if isinstance(item, Exception):
            raise of_exception(item, self._address) from item
        raise silent(self._address)

    def _take(self, ends: float) -> _Item | None:
        self._cancel.check()
        try:
            item = self._queue.get(timeout=max(0.0, ends - time.monotonic()))
        except queue.Empty:
            return None
        self._cancel.check()
        return item

    def _on_cancel(self) -> None:
        self._close()
        self._queue.put(_Mark.WAKE)

    def _close(self) -> None:
        with self._lock:
            self._closed = True
            open_socket, self._socket = self._socket, None
        self._room.release()  # the thread may wait for room
        if open_socket is not None:
            _shut(open_socket)

    def _run(self) -> None:
        import httpx2  # here: a quarter of a second that the start of the window can do without

        try:
            self._exchange()
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError) as error:
            self._queue.put(error)
        except (ValueError, ImportError) as error:
            # A name that no system can look up, or a proxy of a kind that we cannot use.
            self._queue.put(error)
        finally:
            self._queue.put(_Mark.END)

    def _exchange(self) -> None:
        import httpx2

        limits = self._timeouts
        longest = max(limits.first_byte_s, limits.idle_s, limits.short_s) + _SPARE_S
        wait = httpx2.Timeout(longest, connect=limits.connect_s, pool=None)
        # A proxy may only see what is meant for the internet.
        client = httpx2.Client(
            verify=self._tls,
            timeout=wait,
            follow_redirects=False,
            trust_env=not self._address.is_private,
        )
        call = self._call
        with (
            client,
            client.stream(
                call.method,
                call.url,
                headers=dict(call.headers),
                content=call.body,
                extensions={"trace": self._trace},
            ) as response,
        ):
            get = response.headers.get
            self._queue.put(
                Head(
                    response.status_code,
                    get("content-type", "").partition(";")[0].strip().lower(),
                    get("content-encoding", "identity").strip().lower(),
                    get("retry-after", ""),
                )
            )
            for piece in response.iter_raw():
                self._room.acquire()
                if self._closed:
                    return
                self._queue.put(piece)

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            found = info["return_value"].get_extra_info("socket")
            with self._lock:
                is_late = self._closed
                self._socket = found
            if is_late and found is not None:
                _shut(found)
        elif event.endswith("send_request_headers.started"):
            self._queue.put(_Mark.CONNECTED)


def _shut(open_socket: socket.socket) -> None:
    """End a connection that another thread reads from; that thread then closes it."""
    with contextlib.suppress(OSError):
        # Of the plain socket: a TLS socket would first drop the state that the reader uses.
        socket.socket.shutdown(open_socket, socket.SHUT_RDWR)
