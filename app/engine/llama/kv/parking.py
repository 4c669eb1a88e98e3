"""State of conversations that are not decoding: in main memory, and over a restart on disk.

What is kept longest is what was used last. Nothing here knows llama.cpp; state is bytes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.engine.llama.kv.disk import StateFiles, StoredState

log = logging.getLogger(__name__)

# Below this, computing the tokens again is as fast as reading their state.
LEAST_TOKENS = 48

StateBytes = bytes | bytearray


def common_prefix(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two sequences begin with in common."""
    low, high = 0, min(len(one), len(other))
    if one[:high] == other[:high]:
        return high
    while high - low > 1:  # comparing slices is much faster than comparing tokens one by one
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low


@dataclass(slots=True, eq=False)
class ParkedState:
    """One parked sequence; exactly one of `data` and `stored` is set.

    Attributes:
        tokens: whose state it is, from the first.
        data: the state, when it is in main memory.
        stored: where it lies on disk.
    """

    tokens: list[int]
    data: StateBytes | None = None
    stored: StoredState | None = None
    used_at: int = 0


class ParkedStates:
    """Finds parked state by the tokens it stands for, within a memory budget.

    Attributes:
        budget_bytes: main memory for it.
    """

    def __init__(
        self,
        budget_bytes: int,
        files: StateFiles | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.budget_bytes = budget_bytes
        self._files = files
        self._clock = clock
        self._ticks = 0
        self._states: list[ParkedState] = []
        if files is not None:
            # Oldest first, so that what was used last is found last to be dropped.
            for stored in files.index():
                self._add(ParkedState(list(stored.tokens), stored=stored))

    @property
    def bytes_in_memory(self) -> int:
        """Main memory taken by parked state."""
        return sum(len(state.data) for state in self._states if state.data is not None)

    @property
    def budget_left(self) -> int:
        """Bytes that fit in without anything else having to go."""
        return self.budget_bytes - self.bytes_in_memory

    def best(self, prompt: Sequence[int], *, whole: bool) -> tuple[ParkedState, int] | None:
        """The state that spares most of a prompt, and how many tokens it spares.

        Args:
            prompt: all its tokens. The last one is never spared: its logits are needed.
            whole: only states whose every token begins the prompt will do.
        """
        usable = prompt[:-1]
        best: tuple[ParkedState, int] | None = None
        for state in self._states:
            common = common_prefix(state.tokens, usable)
            if whole and common < len(state.tokens):
                continue
            if common >= LEAST_TOKENS and (best is None or common > best[1]):
                best = state, common
        return best

    def holds(self, tokens: Sequence[int]) -> bool:
        """Whether the state of just these tokens is in main memory; it counts as used then."""
        kept = list(tokens)
        for state in self._states:
            if state.data is not None and state.tokens == kept:
                self._touch(state)
                return True
        return False

    def put(self, tokens: Sequence[int], data: StateBytes, *, can_cut: bool = True) -> None:
        """Keep the state of a sequence; states that it makes needless go.

        Args:
            tokens: whose state it is.
            data: the state.
            can_cut: the state of its beginnings can be had from it.
        """
        if len(tokens) < LEAST_TOKENS or len(data) > self.budget_bytes:
            return
        kept = list(tokens)
        self._states = [
            each
            for each in self._states
            if each.data is None or each.tokens != (kept[: len(each.tokens)] if can_cut else kept)
        ]
        self._add(ParkedState(kept, data))
        self._shrink()

    def read(self, state: ParkedState) -> StateBytes | None:
        """The bytes of a state; None when its file turns out to be no good."""
        self._touch(state)
        if state.data is not None:
            return state.data
        assert state.stored is not None  # one of the two is set
        assert self._files is not None
        data = self._files.read(state.stored)
        if data is None:
            self.forget(state)
        return data

    def forget(self, state: ParkedState) -> None:
        """A state moved back into the KV space, or was no good."""
        if state in self._states:
            self._states.remove(state)

    def forget_all(self) -> None:
        """Nothing that is parked is wanted any more, nor its files."""
        self._states.clear()
        if self._files is not None:
            self._files.clear()

    def save(self, more: Sequence[tuple[Sequence[int], StateBytes]], limit_s: float) -> None:
        """Write to disk what is in memory and `more`, last used first, as far as time allows."""
        if self._files is None:
            return
        deadline = self._clock() + limit_s
        in_memory = sorted(self._states, key=lambda each: -each.used_at)
        waiting = [*more, *((each.tokens, each.data) for each in in_memory if each.data)]
        written: list[list[int]] = []
        for tokens, data in waiting:
            if tokens in written:
                continue  # a copy of what was still in the KV space
            if self._clock() > deadline:
                log.info("%d parked conversations were not written in time", len(waiting))
                return
            if len(tokens) >= LEAST_TOKENS:
                self._files.write(tokens, data)
                written.append(list(tokens))

    def _add(self, state: ParkedState) -> None:
        self._states.append(state)
        self._touch(state)

    def _touch(self, state: ParkedState) -> None:
        self._ticks += 1
        state.used_at = self._ticks

    def _shrink(self) -> None:
        while self.bytes_in_memory > self.budget_bytes:
            oldest = min(
                (each for each in self._states if each.data is not None),
                key=lambda each: each.used_at,
            )
            self._states.remove(oldest)
