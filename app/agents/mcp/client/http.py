"""A server at a URL: bounded answers, no proxies from the environment, no other host."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

import httpx2
from mcp.client._transport import TransportStreams
from mcp.client.streamable_http import streamable_http_client

from app.agents.mcp.launch import Launch
from app.agents.mcp.printed import Printed

_CONNECT_S: Final = 20.0
_READ_S: Final = 300.0  # an answer may be streamed with long pauses; a call has its own limit
_STREAM: Final = "text/event-stream"


class _Bounded(httpx2.AsyncByteStream):
    """A body that fails once it is too long."""

    def __init__(self, body: httpx2.AsyncByteStream, most_bytes: int) -> None:
        self._body = body
        self._left = most_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._body:
            self._left -= len(chunk)
            if self._left < 0:
                raise httpx2.StreamError("The answer is too large.")
            yield chunk

    async def aclose(self) -> None:
        await self._body.aclose()


class _BoundedTransport(httpx2.AsyncHTTPTransport):
    def __init__(self, most_bytes: int, printed: Printed) -> None:
        super().__init__(trust_env=False)
        self._most = most_bytes
        self._printed = printed

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            line = f"HTTP {response.status_code} for {request.method}"
            self._printed.add(line.encode())
        body = response.stream
        if not isinstance(body, httpx2.AsyncByteStream):
            return response
        if response.headers.get("content-encoding", "identity") != "identity":
            # None was asked for; a small one can unpack to anything.
            await body.aclose()
            raise httpx2.RemoteProtocolError("The server compresses its answers unasked.")
        if not response.headers.get("content-type", "").startswith(_STREAM):
            response.stream = _Bounded(body, self._most)  # streams are bounded by the event
        return response


@asynccontextmanager
async def http_streams(
    launch: Launch, printed: Printed, most_bytes: int
) -> AsyncGenerator[TransportStreams]:
    """Talk to the server. Redirects stay on its host: the SDK sees to that."""
    client = httpx2.AsyncClient(
        headers=[*launch.headers, ("Accept-Encoding", "identity")],
        timeout=httpx2.Timeout(_CONNECT_S, read=_READ_S),
        trust_env=False,
        transport=_BoundedTransport(most_bytes, printed),
    )
    async with (
        client,
        streamable_http_client(
            launch.url, http_client=client, max_sse_event_size=most_bytes
        ) as streams,
    ):
        yield streams
