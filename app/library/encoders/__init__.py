"""Turning text into vectors: what an encoder is. `opening.open_encoder` finds the best one here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from app.base.jobs import CancelToken

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

DIMENSIONS = 384
# The model was trained on 256 wordpieces, two of which are its start and end marks.
MAX_TOKENS = 256

Done = Callable[[Sequence[int]], None]


class Encoder(Protocol):
    """Gives texts vectors of length 1, so that a dot product is their cosine."""

    name: str

    def embed(
        self,
        texts: Sequence[str],
        *,
        cancel: CancelToken | None = None,
        on_done: Done | None = None,
    ) -> Vectors:
        """One row a text, in order; `on_done` hears the indexes of each batch that is through."""

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Wordpieces of each text, whole and without the start and end marks."""

    def close(self) -> None:
        """Let the threads go."""
