"""What a prompt is: parts with variables, in versions that never change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

from app.engine.messages import Role
from app.engine.sampling import Sampling

PromptId = NewType("PromptId", int)

LATEST = "latest"  # the label that the newest version always has; nobody moves it


class VariableKind(StrEnum):
    """What a form asks for."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    CHOICE = "choice"
    YES_NO = "yes_no"
    DATE = "date"
    DOCUMENT = "document"


Value = str | float | bool


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that a prompt is filled in with.

    Attributes:
        name: as in the template; a Python identifier.
        label: as in the form; empty takes the name.
        default: what the form begins with; None for nothing.
        choices: of CHOICE.
    """

    name: str
    kind: VariableKind = VariableKind.TEXT
    label: str = ""
    help: str = ""
    default: Value | None = None
    required: bool = True
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A turn of the prompt, as a Jinja2 template."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Example:
    """A few-shot example: shown to the model as a question and its answer, word for word."""

    input: str
    output: str


@dataclass(frozen=True, slots=True)
class Content:
    """All that belongs to a version.

    Attributes:
        examples: shown after the system part, before the first question.
        output_schema: JSON Schema that the answer is forced into; None for free text.
        sampling: settings; None takes those of the model.
    """

    parts: tuple[Part, ...] = ()
    variables: tuple[Variable, ...] = ()
    examples: tuple[Example, ...] = ()
    output_schema: Mapping[str, Any] | None = None
    sampling: Sampling | None = None

    @property
    def sha256(self) -> str:
        """Of everything in it; equal contents have equal ones."""
        text = json.dumps(asdict(self), ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PromptVersion:
    """A content that was kept. It never changes.

    Attributes:
        number: from 1, without gaps.
        parent: the version it was made from; None for the first.
        note: what is new, in the writer's words.
    """

    prompt_id: PromptId
    number: int
    content: Content
    created_at: datetime
    note: str = ""
    parent: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What is being written, saved as it is typed; a prompt has one at most.

    Attributes:
        based_on: the version it was begun from; None before there is one.
    """

    content: Content
    saved_at: datetime
    based_on: int | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as lists show it.

    Attributes:
        name: what it is called by, in chat after a slash; unique whatever the case.
        folder: its path, parts separated by slashes; empty for the top.
        latest: number of its newest version; 0 while there is only a draft.
        labels: version by label, without LATEST.
    """

    id: PromptId
    name: str
    created_at: datetime
    updated_at: datetime
    description: str = ""
    folder: str = ""
    tags: tuple[str, ...] = ()
    latest: int = 0
    labels: Mapping[str, int] = field(default_factory=dict)
    has_draft: bool = False
