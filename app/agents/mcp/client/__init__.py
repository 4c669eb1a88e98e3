"""The side that imports the `mcp` package; loaded in the thread of the servers alone."""
