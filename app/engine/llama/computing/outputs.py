"""The outputs of one task in one step of the native context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from app.engine.llama.sampling.chain import SamplerChain


class Outputs:
    """Logits of a run of tokens, read where llama.cpp left them. Valid until the next step."""

    def __init__(self, context: Any, first: int, position: int, count: int, width: int) -> None:
        """Name them.

        Args:
            context: the native context.
            first: index in the batch of the first token with an output.
            position: index of that token in its task.
            count: how many tokens with outputs follow one another.
            width: logits of each, the size of the vocabulary.
        """
        self.position = position
        self.count = count
        self._context = context
        self._first = first
        self._width = width

    def sample(self, sampler: SamplerChain, offset: int, forbidden: frozenset[int]) -> int:
        """Draw the token that follows number `offset`."""
        index = self._first + offset
        if forbidden:
            return sampler.sample_without(self._context, index, forbidden)
        return sampler.sample(self._context, index)

    def row(self, offset: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        """The logits after number `offset`; shape (vocabulary,)."""
        from app.engine.llama.sampling import logprobs  # numpy is not needed for plain replies

        return logprobs.row(self._context, self._first + offset, self._width)
