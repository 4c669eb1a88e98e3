"""Child processes, seen from the parent: spawn, call, stream, cancel, and why one ended.

The child's half is `app.base.child_side`. A child may be killed at any moment; every call that was
open then fails with `ChildStopped`, and the next call starts a fresh child.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from app.base.child_side import (
    Call,
    CancelCall,
    Entry,
    Event,
    Failure,
    FromChild,
    Quit,
    Result,
    run_child,
)
from app.base.errors import AppError, Cancelled, ChildStopped
from app.base.log import tail

log = logging.getLogger(__name__)


class ChildBug(Exception):
    """A bug in the child; the text is its traceback."""


@dataclass(frozen=True, slots=True)
class ChildExit:
    """How a child process ended.

    Attributes:
        code: exit code; negative is the number of the signal that ended it.
        expected: we asked it to stop.
        last_lines: the end of its native log.
    """

    name: str
    code: int | None
    expected: bool
    last_lines: tuple[str, ...]

    @property
    def reason(self) -> str:
        """The end in words, such as "crashed (SIGABRT)" or "ended with code 3"."""
        if self.code is None or self.code >= 0:
            return f"ended with code {self.code}"
        try:
            name = signal.Signals(-self.code).name
        except ValueError:
            return f"ended by signal {-self.code}"
        if name == "SIGKILL":
            return "was killed, perhaps because memory ran out (SIGKILL)"
        return f"crashed ({name})"


class PendingCall:
    """A call under way. `result` waits for it; `cancel` asks the child to give up."""

    def __init__(
        self, call_id: int, on_event: Callable[[Any], None], send: Callable[[object], None]
    ):
        self.id = call_id
        self.future: Future[Any] = Future()
        self._on_event = on_event
        self._send = send

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the answer.

        Raises:
            AppError: the child reports an expected failure, or `ChildStopped`.
            Cancelled: the call was cancelled.
            ChildBug: the child has a bug.
        """
        return self.future.result(timeout)

    def cancel(self) -> None:
        """Ask the child to stop this call; `result` then raises `Cancelled` unless it was done."""
        self._send(CancelCall(self.id))

    def _deliver(self, event: object) -> None:
        self._on_event(event)


