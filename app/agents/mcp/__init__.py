"""Servers that lend tools over the Model Context Protocol: what they may be, and how they are run.

`service.McpServers` is the way in. The `mcp` package is imported in the background thread alone.
"""
