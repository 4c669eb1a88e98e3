"""A server as a person filled it in: what is written into mcp.json, and what into the keyring."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.agents.mcp.config import URL_KEYS
from app.agents.mcp.secret import secrets_in
from app.agents.mcp.service import McpServers
from app.base.errors import AppError

_KEPT: Final = re.compile(r"\$\{keyring:([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Pair:
    """A variable of the environment, or a header. A secret goes into the keyring.

    Attributes:
        reference: the name of a key that the keyring has for it; it stays until there is a value.
    """

    name: str
    value: str = field(repr=False)
    is_secret: bool = False
    reference: str = ""


@dataclass(frozen=True, slots=True)
class ServerDraft:
    """What is to be added, or to be other than it was.

    Attributes:
        entry: values of the entry; None takes one out that was there.
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
    values, keys = _split(environment, "variable")
    lines = _arguments(arguments)
    entry = {"command": _given(command, "command"), "args": lines, "env": values, "cwd": folder}
    return _draft(name, entry, keys)


def address_draft(name: str, url: str, headers: Sequence[Pair]) -> ServerDraft:
    """A server at an address.

    Raises:
        AppError: something is missing, in words.
    """
    values, keys = _split(headers, "header")
    return _draft(name, {"url": _given(url, "address"), "headers": values}, keys)


@dataclass(frozen=True, slots=True)
class ProgramText:
    """An entry of a program, as it stands in fields; `arguments` has one in each line."""

    command: str
    arguments: str
    environment: tuple[Pair, ...]
    folder: str


@dataclass(frozen=True, slots=True)
class AddressText:
    """An entry of an address, as it stands in fields."""

    url: str
    headers: tuple[Pair, ...]


def program_text(values: Mapping[str, Any]) -> ProgramText:
    """What an entry says, for fields."""
    given = values.get("args")
    arguments = "\n".join(map(str, given)) if isinstance(given, list) else ""
    environment = _pairs(values.get("env"))
    folder, command = values.get("cwd") or "", values.get("command") or ""
    return ProgramText(str(command), arguments, environment, str(folder))


def address_text(values: Mapping[str, Any]) -> AddressText:
    """What an entry says, for fields."""
    return AddressText(str(values.get(_url_key(values)) or ""), _pairs(values.get("headers")))


def program_changes(name: str, values: Mapping[str, Any], now: ProgramText) -> ServerDraft:
    """What a person changed. The rest stays to the letter, also what no field can show.

    Raises:
        AppError: something is missing, in words.
    """
    was, changes = program_text(values), dict[str, Any]()
    pairs, keys = _split(now.environment, "variable")
    if now.command.strip() != was.command:
        changes["command"] = _given(now.command, "command")
    if now.arguments != was.arguments:
        changes["args"] = _arguments(now.arguments) or None
    if now.environment != was.environment:
        changes["env"] = pairs or None
    if now.folder.strip() != was.folder:
        changes["cwd"] = now.folder.strip() or None
    return ServerDraft(name, changes, tuple(keys))


def address_changes(name: str, values: Mapping[str, Any], now: AddressText) -> ServerDraft:
    """What a person changed; the rest stays to the letter.

    Raises:
        AppError: something is missing, in words.
    """
    was, changes = address_text(values), dict[str, Any]()
    pairs, keys = _split(now.headers, "header")
    if now.url.strip() != was.url:
        changes[_url_key(values)] = _given(now.url, "address")
    if now.headers != was.headers:
        changes["headers"] = pairs or None
    return ServerDraft(name, changes, tuple(keys))


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
    _keep_keys(servers, draft)
    return draft.name


def change_server(servers: McpServers, draft: ServerDraft) -> None:
    """Change the server; one that runs is stopped if that changes how it runs.

    Raises:
        AppError: the entry would be wrong.
    """
    if draft.entry:
        servers.update(draft.name, draft.entry)
    if draft.keys:
        servers.stop(draft.name)  # it has the old ones
        _keep_keys(servers, draft)


def _keep_keys(servers: McpServers, draft: ServerDraft) -> None:
    for reference, text in draft.keys:
        try:
            servers.keep_key(draft.name, reference, text)
        except AppError:
            break  # it is asked for when the server is started


def _draft(name: str, entry: dict[str, Any], keys: list[tuple[str, str]]) -> ServerDraft:
    kept = {key: value for key, value in entry.items() if value}
    return ServerDraft(_given(name, "name"), kept, tuple(keys))


def _arguments(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _url_key(values: Mapping[str, Any]) -> str:
    return next((key for key in URL_KEYS if values.get(key)), URL_KEYS[0])


def _pairs(values: Any) -> tuple[Pair, ...]:
    """Pairs as an entry has them; of a secret only the name of its key."""
    shown = []
    for name, value in values.items() if isinstance(values, dict) else ():
        kept = _KEPT.fullmatch(str(value))
        shown.append(Pair(name, "", True, kept[1]) if kept else Pair(name, str(value)))
    return tuple(shown)


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
        key = pair.reference or name
        values[name] = f"${{keyring:{key}}}" if pair.is_secret else pair.value
        if pair.is_secret and pair.value.strip():
            keys.append((key, pair.value.strip()))
    return values, keys
