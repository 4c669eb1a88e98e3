"""What can go wrong with prompts, in words for a person."""

from __future__ import annotations

from app.base.errors import AppError


class BadName(AppError):
    """A name, label, folder, tag, description or note that cannot be used."""


class NameTaken(BadName):
    """Another prompt has this name."""


class BadContent(AppError):
    """What a prompt is made of is not of the right types, or too large."""


class PromptError(AppError):
    """A prompt cannot be filled in.

    Attributes:
        part: index of the part that it comes from; None where it is none of them.
    """

    def __init__(self, message: str, hint: str = "", part: int | None = None) -> None:
        super().__init__(message, hint)
        self.part = part


class NothingNew(AppError):
    """There is nothing that a new version would keep."""
