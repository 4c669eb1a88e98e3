"""A server's tool as an agent's tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.agents.mcp.consent import ToolConsent
from app.agents.mcp.definitions import offered
from app.agents.mcp.entities import Outcome
from app.agents.mcp.errors import McpProblem
from app.agents.mcp.listing import title_of
from app.agents.mcp.results import tool_result
from app.agents.tools.tool import Arguments, ToolFault, ToolResult, ToolSpec
from app.base.jobs import CancelToken

Call = Callable[[str, ToolConsent, Mapping[str, Any], CancelToken], Outcome]


class ServerTool:
    """Calls the tool of a server, which is started if it does not run."""

    def __init__(self, server: str, consent: ToolConsent, call: Call) -> None:
        """Take what was accepted of the tool.

        Raises:
            BrokenDefinition: no model can be given it.
        """
        definition = consent.definition
        self.spec = ToolSpec(
            offered(server, definition), consent.risk, title_of(definition), server
        )
        self._server = server
        self._consent = consent
        self._call = call

    def run(self, arguments: Arguments, cancel: CancelToken) -> ToolResult:
        """Call it. What the server says, failures included, is marked as the server's."""
        cancel.check()
        try:
            outcome = self._call(self._server, self._consent, arguments, cancel)
        except McpProblem as error:
            # The hint may hold what the server printed, which is for the person alone.
            raise ToolFault(
                error.message, "Do without it; the person can look at the server."
            ) from error
        return tool_result(
            self._server, outcome.content, outcome.structured, is_error=outcome.is_error
        )
