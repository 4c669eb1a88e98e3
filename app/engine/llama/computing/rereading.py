"""When it is quicker to read some known tokens again.

On processors llama.cpp's flash attention has a quick form for each 64 tokens of a slice, and a slow
one for the rest. After a long history, reading 64 tokens can so be quicker than reading 40.
"""

from __future__ import annotations

from typing import Any

from app.engine.llama.native import llama_cpp

_TILE = 64  # tokens from which on the quick form is taken
_LEAST_HISTORY = 1000  # below, there is little to gain
# Time per operation of attention against that of the weights, measured with a 0.6B model.
_QUICK, _SLOW = 8.0, 25.0


class Rereading:
    """Says how much of a known beginning to use."""

    def __init__(self, attention_share: float) -> None:
        """Take the operations of attention for one cell, as a share of those of all weights."""
        self._quick = _QUICK * attention_share
        self._slow = _SLOW * attention_share

    @classmethod
    def of_model(cls, model: Any) -> Rereading:
        """By the sizes of a native model."""
        width = llama_cpp.llama_model_n_embd(model)
        layers = llama_cpp.llama_model_n_layer(model)
        weights = max(llama_cpp.llama_model_n_params(model), 1)
        return cls(2 * layers * width / weights)

    def __call__(self, known: int, length: int) -> int:
        """Tokens to take over from a former computation.

        Args:
            known: tokens that could be taken over.
            length: of the whole prompt.
        """
        rest = (length - known) % _TILE
        if known < _LEAST_HISTORY or not rest:
            return known
        slow = rest * (1 + self._slow * known)
        quick = _TILE * (1 + self._quick * known)
        return known - (_TILE - rest) if quick < slow else known
