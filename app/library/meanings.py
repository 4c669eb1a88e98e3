"""Vectors of whole texts, however long: the encoder itself reads no more than a chunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.base.jobs import CancelToken
from app.library.chunking import chunk_parts
from app.library.encoders import DIMENSIONS, MAX_TOKENS, Encoder

_MARKS = 2  # the start and the end


@dataclass(frozen=True, slots=True)
class _Text:
    text: str


def embed_whole(
    encoder: Encoder, texts: Sequence[str], cancel: CancelToken | None = None
) -> tuple[tuple[float, ...], ...]:
    """One vector of length 1 a text: the mean over its chunks, weighted by their characters."""
    limit = MAX_TOKENS - _MARKS
    parts = [_Text(each) for each in texts]
    chunks = chunk_parts(
        parts, encoder.count_tokens, target=limit, overlap=0, limit=limit, cancel=cancel
    )
    weights = np.array([len(each.text) for each in chunks], np.float32)
    sums = np.zeros((len(texts), DIMENSIONS), np.float32)
    vectors = encoder.embed([each.text for each in chunks], cancel=cancel)
    np.add.at(sums, [each.part for each in chunks], vectors * weights[:, None])
    empty = sorted(set(range(len(texts))) - {each.part for each in chunks})
    if empty:
        sums[empty] = encoder.embed([""] * len(empty), cancel=cancel)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    units = sums / np.maximum(lengths, np.finfo(np.float32).tiny)
    return tuple(map(tuple, units.tolist()))
