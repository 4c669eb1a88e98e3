"""Addresses of servers: what a person types becomes one safe base URL, or an error in words."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from app.engine.remote.errors import BadAddress

_ROUTES = ("/chat/completions", "/completions", "/embeddings", "/models", "/chat")
_VERSION = re.compile(r"/v\d+\w*(/|$)")
_PRIVATE_ENDINGS = (".localhost", ".local", ".lan", ".home", ".internal", ".home.arpa")
# A name of one word is looked up in the local network only. Digits first could be a number
# that the system takes for an address anywhere.
_ONE_WORD = re.compile(r"[a-z][a-z0-9-]*\Z")
_HOST = re.compile(r"[a-z0-9.:_\u0080-\U0010ffff-]+\Z")
_LONGEST = 2000
_EXAMPLE = "Give it like http://127.0.0.1:8080/v1."


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address, taken apart.

    Attributes:
        base: where the OpenAI routes are, without a slash at the end.
        root: where the server's own routes are.
        place: host and port, for words.
    """

    base: str
    root: str
    place: str
    is_private: bool
    is_encrypted: bool

    @property
    def origin(self) -> str:
        """Scheme, host and port: the place a key belongs to."""
        return f"{'https' if self.is_encrypted else 'http'}://{self.place}"


def parse_address(text: str, *, allow_plain_http: bool = False) -> Address:
    """Make an address of what a person typed; a missing scheme and a missing "/v1" are added.

    Raises:
        BadAddress: it is none, or it would send key and text unencrypted over the internet.
    """
    parts = _split(text.strip())
    host = _host(parts)
    port = _port(parts)
    is_private = is_private_host(host)
    if parts.scheme == "http" and not is_private and not allow_plain_http:
        raise BadAddress(
            f"{host} is not in your own network, and http:// is not encrypted.",
            "Use https://, or allow the unencrypted connection for this server.",
        )
    shown = f"[{host}]" if ":" in host else host
    place = f"{shown}:{port}" if port is not None else shown
    path = _path(parts.path)
    base = f"{parts.scheme}://{place}{path}"
    return Address(
        base, base.removesuffix("/v1"), place, is_private, is_encrypted=parts.scheme == "https"
    )


def is_unencrypted_internet(text: str) -> bool:
    """Whether an address is good but for going unencrypted over the internet."""
    try:
        address = parse_address(text, allow_plain_http=True)
    except BadAddress:
        return False
    return not (address.is_encrypted or address.is_private)


def is_private_host(host: str) -> bool:
    """Whether a host is this computer or in the local network, judged without asking anyone."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return (
            host == "localhost"
            or host.endswith(_PRIVATE_ENDINGS)
            or _ONE_WORD.match(host) is not None
        )
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_private or address.is_link_local


def _split(text: str) -> SplitResult:
    if not text:
        raise BadAddress("The address is empty.", _EXAMPLE)
    if len(text) > _LONGEST or any(ch.isspace() or not ch.isprintable() for ch in text):
        raise BadAddress("The address has spaces or other characters that do not belong.", _EXAMPLE)
    try:
        parts = urlsplit(text if "://" in text else _with_scheme(text))
    except ValueError as error:
        raise BadAddress(f"“{text}” is not an address.", _EXAMPLE) from error
    if parts.scheme not in ("http", "https"):
        raise BadAddress(f"Cairn talks http and https, not {parts.scheme}.", _EXAMPLE)
    if parts.username is not None or parts.password is not None:
        raise BadAddress(
            "The address holds a name or password.", "Take it out; the key has a field of its own."
        )
    if parts.query or parts.fragment:
        raise BadAddress("The address has a part after “?” or “#”.", "Take it out. " + _EXAMPLE)
    return parts


def _with_scheme(text: str) -> str:
    host = urlsplit(f"//{text}").hostname or ""
    return f"http://{text}" if is_private_host(host) else f"https://{text}"


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    if not host or ".." in host or _HOST.match(host) is None:
        raise BadAddress("The address names no server.", _EXAMPLE)
    return host


def _port(parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError as error:
        raise BadAddress(
            "The port in the address is not a number up to 65535.", _EXAMPLE
        ) from error
    if port == 0:
        raise BadAddress("A server cannot be at port 0.", _EXAMPLE)
    return port


def _path(path: str) -> str:
    path = path.rstrip("/")
    for route in _ROUTES:
        path = path.removesuffix(route)
    return path if _VERSION.search(path) else f"{path}/v1"
