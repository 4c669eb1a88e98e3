"""A question before it is stored."""

from __future__ import annotations

from dataclasses import dataclass

from app.chat.entities import Picture, PictureFile
from app.chat.prompt_use import PromptUse
from app.ui.chat.pictures.images import Taken


@dataclass(frozen=True, slots=True)
class Draft:
    """What is written, and what goes with it."""

    text: str = ""
    pictures: tuple[Taken, ...] = ()
    prompt: PromptUse | None = None

    @property
    def files(self) -> tuple[PictureFile, ...]:
        """The pictures as they are sent."""
        return tuple(each.file for each in self.pictures)

    @property
    def shown(self) -> tuple[Picture, ...]:
        """The pictures by name."""
        return tuple(each.file.picture for each in self.pictures)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to lose."""
        return not self.text and not self.pictures and self.prompt is None
