"""The command line: a thin front over the same services as the window. Needs no Qt."""
