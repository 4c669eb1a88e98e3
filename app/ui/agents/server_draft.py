"""A server as a person filled it in: what is written into mcp.json, and what into the keyring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.agents.mcp.secret import secrets_in
from app.agents.mcp.service import McpServers
from app.base.errors import AppError


@dataclass(frozen=True, slots=True)
class Pair:
    """A variable of the environment, or a header. A secret goes into the keyring."""

    name: str
    value: str = field(repr=False)
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class ServerDraft:
    """What is to be added.

    Attributes:
        keys: names and texts for the keyring; the entry only names them.
    """

    name: str
    entry: dict[str, Any]
    keys: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def program_draft(
    name: str, command: str, arguments: str, environment: Sequence[Pair], folder: str
) -> ServerDraft:
    """A program on this computer; `arguments` has one in each line.

    Raises:
        AppError: something is missing, in words.
    """
    lines = [line.strip() for line in arguments.splitlines() if line.strip()]
    values, keys = _split(environment, "variable")
    entry = {"command": _given(command, "command"), "args": lines, "env": values, "cwd": folder}
    return _draft(name, entry, keys)


def address_draft(name: str, url: str, headers: Sequence[Pair]) -> ServerDraft:
    """A server at an address.

    Raises:
        AppError: something is missing, in words.
    """
    values, keys = _split(headers, "header")
    return _draft(name, {"url": _given(url, "address"), "headers": values}, keys)


def looks_secret(name: str) -> bool:
    """Whether what has this name is likely not for other eyes."""
    return bool(secrets_in(((name, ""),)))


def add_draft(servers: McpServers, draft: ServerDraft) -> str:
    """Add the server. A key that the keyring refuses is asked for when the server is started.

    Returns:
        the name of the server.

    Raises:
        AppError: the name is taken, or the entry is wrong.
    """
    servers.add(draft.name, draft.entry)
    for reference, text in draft.keys:
        try:
            servers.keep_key(draft.name, reference, text)
        except AppError:
            break
    return draft.name


def _draft(name: str, entry: dict[str, Any], keys: list[tuple[str, str]]) -> ServerDraft:
    kept = {key: value for key, value in entry.items() if value}
    return ServerDraft(_given(name, "name"), kept, tuple(keys))


def _given(text: str, what: str) -> str:
    if not text.strip():
        article = "an" if what == "address" else "a"
        raise AppError(f"The server needs {article} {what}.", f"Fill in the {what}.")
    return text.strip()


def _split(pairs: Sequence[Pair], what: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """What is written, and what is kept in the keyring."""
    values: dict[str, str] = {}
    keys: list[tuple[str, str]] = []
    for pair in pairs:
        name = pair.name.strip()
        if not name and not pair.value:
            continue
        if not name or name in values or (pair.is_secret and set("{}") & set(name)):
            raise AppError(
                f"A {what} has a name that cannot be used: “{name}”.",
                "Each needs a name of its own.",
            )
        values[name] = f"${{keyring:{name}}}" if pair.is_secret else pair.value
        if pair.is_secret and pair.value.strip():
            keys.append((name, pair.value.strip()))
    return values, keys
