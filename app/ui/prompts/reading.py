"""What the pane reads from the prompts, each in one go and off the GUI thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.prompts.entities import Content, Prompt, PromptId
from app.ui.prompts.timeline import Stage, timeline

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.evals.runs.results import LastScore
    from app.evals.service import EvalService
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


def read_timeline(services: Services, prompt_id: PromptId) -> tuple[Prompt, tuple[Stage, ...]]:
    """A prompt with its history and the last score of each version, or `NotFound`."""
    prompts = services.prompts
    prompt = prompts.get(prompt_id)
    stages = timeline(prompt, prompts.versions(prompt_id), prompts.draft(prompt_id))
    return prompt, tuple(_scored(services.evals, prompt_id, each) for each in stages)


def score_text(last: LastScore) -> str:
    """A score with its 95 % interval, such as exact match 82.0 % (71.0 to 90.0), 40 items.

    Empty where nothing could be scored.
    """
    from app.evals.reports.data import estimate_words  # nobody misses it before

    found = last.estimate
    if found.value is None:
        return ""
    items = "1 item" if found.items == 1 else f"{found.items:,} items"
    return f"{last.metric.label} {estimate_words(last.metric, found)}, {items}"


def _scored(evals: EvalService, prompt_id: PromptId, stage: Stage) -> Stage:
    last = None if stage.is_draft else evals.last_score(prompt_id, stage.number)
    return stage if last is None else replace(stage, score=score_text(last))
