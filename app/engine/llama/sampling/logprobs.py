"""Log-probabilities from the logits that a decode left behind, one row at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.llama.native import llama_cpp

Logits = NDArray[np.float32]


def row(context: Any, index: int, size: int) -> Logits:
    """The logits of one output of the last decode, in llama.cpp's memory: the next decode ends it.

    Raises:
        IndexError: the last decode left no such output.
    """
    pointer = llama_cpp.llama_get_logits_ith(context, index)
    if not pointer:
        raise IndexError(f"the last decode has no output {index}")
    logits: Logits = np.ctypeslib.as_array(pointer, (size,))
    return logits


def log_total(logits: Logits) -> float:
    """What turns a logit into a log-probability when it is taken off it."""
    highest = float(logits.max())
    shares = np.exp(logits - np.float32(highest))
    return highest + float(np.log(shares.sum(dtype=np.float64)))


def logprob_of(logits: Logits, token: int) -> float:
    """Natural-log probability of one token."""
    return float(logits[token]) - log_total(logits)


def best(logits: Logits, count: int) -> tuple[tuple[int, float], ...]:
    """The most probable tokens with their log-probabilities, best first; ties by token."""
    count = min(count, len(logits))
    if count <= 0:
        return ()
    tokens = np.flatnonzero(logits >= lower_bound(logits, count))
    ordered = tokens[np.argsort(-logits[tokens], kind="stable")][:count]
    total = log_total(logits)
    return tuple((int(token), float(logits[token]) - total) for token in ordered)


def is_best(logits: Logits, token: int) -> bool:
    """Whether greedy decoding would choose this token."""
    return int(logits.argmax()) == token


def lower_bound(logits: Logits, count: int) -> float:
    """A value that at least so many logits reach, and not many more; without sorting them all."""
    width = int(len(logits) ** 0.5)
    whole = logits[: len(logits) // width * width]
    highest = whole.reshape(-1, width).max(axis=1)
    if count > len(highest):
        return float(np.partition(logits, len(logits) - count)[len(logits) - count])
    return float(np.partition(highest, len(highest) - count)[len(highest) - count])
