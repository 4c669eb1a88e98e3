"""Runs Python that a model wrote: in an interpreter of its own, in a process of its own.

The interpreter is Monty, which knows a part of Python and nothing of the computer it runs on:
files, network, environment and processes are not there to be reached. What it cannot bound from
inside, the end of its process does. Only what was printed comes back and never an object, since a
few lists in lists can stand for billions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from app.agents.tools.tool import ToolFault
from app.base.jobs import CancelToken

if TYPE_CHECKING:
    import psutil
    from pydantic_monty import CollectString, Monty, MontyError, MontySession, ResourceLimits

SECONDS: Final = 5.0
MEMORY_BYTES: Final = 64_000_000
MOST_OUTPUT: Final = 20_000  # bytes
_DEEPEST: Final = 200
_GRACE: Final = 1.0  # for the interpreter to stop by itself, before its process is ended
_LONGEST_LINE: Final = 160
_MOST_FRAMES: Final = 4
_STARTING: Final = Lock()  # one at a time, so that each knows its own process
_FILE: Final = "<python-input-"

MODULES: Final = (
    "math, datetime, decimal, random, json, csv, re, collections, itertools, functools, dataclasses"
)
_HINTS: Final = {
    "ModuleNotFoundError": f"There are only the modules {MODULES}.",
    "NotImplementedError": "This Python has no yield, no del and no classes that inherit. Use "
    "lists, functions and loops.",
    "PermissionError": "Files, network and the system cannot be reached from here.",
    "TimeoutError": f"It may take {SECONDS:.0f} seconds. Look for a loop that does not end.",
    "MemoryError": "Work with less at a time.",
    "RecursionError": f"Calls may be {_DEEPEST} deep. Use a loop.",
}
_MESSAGES: Final = {
    "Crash": "Python ended unexpectedly.",
    "TimeoutError": "The code took too long and was stopped.",
    "MemoryError": "The code needed too much memory and was stopped.",
}


def run_python(
    code: str,
    values: Mapping[str, Any],
    cancel: CancelToken,
    memory_bytes: int = MEMORY_BYTES,
) -> str:
    """Run the code and give what it printed, and the value of its last line if that is one.

    Args:
        values: variables that it finds; numbers, texts, lists and mappings.

    Raises:
        ToolFault: it failed, with the line; or it took more than it may.
        Cancelled: it was stopped, and its process with it.
    """
    from pydantic_monty import CollectString, MontyError  # takes a tenth of a second

    cancel.check()
    output = CollectString(MOST_OUTPUT)
    limits: ResourceLimits = {
        "max_feed_duration_secs": SECONDS,
        "max_memory": memory_bytes,
        "max_recursion_depth": _DEEPEST,
    }
    try:
        with (
            _started() as (workers, process),
            workers.checkout(limits=limits, os_policy={"sleep": "zero"}) as session,
            _killed(process, cancel),
        ):
            _feed(session, code, dict(values), output)
    except MontyError as error:
        cancel.check()
        return _ended(error, code, output.output)
    return output.output.rstrip("\n") or "Nothing was printed. Print the result."


@contextmanager
def _started() -> Iterator[tuple[Monty, psutil.Process | None]]:
    """An interpreter and its process, which ends with it; None if it cannot be told from others."""
    from pydantic_monty import Monty

    with ExitStack() as open_ones:
        with _STARTING:
            before = set(_processes())
            try:
                workers = Monty(max_processes=1, request_timeout=SECONDS + _GRACE)
                open_ones.enter_context(workers)
            except (OSError, RuntimeError) as error:
                raise ToolFault("Python cannot be started here.", "Work without it.") from error
            new = [each for each in _processes() if each not in before]
        yield workers, new[0] if len(new) == 1 else None


def _processes() -> list[psutil.Process]:
    import psutil  # only where it is needed

    found = []
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if child.name().startswith("monty"):
                found.append(child)
    return found


@contextmanager
def _killed(process: psutil.Process | None, cancel: CancelToken) -> Iterator[None]:
    """Kill the process when it is to be stopped: while it computes, nothing else can stop it."""
    import psutil  # only where it is needed

    def kill() -> None:
        if process is not None:
            with suppress(psutil.Error):
                process.kill()

    forget = cancel.on_cancel(kill)
    try:
        yield
    finally:
        forget()


def _feed(session: MontySession, code: str, values: dict[str, Any], output: CollectString) -> None:
    from pydantic_monty import MontySyntaxError

    printing = with_value_printed(code)
    if printing:
        with suppress(MontySyntaxError):  # then nothing of it has run
            session.feed_run(printing, inputs=values, print_callback=output)
            return
    session.feed_run(f"{code}\nNone", inputs=values, print_callback=output)


def with_value_printed(code: str) -> str:
    """The code, changed to print the value of its last statement; empty if it has none.

    It cannot be parsed if that is no expression. Lines keep their numbers.
    """
    lines = code.rstrip().split("\n")
    start = len(lines) - 1
    while start > 0 and (not lines[start].strip() or lines[start][0] in " \t#)]}"):
        start -= 1
    # "pass" is a word that cannot stand inside brackets: there, this would become an argument.
    head, last = lines[:start], "\n".join(lines[start:])
    if not last or last.startswith("#"):
        return ""
    value = f"pass; _value = ({last}\n)\nif _value is not None:\n    print(_value)\nNone"
    return "\n".join([*head, value])


def _ended(error: MontyError, code: str, printed: str) -> str:
    """What is left of code that did not come to its end, if it only printed too much."""
    from pydantic_monty import MontyCrashedError

    cause = error.exception()
    kind = type(cause).__name__
    if isinstance(error, MontyCrashedError):
        kind = "TimeoutError" if error.timed_out else "Crash"
    elif "not supported in this environment" in str(cause):
        kind = "PermissionError"
    if kind == "MemoryError" and str(cause).endswith(f"> {MOST_OUTPUT} bytes"):
        return f"{printed}\n[… it printed more than {MOST_OUTPUT // 1000} kB and was stopped …]"
    message = _MESSAGES.get(kind) or f"{kind}: {str(cause)[:_LONGEST_LINE]}".rstrip(": ")
    lines = [f"{message} {_HINTS.get(kind, '')}".rstrip(), *_places(error, code.split("\n"))]
    if printed:
        lines.append(f"Printed before that:\n{printed.rstrip()}")
    raise ToolFault("\n".join(lines)) from error


def _places(error: MontyError, lines: list[str]) -> list[str]:
    frames = error.traceback() if hasattr(error, "traceback") else []
    numbers = [
        each.line for each in frames if each.filename.startswith(_FILE) and each.line <= len(lines)
    ]
    shown = dict.fromkeys(numbers[-_MOST_FRAMES:])
    return [f"Line {number}: {lines[number - 1].strip()[:_LONGEST_LINE]}" for number in shown]
