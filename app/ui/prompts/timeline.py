"""What the history lists: the draft and every version, and what stands before each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.prompts.entities import Content, Draft, Prompt, PromptVersion
from app.ui.amounts import day_text

DRAFT = 0  # the number of the draft among the versions
NOTHING = -1  # compared with nothing: the whole text


@dataclass(frozen=True, slots=True)
class Stage:
    """A version or the draft.

    Attributes:
        number: of the version; DRAFT for the draft.
        labels: that are on it.
        score: what it came to when it was last evaluated, in words; empty if it never was.
    """

    number: int
    content: Content
    at: datetime
    note: str = ""
    labels: tuple[str, ...] = ()
    score: str = ""

    @property
    def is_draft(self) -> bool:
        """Whether it is what is being written."""
        return self.number == DRAFT

    @property
    def title(self) -> str:
        """What it is called."""
        return "Draft" if self.is_draft else f"Version {self.number}"

    def day(self, now: datetime) -> str:
        """When it was written."""
        return day_text(self.at, now)


def timeline(
    prompt: Prompt, versions: Sequence[PromptVersion], draft: Draft | None
) -> tuple[Stage, ...]:
    """The draft, then the versions, newest first."""
    written = [] if draft is None else [Stage(DRAFT, draft.content, draft.saved_at)]
    return (*written, *(_kept(prompt, each) for each in versions))


def before(stages: Sequence[Stage], number: int) -> int:
    """What a stage is compared with unless something else is chosen: the one below it."""
    numbers = [each.number for each in stages]
    at = numbers.index(number) if number in numbers else len(numbers)
    return next(iter(numbers[at + 1 :]), NOTHING)


def _kept(prompt: Prompt, version: PromptVersion) -> Stage:
    labels = tuple(each for each, number in prompt.labels.items() if number == version.number)
    return Stage(version.number, version.content, version.created_at, version.note, labels)
