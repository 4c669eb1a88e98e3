"""What a prompt file holds, whatever its notation, and what can be wrong with one."""

from __future__ import annotations

from dataclasses import dataclass

from app.base.errors import AppError
from app.prompts.entities import Content


class PromptFileError(AppError):
    """A prompt file cannot be read."""


@dataclass(frozen=True, slots=True)
class PromptFile:
    """A prompt as files carry it, without its history.

    Attributes:
        left_out: what the file says and a prompt cannot hold, in words, one thing each.
    """

    name: str
    content: Content
    description: str = ""
    tags: tuple[str, ...] = ()
    folder: str = ""
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """The text of a prompt file.

    Attributes:
        left_out: what the notation cannot hold, in words, one thing each.
    """

    text: str
    left_out: tuple[str, ...] = ()
