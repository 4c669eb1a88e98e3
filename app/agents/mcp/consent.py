"""`mcp_consent.json`: which exact launches were agreed to, and which definitions of tools.

A file that cannot be read counts as no consent at all.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from app.agents.entities import Risk
from app.agents.mcp.definitions import Definition, definition_from_json
from app.base.files import write_whole

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ToolConsent:
    """A definition that was accepted, and what the person says of the tool."""

    definition: Definition
    is_on: bool = True
    risk: Risk = Risk.SEND


@dataclass(frozen=True, slots=True)
class ServerConsent:
    """What was agreed to of a server.

    Attributes:
        launch: SHA-256 of the exact launch; empty for none.
        is_listed: its tools were seen; what comes later is new.
    """

    launch: str = ""
    is_listed: bool = False
    tools: Mapping[str, ToolConsent] = field(default_factory=dict)

    def with_tool(self, tool: ToolConsent) -> ServerConsent:
        """The same with this tool's consent in place of the one before."""
        return replace(self, tools={**self.tools, tool.definition.name: tool})


class Consents:
    """The file. The caller sees to it that one thread at a time uses it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, ServerConsent] | None = None

    def of(self, server: str) -> ServerConsent:
        """What was agreed to of a server."""
        return self._all().get(server, ServerConsent())

    def put(self, server: str, consent: ServerConsent) -> None:
        """Keep it.

        Raises:
            OSError, DiskFull: it cannot be written; what was agreed to before still holds.
        """
        self._write({**self._all(), server: consent})

    def forget(self, server: str) -> None:
        """Forget all of it."""
        self._write({name: each for name, each in self._all().items() if name != server})

    def _all(self) -> dict[str, ServerConsent]:
        if self._kept is None:
            self._kept = _read(self._path)
        return self._kept

    def _write(self, consents: dict[str, ServerConsent]) -> None:
        servers = {name: _as_json(each) for name, each in consents.items()}
        text = json.dumps({"version": 1, "servers": servers})
        write_whole(self._path, text.encode())
        self._kept = consents


def _as_json(consent: ServerConsent) -> dict[str, Any]:
    tools = [
        {"definition": each.definition.as_json(), "on": each.is_on, "risk": each.risk.value}
        for each in consent.tools.values()
    ]
    return {"launch": consent.launch, "listed": consent.is_listed, "tools": tools}


def _read(path: Path) -> dict[str, ServerConsent]:
    try:
        found = json.loads(path.read_bytes())
        return {str(name): _server(each) for name, each in found["servers"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        log.warning("consent to MCP servers is asked for again: %s", type(error).__name__)
        return {}


def _server(values: Any) -> ServerConsent:
    tools: dict[str, ToolConsent] = {}
    for each in values["tools"]:
        definition = definition_from_json(each["definition"])
        if definition is not None:
            tools[definition.name] = ToolConsent(definition, each["on"] is True, Risk(each["risk"]))
    return ServerConsent(str(values["launch"]), values["listed"] is True, tools)
