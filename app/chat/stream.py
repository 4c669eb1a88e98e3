"""A reply on its way: what the engine streams, as events of the answer, and what came so far."""

from __future__ import annotations

import time
from collections.abc import Callable

from app.chat.entities import AnswerEvent, AnswerReasoning, AnswerStage, AnswerText, Stage
from app.engine.messages import Delta, ReasoningDelta, TextDelta

OnEvent = Callable[[AnswerEvent], None]


class ReplyStream:
    """Passes a reply on, and notes how long the model thought."""

    def __init__(self, on_event: OnEvent, clock: Callable[[], float] = time.monotonic) -> None:
        self._on_event = on_event
        self._clock = clock
        self._stage: Stage | None = None
        self._thinking_since = 0.0
        self._thought_s = 0.0
        self._text: list[str] = []
        self._reasoning: list[str] = []

    @property
    def text(self) -> str:
        """The text that came so far."""
        return "".join(self._text)

    @property
    def reasoning(self) -> str:
        """The thoughts that came so far."""
        return "".join(self._reasoning)

    @property
    def thinking_s(self) -> float:
        """How long the model thought so far."""
        if self._stage is Stage.THINKING:
            return self._thought_s + self._clock() - self._thinking_since
        return self._thought_s

    def take(self, delta: Delta) -> None:
        """Take one delta. Tool calls are none of a plain answer's business."""
        match delta:
            case ReasoningDelta(text):
                self._enter(Stage.THINKING)
                self._reasoning.append(text)
                self._on_event(AnswerReasoning(text))
            case TextDelta(text):
                self._enter(Stage.WRITING)
                self._text.append(text)
                self._on_event(AnswerText(text))

    def _enter(self, stage: Stage) -> None:
        if stage is self._stage:
            return
        self._thought_s = self.thinking_s
        if stage is Stage.THINKING:
            self._thinking_since = self._clock()
        self._stage = stage
        self._on_event(AnswerStage(stage))
