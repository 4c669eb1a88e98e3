"""What is told about MCP servers and their tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.agents.entities import Risk


class Transport(StrEnum):
    """How a server is talked to."""

    STDIO = "stdio"  # a program on this computer
    HTTP = "http"  # streamable HTTP


class ServerState(StrEnum):
    """Where the life of a server is."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a server may go.

    Attributes:
        start_s: from the start to the list of its tools; the first start may download a package.
        call_s: one call.
        end_s: to end by itself once its input is closed; then to end when told; then it is killed.
        relist_s: at least between two readings of its list of tools.
        message_bytes: one message of the server.
        garbage_lines: between two messages that are none.
        tools: that are listed.
    """

    start_s: float = 60.0
    call_s: float = 120.0
    end_s: float = 2.0
    relist_s: float = 1.0
    message_bytes: int = 16 * 1024 * 1024
    garbage_lines: int = 2_000
    tools: int = 500


@dataclass(frozen=True, slots=True)
class LaunchTerms:
    """What a person agrees to before a server runs for the first time, and after any change.

    Attributes:
        command_line: of a program: its full path and all arguments, secrets masked.
        environment, headers: names and values, secrets masked.
        inherited: names of variables it gets from Cairn, beside `environment`.
        folder: where a program is started.
        warnings: what should make a person think twice, in words.
        seal: SHA-256 of the exact launch; `McpServers.agree` wants it back.
    """

    server: str
    transport: Transport
    seal: str
    command_line: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    inherited: tuple[str, ...] = ()
    folder: str = ""
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    is_agreed: bool = False


@dataclass(frozen=True, slots=True)
class ToolView:
    """A tool of a server.

    Attributes:
        offered_as: what models call it by.
        description: what the server says it does; hidden characters are spelled as <U+202E>.
        is_on: agents may have it. Never true while it `is_changed`, `is_new` or has a `problem`.
        is_changed: its definition is not the one that was accepted; see `McpServers.review_tool`.
        is_new: it came after the server was first listed, and nobody switched it on yet.
        problem: why it cannot be used, in words.
    """

    name: str
    offered_as: str
    title: str
    description: str
    risk: Risk
    is_on: bool
    is_changed: bool = False
    is_new: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ToolReview:
    """A tool as it was accepted and as the server describes it now.

    Attributes:
        diff: of the whole definition, as a unified diff.
        seal: SHA-256 of the new definition; `McpServers.accept_tool` wants it back.
    """

    tool: str
    before: str
    after: str
    diff: str
    seal: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tool gave back: blocks as the SDK has them, or a JSON value that says the same."""

    content: Sequence[Any]
    structured: Any = None
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class ServerView:
    """A server as the person sees it.

    Attributes:
        transport: None if its entry says neither what to start nor where to connect.
        launch: the command line or the URL, secrets masked.
        problem: what is the matter, in words.
        log: the last lines that it printed.
        tools: as listed now; while it does not run, those that were accepted.
    """

    name: str
    transport: Transport | None
    launch: str
    state: ServerState
    problem: str = ""
    is_agreed: bool = False
    is_disabled: bool = False
    log: tuple[str, ...] = ()
    tools: tuple[ToolView, ...] = ()
