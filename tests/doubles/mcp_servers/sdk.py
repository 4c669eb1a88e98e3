"""A server of the mcp package: ``sdk.py stdio``, or ``sdk.py http``, which prints its port."""

import socket
import sys

from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("sdk")


@server.tool(title="Add numbers")
def add(a: int, b: int) -> int:
    """Add two whole numbers."""
    return a + b


@server.tool()
async def grow(context: Context) -> str:
    """Get one more tool."""
    server.add_tool(add, name="more")
    await context.notify_tools_changed()
    return "grown"


def main() -> None:
    if sys.argv[1] == "stdio":
        server.run()
        return
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)  # noqa: T201  the test reads it
    config = uvicorn.Config(server.streamable_http_app(), log_level="warning", ws="none")
    uvicorn.Server(config).run([listener])


main()
