"""Cairn: local AI assistants with sources you can check."""

__version__ = "0.1.0"
