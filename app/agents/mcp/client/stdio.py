"""A program as a server: its process, its messages, and what else it prints.

Like the transport of the SDK, but with bounds on what a message and a log may be, and so that the
whole process group ends even when the program itself has ended before.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, cast

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream, Process
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client._transport import TransportStreams
from mcp.os.posix.utilities import terminate_posix_process_tree
from mcp.os.win32.utilities import (
    ServerProcess,
    close_process_job,
    create_windows_process,
    terminate_windows_process_tree,
)
from mcp.shared.message import SessionMessage
from mcp.types import jsonrpc_message_adapter
from pydantic import ValidationError

from app.agents.mcp.entities import Limits
from app.agents.mcp.launch import Launch
from app.agents.mcp.printed import Printed

_CHUNK: Final = 65_536
_POLL_S: Final = 0.01
_FLUSH_S: Final = 0.5
_LIFE_SIGN_S: Final = 0.5
_REAP_S: Final = 5.0  # a killed process goes at once, but a busy machine may tell us late
_LINES_AT_ONCE: Final = 20
_LINE_S: Final = 0.0005  # for each line beyond those: a flood must not keep a processor busy
_BREATH_S: Final = 0.01  # after a full chunk of log: at most 6 MB/s are read of it
_GONE: Final = (
    anyio.EndOfStream,
    anyio.ClosedResourceError,
    anyio.BrokenResourceError,
    OSError,
)


@dataclass(frozen=True, slots=True)
class Watch:
    """Whom the transport tells what happens; all is called in the loop.

    Attributes:
        began: the process runs; with its id.
        lost: a message was too large to keep; why, in words.
        ended: nothing more will come; why, in words, or empty if the output simply ended.
    """

    printed: Printed
    limits: Limits
    began: Callable[[int], None]
    lost: Callable[[str], None]
    ended: Callable[[str], None]


@asynccontextmanager
async def stdio_streams(launch: Launch, watch: Watch) -> AsyncGenerator[TransportStreams]:
    """Run the program; on leaving, it and all that it started is ended.

    Raises:
        OSError, ValueError: it cannot be started.
    """
    process = await _start(launch)
    # No await before the task group: a cancellation would leave the process behind.
    watch.began(process.pid)
    deliver, received = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    send, to_send = anyio.create_memory_object_stream[SessionMessage](0)
    flushed, reading = anyio.Event(), anyio.CancelScope()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_read, _pipe(process.stdout), deliver, watch, reading)
        tasks.start_soon(_notice_end, process, reading)
        tasks.start_soon(_write, cast(ByteSendStream, process.stdin), to_send, flushed, watch)
        if (errors := getattr(process, "stderr", None)) is not None:
            tasks.start_soon(_read_log, errors, watch.printed)
        try:
            yield received, send
        finally:
            with anyio.CancelScope(shield=True):
                received.close()
                send.close()
                with anyio.move_on_after(_FLUSH_S):
                    await flushed.wait()
                await _end(process, watch)
                for stream in (deliver, to_send):
                    stream.close()
            tasks.cancel_scope.cancel()


async def _start(launch: Launch) -> ServerProcess:
    environment, folder = launch.whole_environment(), launch.folder
    if sys.platform == "win32":
        pipe = cast(Any, subprocess.PIPE)  # passed on to the one that takes it
        arguments = list(launch.arguments)
        return await create_windows_process(launch.command, arguments, environment, pipe, folder)
    return await anyio.open_process(
        [launch.command, *launch.arguments],
        env=environment,
        cwd=folder,
        start_new_session=True,
    )


class Lines:
    """Cuts bytes into lines; a line that is too long comes as None."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[bytes | None]:
        """The lines that end in this piece."""
        *ends, rest = chunk.split(b"\n")
        for part in ends:
            self._add(part)
            yield b"".join(self._parts) if self._size <= self._most else None
            self._parts, self._size = [], 0
        self._add(rest)

    def _add(self, part: bytes) -> None:
        self._size += len(part)
        if self._size <= self._most:
            self._parts.append(part)
        else:
            self._parts.clear()


