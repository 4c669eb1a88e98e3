"""Failures of a server in words: what happened, what the server says, and the next step."""

from __future__ import annotations

import json
import re
import socket
import ssl
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.engine.errors import EngineError, NotSupported, PromptTooLong
from app.engine.remote.address import Address
from app.engine.remote.errors import (
    BadAddress,
    CannotConnect,
    KeyRefused,
    NotEncrypted,
    NotOnServer,
    RemoteError,
    RequestRefused,
    ServerBusy,
    ServerFailed,
    ServerSilent,
)
from app.engine.remote.keys import Key
from app.engine.remote.shapes import items, mapping, text, whole

_LONGEST_WORDS = 300
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_TOO_LONG = re.compile(
    r"context[_ ](length|size|window)|maximum context|context overflow|too many tokens"
    r"|exceeds? the (available )?context|prompt (is )?too long|longer than the maximum model length"
    r"|greater than the context length",
    re.IGNORECASE,
)
_UNKNOWN_MODEL = re.compile(r"model", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ServerWords:
    """What a server says of its failure, already cleaned.

    Attributes:
        parameter: the field of the request that it names.
        code: its machine-readable code or type.
        status: of an error inside a reply that began well.
    """

    words: str = ""
    parameter: str = ""
    code: str = ""
    status: int = 0


def read_words(body: bytes, key: Key) -> ServerWords:
    """Find the message in the body of a failed reply, in whatever form the server writes it."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ServerWords(_clean(_of_page(body.decode("utf-8", "replace")), key))
    return words_of(value, key)


def words_of(value: object, key: Key) -> ServerWords:
    """The same, from JSON that was read already."""
    outer = mapping(value)
    error = outer.get("error", outer)
    if isinstance(error, str):
        return ServerWords(_clean(error, key))
    inner = mapping(error)
    message = text(inner.get("message")) or text(inner.get("detail"))
    parameter = text(inner.get("param"))
    for each in items(outer.get("detail")):  # FastAPI names the field it does not like
        place = [str(part) for part in items(mapping(each).get("loc")) if part != "body"]
        parameter = parameter or ".".join(place)
        message = message or text(mapping(each).get("msg"))
    code = " ".join(text(inner.get(name)) for name in ("code", "type"))
    status = whole(inner.get("code"))
    return ServerWords(_clean(message, key), _clean(parameter, key), code.strip(), status)


def of_status(
    status: int, said: ServerWords, address: Address, *, model: str, retry_after_s: float | None
) -> EngineError:
    """The error for a reply that is no success."""
    quoted = f" It says: {said.words}" if said.words else ""
    if _is_too_long(status, said):
        return PromptTooLong(
            f"The request does not fit into the context of {model}.{quoted}",
            "Shorten it, or start the server with more context.",
        )
    if 300 <= status < 400:
        return BadAddress(
            f"{address.place} sends us on to another address, and Cairn does not follow.",
            "Enter the address that it points to.",
        )
    if status in (401, 403):
        return KeyRefused(
            f"{address.place} does not accept the key.{quoted}",
            "Check the key of this server under Models.",
        )
    if status in (404, 405):
        return _not_there(said, address, model, quoted)
    if status in (408, 425, 429, 502, 503, 504):
        busy = "has too much to do" if status == 429 else f"cannot answer now (error {status})"
        return ServerBusy(
            f"{address.place} {busy}.{quoted}",
            "Try again in a moment.",
            is_passing=status != 408,
            retry_after_s=retry_after_s,
        )
    if status == 501:
        return NotSupported(
            f"{address.place} is not set up for this.{quoted}", "Start the server with it."
        )
    if status >= 500:
        return ServerFailed(
            f"{address.place} failed (error {status}).{quoted}",
            "The log of the server says more. Try again, or try other settings.",
        )
    return _refused(status, said, address, quoted)


def of_exception(error: BaseException, address: Address) -> RemoteError:
    """The error for what the network did."""
    for cause in _causes(error):
        known = _of_cause(cause, address)
        if known is not None:
            return known
    name = type(error).__name__
    if "Timeout" in name and "Connect" not in name:
        return silent(address)
    if "Connect" in name:
        return unreachable(address)
    if name in ("InvalidURL", "UnsupportedProtocol"):
        return BadAddress(f"{address.base} is not an address that can be called.")
    is_cut = "disconnected without" in str(error) or "peer closed" in str(error)
    if "Protocol" in name and not is_cut:
        return ServerFailed(
            f"What answers at {address.place} does not speak HTTP.",
            "Check the port, and whether the address begins with https://.",
        )
    return broken(address)


def _of_cause(cause: BaseException, address: Address) -> RemoteError | None:
    if isinstance(cause, socket.gaierror):
        return CannotConnect(
            f"The name {address.place} is not known.",
            "Check the address, and that this computer is online.",
            is_passing=cause.errno == socket.EAI_AGAIN,
        )
    if isinstance(cause, ssl.SSLError):
        return _not_encrypted(cause, address)
    if isinstance(cause, ConnectionRefusedError):
        return CannotConnect(
            f"Nothing answers at {address.place}.",
            "Start the server, or check address and port.",
            is_passing=True,
        )
    if isinstance(cause, UnicodeError):
        return BadAddress(f"{address.base} is not an address that can be called.")
    is_about_proxy = isinstance(cause, ValueError | ImportError) and "proxy" in str(cause)
    if is_about_proxy or "Proxy" in type(cause).__name__:
        return CannotConnect(
            f"The proxy between this computer and {address.place} cannot be used.",
            "Check the proxy in the settings of this system.",
        )
    return None


def unreachable(address: Address) -> CannotConnect:
    """The error when no connection comes about."""
    return CannotConnect(
        f"{address.place} cannot be reached.",
        "Check the address, the network, and any firewall in between.",
        is_passing=True,
    )


def silent(address: Address) -> ServerSilent:
    """The error when nothing comes for too long."""
    return ServerSilent(
        f"{address.place} has not answered for too long.",
        "It may be loading a model or reading a long prompt. Try again, or look at its log.",
    )


def broken(address: Address) -> ServerFailed:
    """The error when a reply ends before it is complete."""
    return ServerFailed(
        f"{address.place} ended the connection before the reply was complete.",
        "Look at the log of the server, then try again.",
    )


def dropped(address: Address) -> ServerFailed:
    """The error when a server gives a reply up without saying why."""
    return ServerFailed(
        f"{address.place} ended the reply before it was complete, and does not say why.",
        "Some servers drop a reply when another request comes in. Try again.",
    )


def senseless(address: Address, what: str) -> ServerFailed:
    """The error when a reply cannot be understood."""
    return ServerFailed(
        f"The reply of {address.place} makes no sense: {what}.",
        "Check that the address is that of an OpenAI-compatible server.",
    )


def _is_too_long(status: int, said: ServerWords) -> bool:
    if status == 413:
        return True
    if status not in (400, 422, 500):  # old llama-cpp-python and Ollama report it as 500
        return False
    return (
        "exceed_context" in said.code or _TOO_LONG.search(f"{said.words} {said.code}") is not None
    )


def _not_there(said: ServerWords, address: Address, model: str, quoted: str) -> NotOnServer:
    if said.code == "model_not_found" or _UNKNOWN_MODEL.search(said.words):
        return NotOnServer(
            f"{address.place} has no model “{model}”.{quoted}",
            "Choose one of the models it lists, or load it there.",
        )
    return NotOnServer(
        f"{address.place} does not know this request.{quoted}",
        "Check the address; it usually ends with /v1.",
    )


def _refused(status: int, said: ServerWords, address: Address, quoted: str) -> EngineError:
    if "model_not_found" in said.code:
        return NotOnServer(
            f"{address.place}:{quoted or ' there is no such model.'}",
            "Choose one of the models it lists, or load it there.",
        )
    if said.parameter:
        return RequestRefused(
            f"{address.place} does not accept “{said.parameter}”.{quoted}",
            "Set it back to its default, or choose another server.",
        )
    return RequestRefused(
        f"{address.place} refuses the request (error {status}).{quoted}",
        "Other settings, or fewer of them, may be accepted.",
    )


def _not_encrypted(error: ssl.SSLError, address: Address) -> NotEncrypted:
    if isinstance(error, ssl.SSLCertVerificationError):
        return NotEncrypted(
            f"The certificate of {address.place} is not trusted: {error.verify_message}.",
            "If it is your own server, add its certificate authority to this computer.",
        )
    return NotEncrypted(
        f"No encrypted connection to {address.place} could be made.",
        "The server may only speak http:// at this port, or an old version of TLS.",
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__


def _of_page(page: str) -> str:
    if "<" not in page:
        return page
    title = _TITLE.search(page)
    return title[1] if title else re.sub(r"<[^>]*>", " ", page)


def _clean(words: str, key: Key) -> str:
    """One line without control characters, not long, without the key."""
    shown = key.hidden_in(words)
    kept = "".join(
        " " if ch.isspace() else ch
        for ch in shown[: 20 * _LONGEST_WORDS]
        if ch.isspace() or unicodedata.category(ch) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    line = " ".join(kept.split())
    if len(line) > _LONGEST_WORDS:
        line = line[:_LONGEST_WORDS].rstrip() + "…"
    return line


def as_json(body: bytes, address: Address) -> Any:
    """Read a JSON reply.

    Raises:
        ServerFailed: it is none.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise senseless(address, "it is not JSON") from error
