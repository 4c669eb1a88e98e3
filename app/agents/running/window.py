"""Keeps a run within what its model has room for: old results of tools are shortened first."""

from __future__ import annotations

from typing import Final

from app.agents.running.conversation import Conversation
from app.agents.trace import ModelReply, Shortened, StepId
from app.engine.messages import Turn
from app.engine.protocol import Timings

_OLD_BYTES: Final = 600  # that stay of an old result
_BYTES_A_TOKEN: Final = 3  # on the low side, so that the guess is on the high side


class Window:
    """Guesses how full the context is, and makes room in it."""

    def __init__(self, conversation: Conversation, context_length: int) -> None:
        self._conversation = conversation
        self._context_length = context_length
        self._known_tokens = 0
        self._known_turns = 0
        self.shortened: dict[StepId, int] = {}
        for step in conversation.steps:
            if isinstance(step.detail, ModelReply):
                self.shortened |= {each.step: each.most_bytes for each in step.detail.shortened}

    @property
    def record(self) -> tuple[Shortened, ...]:
        """What is shortened now, for the trace."""
        return tuple(Shortened(step, most) for step, most in self.shortened.items())

    def replied(self, turns: tuple[Turn, ...], timings: Timings) -> None:
        """So many tokens the turns took, and the reply to them."""
        self._known_turns = len(turns)
        self._known_tokens = timings.prompt_tokens + timings.output_tokens

    def lacks(self, turns: tuple[Turn, ...], max_tokens: int) -> bool:
        """Whether the turns and a reply are likely too much.

        A reply gets a quarter of the context at least, or what it may have if that is less.
        """
        reserve = min(max_tokens, self._context_length // 4)
        new = turns[self._known_turns + 1 :] if self._known_turns else ()
        size = sum(len(turn.content.encode("utf-8", "replace")) for turn in new)
        guess = self._known_tokens + size // _BYTES_A_TOKEN + reserve
        return bool(self._known_turns) and guess > self._context_length

    def make_room(self) -> bool:
        """Shorten one more result; False if all are as short as can be."""
        uses = [step for step, _use in self._conversation.uses()]
        if not uses:
            return False
        newest = uses[-1].parent
        sizes = {step.id: self._conversation.bytes_of(step, self.shortened) for step in uses}
        long = [step for step in uses if sizes[step.id] > _OLD_BYTES]
        old = [step for step in long if step.parent != newest]
        if not long:
            return False
        if old:
            chosen, most = old[0].id, _OLD_BYTES
            self._known_tokens -= (sizes[chosen] - most) // (_BYTES_A_TOKEN + 1)
        else:
            chosen = max(long, key=lambda step: sizes[step.id]).id
            most = max(_OLD_BYTES, sizes[chosen] // 2)
        self.shortened[chosen] = most
        return True
