"""A launch in words, for a person to agree to: everything, with secrets masked and warnings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from itertools import pairwise
from pathlib import PurePath
from typing import Final
from urllib.parse import urlsplit

from app.agents.mcp.definitions import shown
from app.agents.mcp.entities import LaunchTerms, Transport
from app.agents.mcp.launch import Launch, inherited
from app.agents.mcp.secret import HIDDEN, masked, masked_arguments, masked_pairs

# Programs that download what they run, and the arguments of theirs that stand before its name.
_NPM_RUNNERS: Final = {"npx", "bunx", "pnpx"}
_SHELLS: Final = {"sh", "bash", "zsh", "dash", "fish", "cmd", "powershell", "pwsh"}
_WITH_VALUE: Final = {"-p", "--package", "--from", "--python", "--index-url", "--with", "--spec"}
_NAMING: Final = {"-p", "--package", "--from", "--spec"}


def terms_of(launch: Launch, *, is_agreed: bool) -> LaunchTerms:
    """What is agreed to."""
    is_program = launch.transport is Transport.STDIO
    return LaunchTerms(
        launch.server,
        launch.transport,
        launch.seal,
        command_line(launch) if is_program else "",
        masked_pairs(launch.environment),
        inherited() if is_program else (),
        launch.folder,
        masked(launch.url),
        masked_pairs(launch.headers),
        tuple(_warnings(launch)),
        is_agreed,
    )


def command_line(launch: Launch) -> str:
    """The full path and all arguments, quoted as a shell would want them, secrets masked."""
    line = shlex.join([launch.command, *masked_arguments(launch.arguments)])
    return shown(line).replace(f"'{HIDDEN}'", HIDDEN)


def launch_text(launch: Launch) -> str:
    """The command line or the URL, secrets masked."""
    return command_line(launch) if launch.transport is Transport.STDIO else masked(launch.url)


def _warnings(launch: Launch) -> Iterator[str]:
    if launch.transport is Transport.HTTP:
        host = urlsplit(launch.url).hostname or ""
        if not _is_loopback(host):
            yield f"What an agent hands to its tools is sent to {host}."
            if urlsplit(launch.url).scheme == "http":
                yield "The connection is not encrypted: others on the way can read and change it."
        return
    program = PurePath(launch.command).stem.lower()
    if program in _SHELLS:
        yield "It runs a line of shell commands: read all of them."
    if package := _unpinned(program, launch.arguments):
        yield (
            f"It downloads {shown(package)} and runs it, whatever its newest version does by then. "
            "Name a version to know what you agree to."
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _unpinned(program: str, arguments: Sequence[str]) -> str:
    """The package that is downloaded without a version; empty if there is none."""
    words = list(arguments)
    if (program, *words[:1]) in (
        ("npm", "exec"),
        ("pnpm", "dlx"),
        ("yarn", "dlx"),
        ("pipx", "run"),
    ):
        program, words = ("uvx" if program == "pipx" else "npx"), words[1:]
    elif program == "uv" and words[:2] == ["tool", "run"]:
        program, words = "uvx", words[2:]
    if program not in {*_NPM_RUNNERS, "uvx"}:
        return ""
    package = _package(words)
    if program in _NPM_RUNNERS:
        version = package[1:].partition("@")[2]  # the first character may be the @ of a scope
        is_pinned = bool(re.match(r"v?\d+\.\d+\.\d+", version))
    else:
        is_pinned = bool(re.search(r"(?:===?|@)\s*\d[\w.!+-]*$", package))
    return "" if is_pinned else package


def _package(words: Sequence[str]) -> str:
    """What a runner is told to download: the first name, unless an option gives another."""
    first, skips = "", False
    for before, word in pairwise(("", *words)):
        option, _, value = word.partition("=")
        if option in _NAMING and value:
            return value
        if before in _NAMING:
            return word
        if not first and not skips and not word.startswith("-"):
            first = word
        skips = word in _WITH_VALUE
    return first