class ChildProcess:
    """One child program. Started by the first call, started again by the next one after it died.

    Attributes:
        on_exit: called on the reader thread each time the child ends.
        last_exit: how it ended last; None as long as it never did.
    """

    def __init__(
        self,
        name: str,
        entry: Entry,
        *args: object,
        log_path: Path,
        on_exit: Callable[[ChildExit], None] = lambda _exit: None,
    ) -> None:
        """Remember how to start the child; nothing is started yet.

        Args:
            name: for people and for the process list.
            entry: module-level function that makes the child's handler; called in the child.
            args: small picklable arguments for `entry`.
            log_path: the child's stdout and stderr, native libraries included, go here.
            on_exit: see the attribute.
        """
        self.name = name
        self.log_path = log_path
        self.last_exit: ChildExit | None = None
        self._entry = entry
        self._args = args
        self.on_exit = on_exit
        self._lock = threading.RLock()
        self._send_lock = threading.Lock()
        self._ids = itertools.count(1)
        self._calls: dict[int, PendingCall] = {}
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._reader: threading.Thread | None = None
        self._closing = False

    @property
    def is_running(self) -> bool:
        """Whether there is a child, as far as its reader knows.

        The process itself is not asked: of two threads that do, one learns no exit code.
        """
        return self._connection is not None

    @property
    def pid(self) -> int | None:
        """The process id of the running child."""
        return self._process.pid if self._process is not None else None

    def call(
        self, body: object, on_event: Callable[[Any], None] = lambda _event: None
    ) -> PendingCall:
        """Send one request, starting the child if needed.

        Args:
            body: a small picklable dataclass that the child's handler knows.
            on_event: called on the reader thread for each event the request streams.

        Raises:
            ChildStopped: the child cannot be reached, or was closed for good.
        """
        try:
            return self._call_now(body, on_event)
        except OSError:
            # The child died since it was last used. Bury it, then ask its successor.
            self._bury()
        try:
            return self._call_now(body, on_event)
        except OSError as error:
            raise ChildStopped(f"The {self.name} does not start.", "Start Cairn again.") from error

    def kill(self) -> None:
        """End the child at once; open calls fail. The next call starts a new one."""
        process = self._process
        if process is not None:
            process.kill()

    def stop(self, grace_s: float = 2.0) -> None:
        """End the child for good: ask, then insist after `grace_s` seconds."""
        with self._lock:
            self._closing = True
            process, reader = self._process, self._reader
        if process is None:
            return
        # Not on this thread: a child that takes no messages must not hold up who wants to end it.
        threading.Thread(target=self._send_quietly, args=(Quit(),), daemon=True).start()
        if reader is None or reader is threading.current_thread():
            return
        # Only the reader waits for the process: of two threads that do, one learns no exit code.
        reader.join(grace_s)
        if reader.is_alive():
            log.info("%s did not stop in %.1f s; killing it", self.name, grace_s)
            process.kill()
            reader.join()

    def _call_now(self, body: object, on_event: Callable[[Any], None]) -> PendingCall:
        with self._lock:
            if self._closing:
                raise ChildStopped(f"The {self.name} is shutting down.")
            if not self.is_running:
                self._start()
            pending = PendingCall(next(self._ids), on_event, self._send_quietly)
            self._calls[pending.id] = pending
        try:
            self._send(Call(pending.id, body))
        except OSError:
            self._take(pending.id)
            raise
        return pending

    def _bury(self) -> None:
        process, reader = self._process, self._reader
        if process is not None:
            process.kill()
        if reader is not None and reader is not threading.current_thread():
            reader.join()

    def _start(self) -> None:
        reader = self._reader
        if reader is not None and reader is not threading.current_thread():
            # The old life must have failed its calls before the new one takes any.
            self._lock.release()
            try:
                reader.join()
            finally:
                self._lock.acquire()
            if self._closing:  # whoever listens for its end closed it for good
                raise ChildStopped(f"The {self.name} is shutting down.")
            if self.is_running:  # another caller started it meanwhile
                return
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=run_child,
            args=(theirs, str(self.log_path), self._entry, self._args),
            name=f"cairn-{self.name}".replace(" ", "-"),
            daemon=True,
        )
        with _deaf_to_interrupts():
            process.start()
        theirs.close()  # so that the end of the child is the end of the pipe
        self._process, self._connection = process, ours
        self._reader = threading.Thread(
            target=self._read, args=(ours, process), name=f"{self.name} reader", daemon=True
        )
        self._reader.start()
        log.info("%s started, pid %s", self.name, process.pid)

    def _send(self, message: object) -> None:
        connection = self._connection
        if connection is None:
            raise BrokenPipeError
        with self._send_lock:
            connection.send(message)

    def _send_quietly(self, message: object) -> None:
        # A cancel or quit for a child that is already gone has nothing left to do.
        with contextlib.suppress(OSError):
            self._send(message)

    def _read(self, connection: Connection, process: BaseProcess) -> None:
        try:
            while True:
                self._dispatch(connection.recv())
        except (EOFError, OSError):
            pass
        finally:
            process.join()
            self._finish(connection, process)

    def _dispatch(self, message: FromChild) -> None:
        match message:
            case Event(call_id, body):
                pending = self._calls.get(call_id)
                if pending is not None:
                    try:
                        pending._deliver(body)
                    except Exception:  # a bad listener must not end the reader
                        log.exception("listener for an event of %s failed", self.name)
            case Result(call_id, value):
                if (pending := self._take(call_id)) is not None:
                    pending.future.set_result(value)
            case Failure(call_id, error, traceback):
                if (pending := self._take(call_id)) is not None:
                    pending.future.set_exception(_as_exception(error, traceback))

    def _take(self, call_id: int) -> PendingCall | None:
        with self._lock:
            return self._calls.pop(call_id, None)

    def _finish(self, connection: Connection, process: BaseProcess) -> None:
        with self._lock:
            ended = ChildExit(self.name, process.exitcode, self._closing, tail(self.log_path))
            self.last_exit = ended
            calls, self._calls = list(self._calls.values()), {}
            with self._send_lock:  # a send under way fails first, now that the child is gone
                connection.close()
            self._connection = None
            self._process = None
        if not ended.expected:
            log.error("%s %s; %d calls open", self.name, ended.reason, len(calls))
        for pending in calls:
            pending.future.set_exception(ChildStopped(f"The {self.name} {ended.reason}."))
        self.on_exit(ended)


def _as_exception(error: AppError | Cancelled | None, traceback: str) -> Exception:
    return error if error is not None else ChildBug(traceback)


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """What is started meanwhile does not hear Ctrl+C, which a terminal sends to the whole group.

    A child decides that for itself, but not before Python and its modules are loaded.
    """
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # it lets interrupts through again when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
