"""A child program for tests of `app.base.child`: echoes, streams, waits, fails and dies."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass

from app.base.child_side import CallContext, Handler
from app.base.errors import NotFound


@dataclass(frozen=True, slots=True)
class Echo:
    """Answer with `value`, after streaming each of `events`."""

    value: object
    events: tuple[object, ...] = ()
    lane: str = "main"


@dataclass(frozen=True, slots=True)
class WaitForCancel:
    """Say "waiting", then wait until cancelled."""


@dataclass(frozen=True, slots=True)
class FailExpected:
    """Raise an AppError."""


@dataclass(frozen=True, slots=True)
class FailBug:
    """Raise a ZeroDivisionError."""


@dataclass(frozen=True, slots=True)
class Die:
    """End the process: abort() after a native log line, or with an exit code."""

    code: int | None = None


@dataclass(frozen=True, slots=True)
class IgnoreEverything:
    """Never come back, not even when told to quit."""


class EchoHandler:
    """Serves the requests above."""

    def lane(self, body: object) -> str:
        return body.lane if isinstance(body, Echo) else "main"

    def handle(self, body: object, context: CallContext) -> object:
        match body:
            case Echo(value, events):
                for event in events:
                    context.emit(event)
                return value
            case WaitForCancel():
                context.emit("waiting")
                while True:
                    context.cancel.check()
                    threading.Event().wait(0.005)
            case FailExpected():
                raise NotFound("It is not there.", "Look elsewhere.")
            case FailBug():
                return 1 // 0
            case Die(code):
                os.write(2, b"native: the tensor table is upside down\n")
                if code is None:
                    os.abort()
                os._exit(code)
            case IgnoreEverything():
                context.emit("deaf")
                threading.Event().wait()
        raise AssertionError(body)

    def close(self) -> None:
        sys.stderr.write("closed in good order\n")


def echo_child(*_args: object) -> Handler:
    """Entry of the child."""
    return EchoHandler()
