"""The answer that is being made right now, as a state machine without Qt. It stores nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.base.errors import AppError
from app.chat.entities import (
    AnswerEvent,
    AnswerReasoning,
    AnswerStage,
    AnswerText,
    Message,
    Stage,
)


class Phase(StrEnum):
    """Where a live answer is on its way."""

    IDLE = "idle"
    SEARCHING = "searching"
    READING = "reading"
    THINKING = "thinking"
    WRITING = "writing"
    STOPPING = "stopping"
    DONE = "done"
    FAILED = "failed"

    @property
    def is_running(self) -> bool:
        """Whether more can still come."""
        return self not in (Phase.IDLE, Phase.DONE, Phase.FAILED)


_PHASE_OF_STAGE = {
    Stage.SEARCHING: Phase.SEARCHING,
    Stage.READING: Phase.READING,
    Stage.THINKING: Phase.THINKING,
    Stage.WRITING: Phase.WRITING,
}


@dataclass(slots=True)
class LiveAnswer:
    """Grows with the events of one answer; what comes in the wrong phase changes nothing.

    Attributes:
        text: the answer so far; after `finish`, the stored text.
        reasoning: what the model thought so far.
        message: the stored answer, once it is done.
        error: why there is none, once it failed.
    """

    phase: Phase = Phase.IDLE
    text: str = ""
    reasoning: str = ""
    message: Message | None = None
    error: AppError | None = None

    @property
    def is_running(self) -> bool:
        """Whether more can still come."""
        return self.phase.is_running

    @property
    def can_stop(self) -> bool:
        """Whether a stop would be news."""
        return self.is_running and self.phase is not Phase.STOPPING

    def begin(self) -> None:
        """Start over with an empty answer; the first stage is the search."""
        self.phase, self.message, self.error = Phase.SEARCHING, None, None
        self.text = self.reasoning = ""

    def receive(self, event: AnswerEvent) -> None:
        """Take one event. After `stop` and after the end, late events are dropped."""
        if not self.can_stop:
            return
        match event:
            case AnswerStage(stage):
                self.phase = _PHASE_OF_STAGE[stage]
            case AnswerText(text):
                # Text speaks for itself, should its stage ever be missing.
                self.phase = Phase.WRITING
                self.text += text
            case AnswerReasoning(text):
                self.phase = Phase.THINKING
                self.reasoning += text

    def stop(self) -> bool:
        """Ask to stop; True if that is news. The text stands still from here on."""
        if not self.can_stop:
            return False
        self.phase = Phase.STOPPING
        return True

    def finish(self, message: Message) -> None:
        """The answer is stored, whole or stopped."""
        if self.is_running:
            self.phase, self.message, self.text = Phase.DONE, message, message.text

    def abandon(self) -> None:
        """It was stopped so early that nothing was stored."""
        if self.is_running:
            self.phase = Phase.DONE

    def fail(self, error: AppError) -> None:
        """There is no stored answer."""
        if self.is_running:
            self.phase, self.error = Phase.FAILED, error
