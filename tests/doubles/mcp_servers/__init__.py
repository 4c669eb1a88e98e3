"""Small MCP servers that behave, or do not, as programs of their own."""

from pathlib import Path

FOLDER = Path(__file__).parent
RAW = FOLDER / "raw.py"  # speaks the protocol of 2025 by hand and starts at once
SDK = FOLDER / "sdk.py"  # the server class of the mcp package, over stdio or HTTP
