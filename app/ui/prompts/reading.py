"""What the pane reads from the prompts, each in one go and off the GUI thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.prompts.entities import Content, Prompt, PromptId
from app.ui.prompts.timeline import Stage, timeline

if TYPE_CHECKING:
    from app.prompts.service import PromptService


@dataclass(frozen=True, slots=True)
class Query:
    """Which prompts a list shows: those of a folder or with a tag, and with some words in them."""

    folder: str | None = None
    tag: str | None = None
    search: str = ""

    @property
    def is_everything(self) -> bool:
        """Whether every prompt fits."""
        return self == EVERYTHING

    @property
    def place(self) -> str:
        """The folder or the tag in words."""
        return self.folder or self.tag or "All prompts"

    def searching(self, words: str) -> Query:
        """The same place, with other words."""
        return replace(self, search=words)


EVERYTHING = Query()


@dataclass(frozen=True, slots=True)
class Shelf:
    """The prompts there are, and those that fit a query."""

    prompts: Mapping[PromptId, Prompt]
    found: tuple[Prompt, ...]
    folders: Mapping[str, int]
    tags: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Opened:
    """A prompt and what an editor begins with."""

    prompt: Prompt
    content: Content


def read_shelf(prompts: PromptService, query: Query) -> Shelf:
    """Everything the left column shows."""
    everything = prompts.prompts()
    found = everything
    if not query.is_everything:
        found = prompts.prompts(folder=query.folder, tag=query.tag, search=query.search)
    by_id = {each.id: each for each in everything}
    return Shelf(by_id, found, prompts.folders(), prompts.tags())


def open_prompt(prompts: PromptService, prompt_id: PromptId) -> Opened:
    """A prompt to be shown, or `NotFound`."""
    return Opened(prompts.get(prompt_id), prompts.newest_content(prompt_id))


def read_timeline(prompts: PromptService, prompt_id: PromptId) -> tuple[Prompt, tuple[Stage, ...]]:
    """A prompt with its history, or `NotFound`."""
    prompt = prompts.get(prompt_id)
    return prompt, timeline(prompt, prompts.versions(prompt_id), prompts.draft(prompt_id))
