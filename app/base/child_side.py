"""Child processes, seen from the child: the messages, the loop that serves them, and lanes.

A capability's child module supplies a `Handler`. Requests of one lane run one after the other,
lanes run side by side, and cancelling is noticed even while a lane is busy. A handler that has
threads of its own returns a `Future`; its lane is then free for the next request at once.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Protocol

from app.base.errors import AppError, Cancelled
from app.base.jobs import CancelToken


@dataclass(frozen=True, slots=True)
class Call:
    """Parent to child: do this."""

    id: int
    body: Any


@dataclass(frozen=True, slots=True)
class CancelCall:
    """Parent to child: stop doing that."""

    id: int


@dataclass(frozen=True, slots=True)
class Quit:
    """Parent to child: end in good order."""


@dataclass(frozen=True, slots=True)
class Event:
    """Child to parent: something on the way to the answer."""

    id: int
    body: Any


@dataclass(frozen=True, slots=True)
class Result:
    """Child to parent: the answer."""

    id: int
    value: Any


@dataclass(frozen=True, slots=True)
class Failure:
    """Child to parent: no answer. `error` is None for a bug, whose traceback is given."""

    id: int
    error: AppError | Cancelled | None
    traceback: str


FromChild = Event | Result | Failure


class CallContext:
    """What a handler may do while it works on one request."""

    def __init__(self, call_id: int, send: Callable[[object], None]) -> None:
        self.cancel = CancelToken()
        self._id = call_id
        self._send = send

    def emit(self, event: object) -> None:
        """Stream a small picklable event to the caller."""
        self._send(Event(self._id, event))


class Handler(Protocol):
    """What a child program does."""

    def lane(self, body: object) -> str:
        """The lane a request runs in."""

    def handle(self, body: object, context: CallContext) -> object:
        """Do one request and return its picklable answer, or a `Future` of it."""

    def close(self) -> None:
        """Let go of everything; called once, after the lanes are empty."""


Entry = Callable[..., Handler]


def run_child(
    connection: Connection, log_path: str, entry: Entry, args: tuple[object, ...]
) -> None:
    """Main function of every child process: serve `entry(*args)` until told to quit."""
    _own_the_log(log_path)
    # Ctrl+C in a terminal reaches the whole group; the parent decides when a child ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":  # it was held back until here
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    serve(connection, entry(*args))


def _own_the_log(log_path: str) -> None:
    os.dup2(_fresh(log_path), 1)
    os.dup2(1, 2)
    sys.stdout = sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", closefd=False)
    # In a file of its own: the last lines of the log should be the library's words, not our stack.
    # Of the thread that died only: reading the frames of others while they run can crash again, and
    # the parent would see that signal instead of the real one.
    faulthandler.enable(os.fdopen(_fresh(f"{log_path}.stack"), "w"), all_threads=False)


def _fresh(path: str) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    return os.open(path, flags, 0o600)


def serve(connection: Connection, handler: Handler) -> None:
    """Read requests until `Quit`. If the parent is gone, end at once, whatever the lanes do."""
    server = _Server(connection, handler)
    while True:
        try:
            message = connection.recv()
        except (EOFError, OSError):
            os._exit(0)
        match message:
            case Call():
                server.accept(message)
            case CancelCall(call_id):
                server.cancel(call_id)
            case Quit():
                server.close()
                return


class _Server:
    def __init__(self, connection: Connection, handler: Handler) -> None:
        self._connection = connection
        self._handler = handler
        self._send_lock = threading.Lock()
        self._lanes: dict[str, ThreadPoolExecutor] = {}
        self._running: dict[int, CallContext] = {}

    def accept(self, call: Call) -> None:
        lane = self._handler.lane(call.body)
        context = self._running[call.id] = CallContext(call.id, self._send)
        if lane not in self._lanes:
            self._lanes[lane] = ThreadPoolExecutor(1, thread_name_prefix=lane)
        self._lanes[lane].submit(self._work, call, context)

    def cancel(self, call_id: int) -> None:
        if (found := self._running.get(call_id)) is not None:
            found.cancel.cancel()

    def close(self) -> None:
        for context in list(self._running.values()):
            context.cancel.cancel()
        for executor in self._lanes.values():
            executor.shutdown(wait=True, cancel_futures=True)
        self._handler.close()

    def _send(self, message: object) -> None:
        with self._send_lock, contextlib.suppress(BrokenPipeError):
            self._connection.send(message)

    def _work(self, call: Call, context: CallContext) -> None:
        try:
            context.cancel.check()
            answer = self._handler.handle(call.body, context)
        except Exception as error:  # noqa: BLE001  # the parent reports a bug with its traceback
            self._fail(call.id, error)
            return
        if isinstance(answer, Future):
            answer.add_done_callback(lambda done: self._finish(call.id, done))
        else:
            self._succeed(call.id, answer)

    def _finish(self, call_id: int, done: Future[object]) -> None:
        error = done.exception()
        if error is None:
            self._succeed(call_id, done.result())
        else:
            self._fail(call_id, error)

    def _succeed(self, call_id: int, value: object) -> None:
        self._running.pop(call_id, None)
        self._send(Result(call_id, value))

    def _fail(self, call_id: int, error: BaseException) -> None:
        self._running.pop(call_id, None)
        if isinstance(error, (AppError, Cancelled)):
            self._send(Failure(call_id, error, ""))
            return
        logging.error("request failed", exc_info=error)
        words = "".join(traceback.format_exception(error))
        self._send(Failure(call_id, None, words))
