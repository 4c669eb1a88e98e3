"""One native batch, filled anew for each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.engine.llama.native import llama_cpp


class TokenBatch:
    """Tokens of several sequences that are computed together."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._batch: Any = llama_cpp.llama_batch_init(capacity, 0, 1)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def native(self) -> Any:
        """The batch as `llama_decode` takes it."""
        self._batch.n_tokens = self._size
        return self._batch

    def clear(self) -> None:
        """Start over."""
        self._size = 0

    def add(
        self, sequence: int, position: int, tokens: Sequence[int], outputs: Sequence[bool]
    ) -> int:
        """Append tokens of one sequence; the index of the first in the batch."""
        batch, first = self._batch, self._size
        if first + len(tokens) > self.capacity:
            raise ValueError(f"{first + len(tokens)} tokens in a batch of {self.capacity}")
        token, place, count = batch.token, batch.pos, batch.n_seq_id
        owner, wanted = batch.seq_id, batch.logits
        for offset, each in enumerate(tokens):
            index = first + offset
            token[index] = each
            place[index] = position + offset
            count[index] = 1
            owner[index][0] = sequence
            wanted[index] = outputs[offset]
        self._size = first + len(tokens)
        return first

    def close(self) -> None:
        """Give the memory back."""
        if self.capacity:
            llama_cpp.llama_batch_free(self._batch)
            self.capacity = 0
