"""What is said to a model and what it says back, free of any wire format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """Who speaks in a turn."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Image:
    """A picture in a message: the bytes of a PNG, JPEG, BMP or GIF file, as they were given."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Tool:
    """Something a model may call.

    Attributes:
        parameters: JSON Schema of the arguments object.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object"})


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model asks for a tool.

    Attributes:
        id: unique within a conversation; the tool's answer names it.
        arguments: the object the model wrote, not yet checked against the tool's schema.
    """

    id: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message as the model's chat template gets it.

    Attributes:
        reasoning: of an assistant turn, what the model thought before it spoke.
        tool_calls: of an assistant turn.
        tool_call_id: of a tool turn, the call it answers.
        tool_name: of a tool turn, the tool that was called.
        images: shown before the text.
    """

    role: Role
    content: str
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    tool_name: str = ""
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said, taken apart.

    Attributes:
        raw: the whole of it as it came from the model, markers included.
        problem: a tool call that could not be read, in words; empty if all could.
    """

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    raw: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PromptPiece:
    """A piece of the prompt that turns become. Never empty.

    Attributes:
        is_control: it is one control token, or a mark that the model knows as one token.
    """

    text: str
    is_control: bool = False


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Text to append; always whole characters. A few tokens may share one delta."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """Reasoning to append."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallBegun:
    """The model has named a tool; its arguments follow."""

    index: int
    name: str


@dataclass(frozen=True, slots=True)
class ArgumentsDelta:
    """More of the arguments of call `index`, as the model writes them; for display only."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDone:
    """Call `index` is complete."""

    index: int
    call: ToolCall


Delta = TextDelta | ReasoningDelta | ToolCallBegun | ArgumentsDelta | ToolCallDone