async def _read(
    output: ByteReceiveStream,
    deliver: MemoryObjectSendStream[SessionMessage | Exception],
    watch: Watch,
    reading: anyio.CancelScope,
) -> None:
    lines, garbage, reason = Lines(watch.limits.message_bytes), 0, ""
    async with deliver:
        with suppress(*_GONE), reading:
            while not reason:
                arrived = list(lines.feed(await output.receive(_CHUNK)))
                for line in arrived:
                    message = _message(line, watch) if line is None or line.strip() else None
                    if message is not None:
                        garbage = 0
                        await deliver.send(message)
                    elif line:
                        garbage += 1
                if garbage > watch.limits.garbage_lines:
                    reason = "It prints what is no message of the protocol, and a lot of it."
                elif len(arrived) > _LINES_AT_ONCE:
                    await anyio.sleep(len(arrived) * _LINE_S)
    watch.ended(reason)
    with suppress(*_GONE):  # what still wants to print must not wait for it, or it cannot end
        while True:
            await output.receive(_CHUNK)
            await anyio.sleep(_BREATH_S)


async def _notice_end(process: ServerProcess, reading: anyio.CancelScope) -> None:
    """A program may end while what it started holds its output open, and nothing says so."""
    while process.returncode is None:
        await anyio.sleep(_LIFE_SIGN_S)
    await anyio.sleep(_LIFE_SIGN_S)  # for its last message
    reading.cancel()


def _message(line: bytes | None, watch: Watch) -> SessionMessage | None:
    if line is None:
        most = watch.limits.message_bytes // 1024
        watch.lost(f"It sent more than {most:,} kB at once, which was thrown away.")
        return None
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValidationError:
        watch.printed.add(line, "(not a message) ")
        return None


async def _read_log(errors: ByteReceiveStream, printed: Printed) -> None:
    with suppress(*_GONE):
        while True:
            chunk = await errors.receive(_CHUNK)
            printed.add(chunk)
            if len(chunk) == _CHUNK:
                await anyio.sleep(_BREATH_S)


async def _write(
    process_input: ByteSendStream,
    to_send: MemoryObjectReceiveStream[SessionMessage],
    flushed: anyio.Event,
    watch: Watch,
) -> None:
    try:
        async with to_send:
            async for each in to_send:
                text = each.message.model_dump_json(by_alias=True, exclude_unset=True)
                await process_input.send(f"{text}\n".encode())
    except _GONE:
        watch.ended("It does not take messages any more.")
    finally:
        flushed.set()


async def _end(process: ServerProcess, watch: Watch) -> None:
    """Close its input and wait; then tell the group to end and wait; then kill it."""
    patience_s = watch.limits.end_s
    await _close(process.stdin)
    has_ended = await _has_ended(process, patience_s)
    if has_ended and process.returncode:
        watch.printed.add(f"(ended with code {process.returncode})".encode())
    if sys.platform == "win32":
        if not has_ended:
            await terminate_windows_process_tree(process)
    else:
        # Also when the program itself has ended: what it started may still be there.
        await terminate_posix_process_tree(cast(Process, process), patience_s)
    await _has_ended(process, _REAP_S)
    close_process_job(process)
    for stream in (process.stdout, getattr(process, "stderr", None)):
        await _close(stream)
    # WORKAROUND: nothing public closes the transport of asyncio while a process that got away
    # holds one of the pipes; the SDK does the same.
    transport = getattr(getattr(process, "_process", None), "_transport", None)
    if transport is not None:
        with suppress(PermissionError):
            transport.close()


async def _has_ended(process: ServerProcess, patience_s: float) -> bool:
    # Not wait(): that waits for the pipes as well, which a child of the program may hold.
    with anyio.move_on_after(patience_s):
        while process.returncode is None:
            await anyio.sleep(_POLL_S)
    return process.returncode is not None


async def _close(stream: Any) -> None:
    if stream is not None:
        with suppress(*_GONE):
            await cast(Awaitable[None], stream.aclose())


def _pipe(stream: Any) -> ByteReceiveStream:
    return cast(ByteReceiveStream, stream)
