"""Prompts of the library in a chat: finding one and filling it in."""
