"""The tools of servers, for whoever gives them to an agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.agents.tools.tool import ToolSpec

if TYPE_CHECKING:
    from app.bootstrap import Services


def server_tool_specs(services: Services) -> tuple[ToolSpec, ...]:
    """What agents can be given of the servers that are on and agreed to. Not on the GUI thread.

    Raises:
        ConfigBroken: mcp.json cannot be read, and where.
    """
    return tuple(tool.spec for tool in services.tool_servers.all_tools())
