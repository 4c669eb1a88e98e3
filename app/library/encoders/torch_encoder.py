"""The embedder on sentence-transformers, for computers where no export can be made."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.base.jobs import CancelToken
from app.library.encoders import DIMENSIONS, Done
from app.library.encoders.wordpieces import Wordpieces

if TYPE_CHECKING:
    from app.library.encoders import Vectors


class TorchEncoder:
    """Slower to start and to run, needs more memory, gives the same vectors as ONNX in fp32."""

    def __init__(self, name: str, folder: Path, words: Wordpieces) -> None:
        """Load the model from its folder; nothing is looked up on the network."""
        os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported
        # Seconds to import, hundreds of megabytes: only where it is the last resort.
        from sentence_transformers import SentenceTransformer

        self.name = name
        self._transformer: Any = SentenceTransformer(
            str(folder), device="cpu", local_files_only=True
        )
        self._words = words

    def embed(
        self,
        texts: Sequence[str],
        *,
        cancel: CancelToken | None = None,
        on_done: Done | None = None,
    ) -> Vectors:
        """One unit vector a text, in order."""
        vectors: Vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
        # The batches are only used for their order and size; the model tokenizes again.
        for batch in self._words.batches(texts):
            if cancel is not None:
                cancel.check()
            vectors[list(batch.indexes)] = self._transformer.encode(
                [texts[index] for index in batch.indexes],
                batch_size=len(batch.indexes),
                normalize_embeddings=True,
                show_progress_bar=False,
            )
            if on_done is not None:
                on_done(batch.indexes)
        return vectors

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Wordpieces of each text."""
        return self._words.count(texts)

    def close(self) -> None:
        """Nothing to let go."""
