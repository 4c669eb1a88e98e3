"""Exactly what is started or connected to: found on this computer, hashed, and filled with keys."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from app.agents.mcp.config import ServerEntry
from app.agents.mcp.entities import Transport
from app.agents.mcp.errors import CannotLaunch
from app.agents.mcp.secret import Pairs

# What the MCP SDK lets through as harmless; everything else has to be in the entry.
_INHERITED: Final = (
    "APPDATA HOMEDRIVE HOMEPATH LOCALAPPDATA PATH PATHEXT PROCESSOR_ARCHITECTURE SYSTEMDRIVE "
    "SYSTEMROOT TEMP USERNAME USERPROFILE"
    if sys.platform == "win32"
    else "HOME LOGNAME PATH SHELL TERM USER"
).split()
_REFERENCE: Final = re.compile(r"\$\{(keyring|env):([^{}]{1,200})\}")


@dataclass(frozen=True, slots=True)
class Launch:
    """What is started, or connected to. What may hold secrets is not in its representation.

    Attributes:
        command: full path of the program; not of what a link leads to, as some go by their name.
    """

    server: str
    transport: Transport
    command: str = ""
    arguments: tuple[str, ...] = field(default=(), repr=False)
    environment: Pairs = field(default=(), repr=False)
    folder: str = ""
    url: str = field(default="", repr=False)
    headers: Pairs = field(default=(), repr=False)

    @property
    def seal(self) -> str:
        """SHA-256 of all of it."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def whole_environment(self) -> dict[str, str]:
        """What a program gets: little of Cairn's own, and what its entry lists."""
        return {name: os.environ[name] for name in inherited()} | dict(self.environment)


@dataclass(frozen=True, slots=True)
class FilledLaunch:
    """A launch with keys and variables in place, and those that must not be shown."""

    launch: Launch
    seal: str
    secrets: tuple[str, ...] = field(default=(), repr=False)


def inherited() -> tuple[str, ...]:
    """Names of the variables that every program gets from Cairn."""
    # A value that begins with () is a function of an old shell, which would run in the next one.
    return tuple(name for name in _INHERITED if not os.environ.get(name, "()").startswith("()"))


def find_launch(entry: ServerEntry) -> Launch:
    """What an entry comes to on this computer.

    Raises:
        CannotLaunch: it is broken, or there is no such program, folder or address.
    """
    if entry.problem or entry.transport is None:
        raise CannotLaunch(entry.problem, "Mend its entry.")
    if entry.transport is Transport.HTTP:
        _check_url(entry)
        return Launch(entry.name, Transport.HTTP, url=entry.url, headers=entry.headers)
    folder = Path(entry.folder).expanduser() if entry.folder else Path.home()
    if not folder.is_absolute() or not folder.is_dir():
        raise CannotLaunch(
            f"The folder of {entry.name}, {folder}, does not exist.", "Give its full path."
        )
    return Launch(
        entry.name,
        Transport.STDIO,
        _program(entry, folder),
        entry.arguments,
        entry.environment,
        str(folder),
    )


def _program(entry: ServerEntry, folder: Path) -> str:
    path = dict(entry.environment).get("PATH", os.environ.get("PATH"))
    command = entry.command
    if os.path.dirname(command):  # noqa: PTH120  a Path would drop the "./" that asks for this
        command = str(folder / Path(command).expanduser())
    found = shutil.which(command, path=path)
    if found is None:
        raise CannotLaunch(
            f"The program {entry.command} of {entry.name} cannot be found.",
            "Install it, or give its full path.",
        )
    return os.path.abspath(found)  # noqa: PTH100  links stay: some programs go by their name


def _check_url(entry: ServerEntry) -> None:
    try:
        parts = urlsplit(entry.url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        is_usable = False
    if not is_usable or not entry.url.isprintable() or " " in entry.url:
        raise CannotLaunch(
            f"The URL of {entry.name} cannot be used.",
            "It should begin with https:// and the name of a host.",
        )


def references_of(entry: ServerEntry) -> tuple[str, ...]:
    """Names of the keys in the keyring that an entry refers to."""
    pairs = (value for _, value in (*entry.environment, *entry.headers))
    found = _REFERENCE.findall("\n".join((*entry.arguments, entry.url, *pairs)))
    return tuple(dict.fromkeys(name for kind, name in found if kind == "keyring"))


def filled(launch: Launch, read_key: Callable[[str], str]) -> FilledLaunch:
    """The launch with what it refers to in place.

    Raises:
        CannotLaunch: a key or a variable is missing.
        AppError: the keyring cannot be read.
    """
    secrets: list[str] = []

    def value(found: re.Match[str]) -> str:
        kind, name = found[1], found[2]
        text = read_key(name) if kind == "keyring" else os.environ.get(name, "")
        if not text or "\0" in text:
            where = "the keyring" if kind == "keyring" else "the environment of Cairn"
            raise CannotLaunch(
                f"{launch.server} needs “{name}” from {where}, and it is not there.",
                "Enter it in the settings of the server."
                if kind == "keyring"
                else "Set it before Cairn starts, or write the value into the entry.",
            )
        secrets.append(text)
        return text

    def fill(text: str) -> str:
        return _REFERENCE.sub(value, text)

    ready = replace(
        launch,
        arguments=tuple(map(fill, launch.arguments)),
        environment=tuple((name, fill(text)) for name, text in launch.environment),
        url=fill(launch.url),
        headers=tuple((name, fill(text)) for name, text in launch.headers),
    )
    return FilledLaunch(ready, launch.seal, tuple(secrets))
