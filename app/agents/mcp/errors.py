"""What goes wrong with MCP servers, in words.

McpProblem
├── ConfigBroken    mcp.json, or what was pasted, cannot be read
├── CannotLaunch    there is nothing to start or to connect to: a command or a key is missing
├── NotAgreed       the exact launch has not been agreed to, or changed since
└── ServerFailed    it does not start, ended, or cannot be reached
"""

from __future__ import annotations

from app.base.errors import AppError


class McpProblem(AppError):
    """Something is the matter with an MCP server."""


class ConfigBroken(McpProblem):
    """What should describe servers does not."""


class CannotLaunch(McpProblem):
    """There is nothing to start or to connect to."""


class NotAgreed(McpProblem):
    """Nobody agreed to run exactly this."""


class ServerFailed(McpProblem):
    """It does not start, ended, or cannot be reached."""
