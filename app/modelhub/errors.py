"""What can go wrong with model files, in words for a person."""

from __future__ import annotations

from app.base.errors import AppError


class GgufError(AppError):
    """The file is not a GGUF model that Cairn can use."""


class GgufIncomplete(GgufError):
    """The file lacks its end, as an interrupted download leaves it."""


class OptionsRefused(AppError):
    """Load options that cannot be used, or name a file that cannot."""
