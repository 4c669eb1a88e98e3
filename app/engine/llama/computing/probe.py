"""Times single decoding steps of a context that nobody uses yet."""

from __future__ import annotations

import time

from app.engine.llama.computing.batch import TokenBatch
from app.engine.llama.computing.context import Computed, Context
from app.engine.llama.kv.memory import ContextMemory

_SEQUENCE = 0


class StepProbe:
    """Computes one token after the other in a sequence that is forgotten afterwards."""

    def __init__(self, context: Context, token: int) -> None:
        """Use any valid token; what it says does not matter for the time it takes."""
        self._context = context
        self._token = max(token, 0)
        self._batch = TokenBatch(1)
        self._position = 0

    def seconds(self, threads: int) -> float:
        """How long a step takes with so many threads; infinitely when it cannot be computed."""
        self._context.set_threads(threads, threads)
        self._batch.clear()
        self._batch.add(_SEQUENCE, self._position, [self._token], [True])
        started = time.perf_counter()
        result = self._context.compute(self._batch)
        taken = time.perf_counter() - started
        self._position += 1
        return taken if result == Computed.DONE else float("inf")

    def close(self) -> None:
        """Forget the tokens and give the batch's memory back."""
        ContextMemory(self._context.handle).clear(_SEQUENCE)
        self._batch.close()
