"""`mcp.json`: the servers in the notation that Claude Desktop, Cursor and others share.

What Cairn does not know stays in the file. Reading never starts anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.agents.mcp.entities import Transport
from app.agents.mcp.errors import ConfigBroken
from app.base.files import write_whole

_SERVERS: Final = "mcpServers"
_MOST_BYTES: Final = 1_000_000
_MOST_SERVERS: Final = 100
_LONGEST_NAME: Final = 64
URL_KEYS: Final = ("url", "serverUrl", "httpUrl")  # one of them has the address
_HTTP_TYPES: Final = {"http", "streamable-http", "streamableHttp", "streamable_http"}
# What is not closed goes on to the end, or looking for its end again and again would take hours.
_STRING: Final = r'"(?:\\.|[^"\\])*(?:"|\\?\Z)'
_STRINGS_AND_COMMENTS: Final = re.compile(rf"{_STRING}|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_STRINGS_AND_COMMAS: Final = re.compile(rf"{_STRING}|,(?=\s*[}}\]])", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ServerEntry:
    """A server as its entry says; references such as ${keyring:token} are not filled in.

    Attributes:
        problem: why it cannot be used, in words; the rest is then as far as it could be read.
    """

    name: str
    transport: Transport | None = None
    command: str = ""
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    folder: str = ""
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    is_disabled: bool = False
    problem: str = ""


class Config:
    """The file. The caller sees to it that one thread at a time changes it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, ServerEntry]:
        """The servers by name, in the order of the file; none if there is no file.

        Raises:
            ConfigBroken: the file cannot be read, and where.
        """
        return {name: entry(name, values) for name, values in self._servers(self._whole()).items()}

    def put(self, entries: Mapping[str, Mapping[str, Any]]) -> None:
        """Write entries, new or not: all or none.

        Raises:
            ConfigBroken: the file, a name or an entry is wrong.
            OSError: it cannot be written.
        """
        for name, values in entries.items():
            check_name(name)
            if problem := entry(name, values).problem:
                raise ConfigBroken(problem, "Mend the entry.")
        whole = self._whole()
        servers = {**self._servers(whole), **entries}
        if len(servers) > _MOST_SERVERS:
            raise ConfigBroken(
                f"There would be more than {_MOST_SERVERS} servers.", "Remove those not used."
            )
        self._write({**whole, _SERVERS: servers})

    def values(self, name: str) -> dict[str, Any]:
        """The entry of a server as it is written.

        Raises:
            ConfigBroken: there is none, or the file cannot be read.
        """
        values = self._servers(self._whole()).get(name)
        if not isinstance(values, dict):
            raise ConfigBroken(f"There is no server {name}.", "It may have been removed.")
        return dict(values)

    def remove(self, name: str) -> None:
        """Take a server out of the file, if it is there."""
        whole = self._whole()
        servers = self._servers(whole)
        if servers.pop(name, None) is not None:
            self._write({**whole, _SERVERS: servers})

    def _whole(self) -> dict[str, Any]:
        try:
            with self._path.open("rb") as file:
                data = file.read(_MOST_BYTES + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ConfigBroken(
                f"The file {self._path} cannot be read ({error.strerror}).",
                "Give yourself the right to read it.",
            ) from error
        return parse(data.decode("utf-8-sig", "replace"), self._path.name)

    def _servers(self, whole: Mapping[str, Any]) -> dict[str, Any]:
        servers = whole.get(_SERVERS, {})
        if not isinstance(servers, dict):
            raise ConfigBroken(
                f"“{_SERVERS}” in {self._path.name} is not a list of named servers.",
                'It should look like {"mcpServers": {"name": {"command": "…"}}}.',
            )
        return dict(servers)

    def _write(self, whole: Mapping[str, Any]) -> None:
        text = json.dumps(whole, ensure_ascii=False, indent=2)
        write_whole(self._path, f"{text}\n".encode("utf-8", "replace"))


def check_name(name: str) -> None:
    """Refuse what cannot name a server.

    Raises:
        ConfigBroken: it is empty, too long, or has characters that cannot be seen.
    """
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise ConfigBroken(
            "This name cannot be used for a server.",
            f"Take a short one, of at most {_LONGEST_NAME} letters, digits and hyphens.",
        )


def parse(text: str, place: str) -> dict[str, Any]:
    """A JSON object; comments and trailing commas, which some editors allow, are passed over.

    Raises:
        ConfigBroken: it is none, with the line and column.
    """
    if len(text) > _MOST_BYTES:
        raise ConfigBroken(f"{place} is too long to describe servers.", "Look at what is in it.")
    try:
        found = json.loads(_plain(text)) if text.strip() else {}
    except json.JSONDecodeError as error:
        raise ConfigBroken(
            f"{place} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.",
            "Mend it in an editor; nothing in it was changed.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConfigBroken(
            f"{place} is nested too deeply, or a number in it is too long.",
            "Look at what is in it.",
        ) from error
    if not isinstance(found, dict):
        raise ConfigBroken(f"{place} does not describe servers.", "It should begin with {.")
    return found


def _plain(text: str) -> str:
    """The text without comments and trailing commas, each line and column where it was."""

    def blank(found: re.Match[str]) -> str:
        part = found[0]
        return part if part.startswith('"') else re.sub(r"[^\n]", " ", part)

    return _STRINGS_AND_COMMAS.sub(blank, _STRINGS_AND_COMMENTS.sub(blank, text))


def entry(name: str, values: Any) -> ServerEntry:
    """What an entry says, with the first problem in it."""
    if not isinstance(values, dict):
        return ServerEntry(name, problem=f"The entry of {name} is not an object in braces.")
    url = next((values[key] for key in URL_KEYS if values.get(key)), "")
    command, kind = values.get("command") or "", values.get("type")
    arguments = values.get("args") or []
    environment, headers = values.get("env") or {}, values.get("headers") or {}
    folder = values.get("cwd") or ""
    problem = _problem(name, kind, command, url) or _shape_problem(
        name, {"command": command, "url": url, "cwd": folder}, arguments, environment, headers
    )
    is_disabled = values.get("disabled") is True or values.get("enabled") is False
    if problem:
        return ServerEntry(name, is_disabled=is_disabled, problem=problem)
    return ServerEntry(
        name,
        Transport.STDIO if command else Transport.HTTP,
        command,
        tuple(map(str, arguments)) if command else (),
        _pairs(environment) if command else (),
        folder if command else "",
        "" if command else url,
        () if command else _pairs(headers),
        is_disabled,
    )


def _problem(name: str, kind: Any, command: Any, url: Any) -> str:
    if kind == "sse":
        return (
            f"{name} uses the old SSE transport, which Cairn does not speak. "
            "Most such servers also have an address for streamable HTTP."
        )
    if command and url:
        return f"The entry of {name} has a command and a URL; it should have one of them."
    if not command and not url:
        return f"The entry of {name} has neither a command nor a URL."
    if (kind == "stdio" and not command) or (kind in _HTTP_TYPES and not url):
        return f"The type of {name} does not go with the rest of its entry."
    return ""


def _shape_problem(
    name: str, texts: Mapping[str, Any], arguments: Any, environment: Any, headers: Any
) -> str:
    for key, text in texts.items():
        if not isinstance(text, str) or "\0" in text:
            return f"“{key}” of {name} is not a text."
    if not isinstance(arguments, list) or not all(map(_is_plain, arguments)):
        return f"“args” of {name} is not a list of texts."
    for key, pairs in (("env", environment), ("headers", headers)):
        if not isinstance(pairs, dict) or not all(map(_is_plain, pairs.values())):
            return f"“{key}” of {name} is not a list of names with a text each."
        if any(not each or "=" in each or "\0" in each for each in pairs):
            return f"“{key}” of {name} has a name that cannot be used."
    return ""


def _is_plain(value: Any) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and "\0" not in value)


def _pairs(values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, _text(value)) for name, value in values.items())


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
