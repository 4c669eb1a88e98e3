"""The agents pane: agents, their runs as they happen and afterwards, and tool servers."""
