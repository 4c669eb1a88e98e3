"""Why a server failed, in words for people."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Final

import anyio
import httpx2
from mcp import MCPError
from mcp.types import CONNECTION_CLOSED, REQUEST_TIMEOUT
from pydantic import ValidationError

from app.agents.mcp.definitions import shown
from app.agents.mcp.printed import Printed

# RuntimeError and ValueError are what the SDK raises for servers that break its rules.
EXPECTED: Final = (
    OSError,
    RuntimeError,
    ValueError,
    MCPError,
    ValidationError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    BaseExceptionGroup,
)
_LONGEST: Final = 300
_SIGN_IN: Final = ("HTTP 401 ", "HTTP 403 ")


def words(error: BaseException, printed: Printed) -> str:
    """What happened, of all that was raised the most telling."""
    if any(line.startswith(_SIGN_IN) for line in printed.tail(5)):
        return "It wants a key or a sign-in. Put its key into the headers of its entry."
    told = [text for each in _leaves(error) if (text := _told(each))]
    return told[0] if told else f"It failed in a way that is not known ({type(error).__name__})."


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error


def _told(error: BaseException) -> str:
    text = shown(" ".join(str(error).split()))[:_LONGEST]
    match error:
        case MCPError() if error.code == CONNECTION_CLOSED:
            is_plain = text == "Connection closed"
            return "It ended before it answered." if is_plain else f"Its answer broke off: {text}"
        case MCPError() if error.code == REQUEST_TIMEOUT:
            return "It did not answer in time."
        case MCPError():
            return f"It answered with an error: {text}"
        case ValidationError():
            return "It does not keep to the protocol."
        case httpx2.TimeoutException():
            return "It did not answer in time."
        case httpx2.ConnectError() if isinstance(error.__context__, ssl.SSLError):
            return f"Its certificate cannot be trusted: {text}"
        case httpx2.HTTPError() | httpx2.InvalidURL():
            return f"It cannot be reached: {text}"
        case OSError():
            return f"It cannot be started ({error.strerror or type(error).__name__})."
        case RuntimeError() | ValueError():
            return f"It does not keep to the protocol: {text}"
    return ""
