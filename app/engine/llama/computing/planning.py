"""Decides what the next step computes: whose tokens, how many, and for how long.

Replies under way get a token each in every step. Prompts are read in slices beside them, so that a
running reply never pauses for longer than a slice. People go before background work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

# How long a slice of a prompt may take: beside a reply that a person reads, when a person might
# come who then has to wait for its end, and when nobody has to.
SHARED_SLICE_S, BACKGROUND_SLICE_S, SOLE_SLICE_S = 0.15, 0.4, 2.5
_FIRST_SLICE, _LEAST_SLICE = 64, 16
# Slices that nobody shares are cut so far from the end, whatever the pace: measured, a prompt then
# comes to the same numbers to the last bit however it is sliced.
_GRAIN = 64
# While a person waits, so many background replies are decoded along, and background prompts get
# at most one part of the time in so many.
_BESIDE = 2
_BACKGROUND_PART = 4
# Guesses pay when few replies share a step; then the step's cost hardly grows with its tokens.
_MOST_GUESSING = 2


class Plannable(Protocol):
    """What the planner asks of a task."""

    served: int

    @property
    def is_interactive(self) -> bool:
        """Whether a person waits for it."""

    @property
    def ahead(self) -> int:
        """Known tokens that are still to be computed."""

    @property
    def is_reading(self) -> bool:
        """Whether more than the last token of its prompt is still to be computed."""


T = TypeVar("T", bound=Plannable)


@dataclass(frozen=True, slots=True)
class Share(Generic[T]):
    """So many tokens of a task are in the next step.

    Attributes:
        tokens: known ones, from the first that is not computed yet.
        guesses: how many guessed ones may follow.
    """

    task: T
    tokens: int
    guesses: int = 0


class SlicePace:
    """How many tokens of a prompt take how long, learned from the slices computed so far."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._per_token_s = 0.0
        self.last_s = 0.0

    def size(self, seconds: float) -> int:
        """Tokens that take about so long."""
        if not self._per_token_s:
            return min(_FIRST_SLICE, self._most)
        fitting = int(seconds / self._per_token_s)
        if fitting < 2 * _LEAST_SLICE:
            return min(_LEAST_SLICE, self._most)
        return min(fitting // _LEAST_SLICE * _LEAST_SLICE, self._most)

    def note(self, tokens: int, seconds: float) -> None:
        """A slice was computed."""
        self.last_s = seconds
        if tokens >= _LEAST_SLICE:
            now = seconds / tokens
            old = self._per_token_s
            self._per_token_s = now if not old else old + 0.3 * (now - old)


class Planner(Generic[T]):
    """Plans one step after the other."""

    def __init__(
        self,
        batch: int,
        *,
        micro_batch: int = _GRAIN,
        most_guesses: int = 0,
        sole_slice_s: float = SOLE_SLICE_S,
        background_slice_s: float = BACKGROUND_SLICE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with nothing known about the pace.

        Args:
            batch: most tokens of a step.
            micro_batch: tokens of one pass through the graph.
            most_guesses: guessed tokens for a reply; 0 for none.
            sole_slice_s: how long a slice may take that nobody else waits for.
            background_slice_s: how long one for background work alone may take.
            clock: seconds.
        """
        self.pace = SlicePace(batch)
        self._batch = batch
        self._micro_batch = max(micro_batch // _GRAIN, 1) * _GRAIN
        self._most_guesses = most_guesses
        self._sole_slice_s = sole_slice_s
        self._background_slice_s = min(background_slice_s, sole_slice_s)
        self._clock = clock
        self._step = 0
        self._background_from = 0.0

    def plan(self, tasks: Sequence[T]) -> list[Share[T]]:
        """What to compute next, of tasks that all have a sequence."""
        self._step += 1
        replies = self._replies(tasks)
        shares = [Share(each, 1, self._guesses(replies)) for each in replies]
        room = self._batch - sum(share.tokens + share.guesses for share in shares)
        for task, tokens in self._slices([each for each in tasks if each.is_reading], shares, room):
            shares.append(Share(task, tokens))
            task.served = self._step
        return shares

    def note(self, shares: Sequence[Share[T]], seconds: float) -> None:
        """A planned step was computed."""
        read = [share for share in shares if share.task.is_reading or share.tokens > 1]
        if not read:
            return
        self.pace.note(sum(share.tokens for share in shares), seconds)
        if not any(share.task.is_interactive for share in read):
            self._background_from = self._clock() + seconds * (_BACKGROUND_PART - 1)

    def _replies(self, tasks: Sequence[T]) -> list[T]:
        replies = [each for each in tasks if not each.is_reading]
        if not any(each.is_interactive for each in tasks):
            return replies
        others = [each for each in replies if not each.is_interactive]
        others.sort(key=lambda each: each.served)
        for each in others[:_BESIDE]:
            each.served = self._step
        return [each for each in replies if each.is_interactive] + others[:_BESIDE]

    def _guesses(self, replies: list[T]) -> int:
        return self._most_guesses if len(replies) <= _MOST_GUESSING else 0

    def _slices(self, reading: list[T], beside: list[Share[T]], room: int) -> list[tuple[T, int]]:
        people = [each for each in reading if each.is_interactive]
        waited_for = any(share.task.is_interactive for share in beside)
        if not people and waited_for and self._clock() < self._background_from:
            return []
        left = min(room, self.pace.size(self._slice_s(len(people), waited_for=waited_for)))
        if len(reading) == 1 and not beside:
            return [(reading[0], _in_grains(reading[0].ahead, left, self._micro_batch))]
        slices: list[tuple[T, int]] = []
        # People in turn, so that a long prompt does not keep short ones waiting; background work
        # one after the other, so that replies begin soon and many of them share the next steps.
        for task in sorted(people, key=lambda each: each.served) or reading:
            part = min(task.ahead, left)
            if part < 1:
                break
            slices.append((task, part))
            left -= part
        return slices

    def _slice_s(self, people: int, *, waited_for: bool) -> float:
        if waited_for:
            return min(SHARED_SLICE_S, self._sole_slice_s)
        if people > 1:
            return min(BACKGROUND_SLICE_S, self._sole_slice_s)
        return self._sole_slice_s if people else self._background_slice_s


def _in_grains(ahead: int, most: int, micro_batch: int) -> int:
    """A slice of whole micro-batches or, if it is smaller, grains; what is neither comes first.

    llama.cpp takes as long for it as for a grain and more, and longest behind a long history.
    """
    rest = ahead % _GRAIN
    if rest or most < _GRAIN:
        return min(rest or ahead, most)
    whole = micro_batch if most >= micro_batch else _GRAIN
    return min(ahead, most // whole * whole)
