"""What is evaluated: items of a suite, what a model made of one, and how it was scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.engine.messages import ToolCall, Turn
from app.engine.protocol import TextScore, Timings


@dataclass(frozen=True, slots=True)
class Item:
    """One row of a suite.

    Attributes:
        key: unique in its suite, and kept when the suite is edited.
        input: what the model is asked; one user turn, or a conversation.
        targets: answers that are right, any of them; empty where a metric needs none.
        metadata: whatever else came with it; JSON.
    """

    key: str
    input: tuple[Turn, ...]
    targets: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Output:
    """What a model made of an item.

    Attributes:
        timings: how long it took; zeros where that was not measured.
        reading: where the model only read: how likely it found the text.
    """

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    timings: Timings = field(default_factory=Timings)
    reading: TextScore | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """How good an output is, by one metric.

    Attributes:
        value: from 0 to 1, higher is better, unless the metric says otherwise; None when it could
            not be scored, which is not a zero.
        reason: one line on how it came about, for a person.
        details: what else is kept with it, such as which judge said so by which rubric; JSON.
    """

    value: float | None
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_scored(self) -> bool:
        """Whether there is a value."""
        return self.value is not None
