"""Whether a call was made before: the commonest way for a run to get nowhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.agents.running.conversation import Conversation
from app.agents.trace import Outcome, StepId, ToolUse
from app.engine.messages import ToolCall

_NEVER_MADE: Final = (Outcome.INVALID, Outcome.SKIPPED)
_NOBODY_KNOWS: Final = (Outcome.TIMED_OUT, Outcome.STOPPED, Outcome.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Before:
    """The same call, earlier in the run, since something was last changed.

    Attributes:
        times: how often it was made, and the model still has its result.
        is_in_doubt: it has an effect, and nobody knows whether that came about.
    """

    times: int
    is_in_doubt: bool

    @property
    def is_pointless(self) -> bool:
        """Whether making it once more can bring nothing new."""
        return self.times > (1 if self.is_in_doubt else 0)


def made_before(
    conversation: Conversation, call: ToolCall, shortened: Mapping[StepId, int]
) -> Before:
    """How the same call, with the same arguments, went before.

    Args:
        conversation: of the run.
        call: as the model wrote it.
        shortened: results that the model does not have whole any more; it may ask again.
    """
    key, times, is_in_doubt = _key(call), 0, False
    for step, use in conversation.uses():
        if use.outcome is Outcome.DONE and _has_effect(use):
            times, is_in_doubt = 0, False
        if use.outcome not in _NEVER_MADE and _key(use.call) == key:
            times += step.id not in shortened
            is_in_doubt |= use.outcome in _NOBODY_KNOWS and _has_effect(use)
    return Before(times, is_in_doubt)


def _has_effect(use: ToolUse) -> bool:
    return use.risk is not None and use.risk.has_effect


def _key(call: ToolCall) -> str:
    return json.dumps([call.name, call.arguments], sort_keys=True, default=str)
