"""The embedder on ONNX Runtime: one thread a batch, several batches at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from app.base.jobs import CancelToken
from app.library.encoders import DIMENSIONS, Done
from app.library.encoders.graph import INPUTS, OUTPUT
from app.library.encoders.wordpieces import Batch, Wordpieces

if TYPE_CHECKING:
    from app.library.encoders import Vectors

MAX_WORKERS: Final = 8


def worker_count(cores: int | None = None) -> int:
    """Threads to embed on: all but one core, yet two on two, since the window needs little."""
    cores = cores or os.cpu_count() or 1
    return cores if cores <= 2 else min(MAX_WORKERS, cores - 1)


class OnnxEncoder:
    """Runs an exported network. Safe on several threads at once.

    Each batch runs on one thread, so there are no barriers to spin at and a question that comes
    while documents are embedded costs its own milliseconds, not a place in a queue: the thread
    that asks always works itself, the pool only helps.
    """

    def __init__(self, name: str, network: Path, words: Wordpieces, workers: int = 0) -> None:
        """Load the network; raises what ONNX Runtime raises when the file is no good."""
        # Heavy and native: loaded when an encoder is opened, only in the library child.
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.name = name
        self._session: Any = onnxruntime.InferenceSession(
            str(network), options, providers=["CPUExecutionProvider"]
        )
        self._words = words
        self._workers = workers or worker_count()
        self._pool = ThreadPoolExecutor(max(1, self._workers - 1), thread_name_prefix="embed")

    def embed(
        self,
        texts: Sequence[str],
        *,
        cancel: CancelToken | None = None,
        on_done: Done | None = None,
    ) -> Vectors:
        """One unit vector a text, in order."""
        work = _Work(self._session, self._words.batches(texts), len(texts), cancel, on_done)
        helpers: list[Future[None]] = []
        if len(texts) > 1:
            helpers = [self._pool.submit(work.run) for _ in range(self._workers - 1)]
        try:
            work.run()
        finally:
            work.stop()
            for helper in helpers:
                if not helper.cancel():
                    helper.result()
        return work.vectors

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Wordpieces of each text."""
        return self._words.count(texts)

    def close(self) -> None:
        """Wait for the helpers to end."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class _Work:
    """Batches that several threads take from, and the rows they fill."""

    def __init__(
        self,
        session: Any,
        batches: Iterator[Batch],
        size: int,
        cancel: CancelToken | None,
        on_done: Done | None,
    ) -> None:
        self.vectors: Vectors = np.zeros((size, DIMENSIONS), np.float32)
        self._session = session
        self._batches = batches
        self._cancel = cancel
        self._on_done = on_done
        self._taking = threading.Lock()
        self._reporting = threading.Lock()
        self._stopped = False

    def run(self) -> None:
        """Embed batches until none is left, work was stopped, or it is cancelled."""
        while (batch := self._take()) is not None:
            feed = dict(zip(INPUTS, (batch.ids, batch.mask), strict=True))
            self.vectors[list(batch.indexes)] = self._session.run([OUTPUT], feed)[0]
            if self._on_done is not None:
                with self._reporting:
                    self._on_done(batch.indexes)

    def stop(self) -> None:
        """Let the other threads end after the batch they have."""
        self._stopped = True

    def _take(self) -> Batch | None:
        with self._taking:
            if self._stopped:
                return None
            if self._cancel is not None:
                self._cancel.check()
            return next(self._batches, None)
