"""Texts that are the same to a person."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """The text as it is compared: without regard to case and to how its letters are encoded."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
