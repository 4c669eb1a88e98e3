"""A connection to a server: its list of tools, its changes, and calls."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import anyio
from mcp import Client, MCPError
from mcp.client.session import IncomingMessage
from mcp.client.subscriptions import ListenNotSupportedError, SubscriptionLost
from mcp.types import (
    CONNECTION_CLOSED,
    CallToolResult,
    Implementation,
    TextContent,
    Tool,
    ToolListChangedNotification,
)
from pydantic import ValidationError

import app
from app.agents.mcp.client.http import http_streams
from app.agents.mcp.client.stdio import Watch, stdio_streams
from app.agents.mcp.definitions import Definition, bounded, shown
from app.agents.mcp.entities import Outcome, Transport
from app.agents.mcp.launch import Launch
from app.agents.tools.tool import ToolFault

_MOST_PAGES: Final = 100
_LONGEST_NAME: Final = 256
_LONGEST_ERROR: Final = 4_000
_FORGOTTEN: Final = "Session terminated"  # the SDK's words for a session that a server lost


@dataclass(eq=False, slots=True)
class _Call:
    scope: anyio.CancelScope
    lost: str = ""


class Connection:
    """An open connection. Only for the loop."""

    def __init__(self, client: Client, server: str, watch: Watch) -> None:
        self._client = client
        self._server = server
        self._watch = watch
        self._limits = watch.limits
        self._calls: set[_Call] = set()
        self.changed = anyio.Event()

    async def definitions(self) -> tuple[Definition, ...]:
        """The tools as the server lists them, up to the limit; the first of each name."""
        found: dict[str, Definition] = {}
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = await self._client.list_tools(cursor=cursor)
            for tool in page.tools:
                if len(tool.name) <= _LONGEST_NAME:
                    found.setdefault(tool.name, _definition(tool))
            cursor = page.next_cursor
            if cursor is None or len(found) >= self._limits.tools:
                break
        return tuple(found.values())[: self._limits.tools]

    async def follow(self, listed: Callable[[tuple[Definition, ...]], None]) -> None:
        """Read the list again when the server says that it changed, but not all the time."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._listen)
            while True:
                await self.changed.wait()
                self.changed = anyio.Event()
                with anyio.fail_after(self._limits.start_s):
                    listed(await self.definitions())
                await anyio.sleep(self._limits.relist_s)

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Outcome:
        """Call a tool.

        Raises:
            ToolFault: it takes too long, sends too much, or the server ends or breaks the rules.
        """
        call = _Call(anyio.CancelScope(deadline=anyio.current_time() + self._limits.call_s))
        self._calls.add(call)
        try:
            with call.scope:
                return _outcome(await self._client.call_tool(tool, dict(arguments)))
        except MCPError as error:
            if error.message == _FORGOTTEN:
                self._watch.ended("It has forgotten the session; start it again.")
            if error.code == CONNECTION_CLOSED or error.message == _FORGOTTEN:
                raise ToolFault(
                    f"The connection to {self._server} ended during the call.",
                    "Nobody knows how far it came.",
                ) from error
            # Written by the server: it goes the way of its results, not of our words.
            return Outcome([_text(error.message)], is_error=True)
        except (ValidationError, RuntimeError, ValueError) as error:
            raise ToolFault(
                f"The server {self._server} gave back what is not a result.",
                "Do without this tool.",
            ) from error
        finally:
            self._calls.discard(call)
        raise ToolFault(*self._given_up(call))

    def drop_calls(self, reason: str) -> None:
        """End the calls that are open: one of them will never be answered."""
        for call in self._calls:
            call.lost = reason
            call.scope.cancel()

    def _given_up(self, call: _Call) -> tuple[str, str]:
        if call.lost:
            return f"The server {self._server}: {call.lost}", "Ask it for less at a time."
        return (
            f"The server {self._server} took longer than {self._limits.call_s:g} seconds, and the "
            "call was given up.",
            "It may still have done it. Ask for less, or do without.",
        )

    async def _listen(self) -> None:
        """Hear of changes from servers of the newest protocol; older ones just tell."""
        tools = self._client.server_capabilities.tools
        if tools is None or not tools.list_changed:
            return
        try:
            async with self._client.listen(tools_list_changed=True) as subscription:
                async for _ in subscription:
                    self.changed.set()
        except (ListenNotSupportedError, SubscriptionLost, MCPError, TimeoutError):
            return


@asynccontextmanager
async def connect(launch: Launch, watch: Watch) -> AsyncGenerator[Connection]:
    """Start or reach the server and shake hands; on leaving, end it.

    No capability is offered: requests for sampling, input or roots are declined.

    Raises:
        one of `causes.EXPECTED`.
    """
    holder: list[Connection] = []

    async def hear(message: IncomingMessage) -> None:
        if isinstance(message, ToolListChangedNotification) and holder:
            holder[0].changed.set()

    if launch.transport is Transport.STDIO:
        streams = stdio_streams(launch, watch)
    else:
        streams = http_streams(launch, watch.printed, watch.limits.message_bytes)
    client = Client(
        streams,
        client_info=Implementation(name="Cairn", version=app.__version__),
        message_handler=hear,
        cache=None,
    )
    async with client:
        # The schema of the result is the server's too, and a regular expression in it could keep
        # this loop busy for years.
        client.session.validate_tool_result = _unchecked  # type: ignore[assignment, method-assign]
        holder.append(Connection(client, launch.server, watch))
        yield holder[0]


async def _unchecked(_name: str, _result: CallToolResult) -> None:
    return


def _definition(tool: Tool) -> Definition:
    title, description = tool.title or "", tool.description or ""
    return bounded(Definition(tool.name, title, description, tool.input_schema, tool.output_schema))


def _outcome(result: CallToolResult) -> Outcome:
    return Outcome(result.content, result.structured_content, bool(result.is_error))


def _text(message: str) -> TextContent:
    return TextContent(type="text", text=shown(message)[:_LONGEST_ERROR])
