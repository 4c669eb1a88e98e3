"""Which sequence of the KV space holds the state of which tokens, and where a prompt can join in.

A sequence is live while a task computes with it, and parked afterwards: its cells stay as long as
nobody needs them. When they are needed, parked sequences move out to main memory, least recently
used first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from app.engine.llama.kv.cells import CellLedger
from app.engine.llama.kv.parking import (
    LEAST_TOKENS,
    ParkedState,
    ParkedStates,
    StateBytes,
    common_prefix,
)

log = logging.getLogger(__name__)

_ROOM_TO_GO_ON = 128


class SequenceMemory(Protocol):
    """What the KV space of a context can do with one sequence. Lengths are positions."""

    def cut(self, sequence: int, length: int) -> bool:
        """Keep the first `length` positions; False when that cannot be done."""

    def copy(self, source: int, target: int, length: int) -> None:
        """Let `target` share the first `length` positions of `source`."""

    def clear(self, sequence: int) -> None:
        """Forget all of a sequence."""

    def size(self, sequence: int) -> int:
        """Bytes of the state of a sequence."""

    def save(self, sequence: int) -> StateBytes:
        """The whole state of a sequence; empty when it cannot be had."""

    def restore(self, sequence: int, state: StateBytes) -> bool:
        """Put a state back; False when it is refused."""


@dataclass(slots=True, eq=False)
class KvSequence:
    """One sequence of the KV space.

    Attributes:
        id: its number in llama.cpp.
        tokens: the tokens whose state it holds.
        is_live: a task computes with it.
        keep: it is worth main memory when its cells are needed.
        is_copied: since it was parked, a copy was made in main memory, or found too large.
        reused: tokens it held when its present task began.
    """

    id: int
    tokens: list[int] = field(default_factory=list)
    is_live: bool = True
    keep: bool = True
    is_copied: bool = False
    reused: int = 0
    used_at: int = 0

    @property
    def length(self) -> int:
        """Tokens it holds."""
        return len(self.tokens)


class SequencePool:
    """All sequences of one context."""

    def __init__(
        self,
        memory: SequenceMemory,
        parked: ParkedStates,
        *,
        count: int,
        cells: int,
        can_cut: bool = True,
        take_over: Callable[[int, int], int] = lambda known, _length: known,
    ) -> None:
        """Own every sequence of a context.

        Args:
            memory: the KV space.
            parked: where state goes that has to leave it.
            count: sequences that llama.cpp was told to expect.
            cells: size of the KV space.
            can_cut: False for recurrent and hybrid models: their state is all or nothing.
            take_over: of so many known tokens of a prompt of this length, how many to use.
        """
        self.ledger = CellLedger(cells)
        self.parked = parked
        self.can_cut = can_cut
        self._take_over = take_over if can_cut else lambda known, _length: known
        self._memory = memory
        self._free = list(range(count - 1, -1, -1))
        self._held: dict[int, KvSequence] = {}
        self._ticks = 0

    def __iter__(self) -> Iterator[KvSequence]:
        return iter(self._held.values())

    @property
    def count(self) -> int:
        """Sequences that hold something or are about to."""
        return len(self._held)

    def open(self, prompt: list[int], *, most_reused: int, cells: int) -> KvSequence | None:
        """A live sequence that holds as much of a prompt as is known already.

        Args:
            prompt: all tokens of the prompt.
            most_reused: tokens that may come from former computations at most.
            cells: room that must be there for what is not known yet, beside the prompt.

        Returns:
            None when there is no room now; nothing was changed that matters then.
        """
        usable = prompt[:most_reused]
        resident = self._best_resident(usable)
        source, common = resident or (None, 0)
        stored = self.parked.best([*usable, -1], whole=not self.can_cut)
        if stored is not None and stored[1] > common:
            source = None
        self._clear_away(source)
        if stored is not None and source is None:
            known = self._take_over(stored[1], len(prompt))
            sequence = self._from_parked(stored[0], known, prompt, cells)
        elif source is not None:
            common = self._take_over(common, len(prompt))
            sequence = self._from_resident(source, common, len(prompt) - common + cells)
        else:
            sequence = self._fresh(len(prompt) + cells)
        return sequence

    def copy_one(self) -> bool:
        """Copy something parked to main memory while nobody waits; False when there is nothing.

        Then its cells can be given up at once when they are needed.
        """
        for sequence in self:
            if sequence.is_live or not sequence.keep or sequence.is_copied:
                continue
            sequence.is_copied = True  # or not worth it; either way it is not looked at again
            if self._memory.size(sequence.id) <= self.parked.budget_left:
                self._keep_copy(sequence)
                return True
        return False

    def grow(self, sequence: KvSequence, tokens: list[int], cells: int = 0) -> None:
        """More tokens were computed; `cells` says how many cells they took, if not one each."""
        sequence.tokens += tokens
        self.ledger.grow(sequence.id, cells or len(tokens))

    def cut(self, sequence: KvSequence, length: int) -> bool:
        """Go back to the first `length` tokens; False, and an empty sequence, when impossible."""
        if length < sequence.length or length == 0:
            if not self.forget_beyond(sequence, length):
                return False
            del sequence.tokens[length:]
            self.ledger.cut(sequence.id, length)
        return True

    def forget_beyond(self, sequence: KvSequence, length: int) -> bool:
        """Drop what was half computed behind the first `length` tokens.

        False when that cannot be done without the rest: then all of it is gone.
        """
        if self._memory.cut(sequence.id, length):
            return True
        self._memory.clear(sequence.id)
        sequence.tokens.clear()
        self.ledger.cut(sequence.id, 0)
        return False

    def park(self, sequence: KvSequence, *, keep: bool) -> None:
        """A task is done with a sequence; it stays where it is until its cells are needed."""
        if not sequence.tokens:
            self.drop(sequence)
            return
        sequence.is_live, sequence.keep, sequence.is_copied = False, keep, False
        self._touch(sequence)
        for other in [each for each in self if each is not sequence and not each.is_live]:
            # What is wholly contained in the new one spares nobody anything more.
            if sequence.tokens[: other.length] == other.tokens and self.can_cut:
                self.drop(other)

    def drop(self, sequence: KvSequence) -> None:
        """Forget a sequence."""
        self._memory.clear(sequence.id)
        self.ledger.drop(sequence.id)
        del self._held[sequence.id]
        self._free.append(sequence.id)

    def save(self, sequence: KvSequence) -> StateBytes:
        """The state of a sequence as bytes; empty when it cannot be had."""
        return self._memory.save(sequence.id)

    def checkpoint(self, sequence: KvSequence) -> None:
        """Park a copy of the state as it is now, for models that cannot be cut back to it."""
        self.parked.put(sequence.tokens, self._memory.save(sequence.id), can_cut=self.can_cut)

    def put_back(self, tokens: list[int], state: StateBytes) -> KvSequence | None:
        """Restore a sequence that was moved out while its task waited; None without room."""
        # Some room to go on with, or it would have to leave again at once.
        sequence = self._fresh(min(len(tokens) + _ROOM_TO_GO_ON, self.ledger.capacity))
        if sequence is None:
            return None
        if not self._restore(sequence, tokens, state):
            self.drop(sequence)
            return self._fresh(0)
        return sequence

    def make_room(self, cells: int) -> bool:
        """Move parked sequences out until so many cells are free; False when that is not enough."""
        while self.ledger.free < cells:
            oldest = self._oldest_parked()
            if oldest is None:
                return False
            self._move_out(oldest)
        return True

    def forget_parked(self) -> None:
        """Leave no trace of what is parked, on disk neither."""
        self._drop_parked()
        self.parked.forget_all()

    def replace_parked(self, parked: ParkedStates) -> None:
        """Go on with other parked states: those computed so far are not valid any more."""
        self._drop_parked()
        self.parked = parked

    def _drop_parked(self) -> None:
        for sequence in [each for each in self if not each.is_live]:
            self.drop(sequence)

    def save_parked(self, limit_s: float) -> None:
        """Write what is parked to disk, last used first."""
        resident = sorted(
            (each for each in self if not each.is_live and each.keep),
            key=lambda each: -each.used_at,
        )
        self.parked.save([(each.tokens, self.save(each)) for each in resident[:4]], limit_s)

    def _clear_away(self, source: KvSequence | None) -> None:
        """Move out what is parked and of no use to the newcomer.

        Its cells would be in the way: llama.cpp looks at them too, and what comes behind them makes
        attention slower from then on.
        """
        for sequence in [each for each in self if not each.is_live and each is not source]:
            if not sequence.keep or self.parked.budget_bytes > 0:
                self._move_out(sequence)

    def _best_resident(self, usable: list[int]) -> tuple[KvSequence, int] | None:
        best: tuple[KvSequence, int] | None = None
        for sequence in self:
            common = common_prefix(sequence.tokens, usable)
            if not self.can_cut and common < sequence.length:
                continue
            better = best is None or common > best[1]
            # Of two that hold as much, the parked one needs no second sequence.
            even = best is not None and common == best[1] and best[0].is_live
            if common and (better or (even and not sequence.is_live)):
                best = sequence, common
        return best

    def _from_resident(self, source: KvSequence, common: int, cells: int) -> KvSequence | None:
        loss = source.length - common
        if source.is_live:
            return self._beside(source, common, cells)
        if source.keep and loss >= LEAST_TOKENS:
            if not self.parked.budget_bytes:
                target = self._beside(source, common, cells)
                if target is not None:
                    return target
            self._keep_copy(source)  # its end leaves the KV space
        source.is_live = True  # so that making room does not take it
        if self.make_room(cells - loss) and self.cut(source, common):
            source.reused = common
            self._touch(source)
            return source
        source.is_live = False
        return None if source.tokens else self._fresh(common + cells)

    def _beside(self, source: KvSequence, common: int, cells: int) -> KvSequence | None:
        """A new sequence that shares the beginning of another."""
        was_live, source.is_live = source.is_live, True  # so that making room does not take it
        target = self._fresh(cells)
        source.is_live = was_live
        if target is None:
            return None
        self._memory.copy(source.id, target.id, common)
        self.ledger.copy(source.id, target.id, common)
        target.tokens = source.tokens[:common]
        target.reused = common
        self._touch(source)
        return target

    def _from_parked(
        self, state: ParkedState, common: int, prompt: list[int], cells: int
    ) -> KvSequence | None:
        needed = max(len(prompt) + cells, len(state.tokens))
        sequence = self._fresh(needed) if needed <= self.ledger.capacity else None
        if sequence is None:
            return self._fresh(len(prompt) + cells)
        data = self.parked.read(state)
        if data is None or not self._restore(sequence, state.tokens, data):
            self.parked.forget(state)
            return sequence
        if not self.cut(sequence, common):
            return sequence
        if common == len(state.tokens) and state.data is not None and self.can_cut:
            self.parked.forget(state)  # it moved; a checkpoint stays, it is good for more than once
        sequence.reused = common
        return sequence

    def _restore(self, sequence: KvSequence, tokens: list[int], data: StateBytes) -> bool:
        if not self._memory.restore(sequence.id, data):
            log.info("parked state was refused; its %d tokens are computed again", len(tokens))
            self._memory.clear(sequence.id)
            return False
        sequence.tokens = list(tokens)
        self.ledger.grow(sequence.id, len(tokens))
        return True

    def _fresh(self, cells: int) -> KvSequence | None:
        if not self.make_room(cells):
            return None
        if not self._free:
            oldest = self._oldest_parked()
            if oldest is None:
                return None
            self._move_out(oldest)
        sequence = KvSequence(self._free.pop())
        self._held[sequence.id] = sequence
        self._touch(sequence)
        return sequence

    def _oldest_parked(self) -> KvSequence | None:
        parked = [each for each in self if not each.is_live]
        return min(parked, key=lambda each: (each.keep, each.used_at), default=None)

    def _move_out(self, sequence: KvSequence) -> None:
        self._keep_copy(sequence)
        self.drop(sequence)

    def _keep_copy(self, sequence: KvSequence) -> None:
        if not sequence.keep or self.parked.holds(sequence.tokens):
            return
        if state := self._memory.save(sequence.id):
            self.parked.put(sequence.tokens, state, can_cut=self.can_cut)

    def _touch(self, sequence: KvSequence) -> None:
        self._ticks += 1
        sequence.used_at = self._ticks
