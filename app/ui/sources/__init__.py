"""What panes ask the window to show of a document."""
