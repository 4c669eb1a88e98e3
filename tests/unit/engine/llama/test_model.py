from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from app.base.jobs import CancelToken
from app.engine.llama.model import LlamaModel
from app.engine.options import LoadOptions
from app.engine.protocol import Load
from app.engine.waiting import cores
from tests.doubles.random_gguf import tiny_random


@contextmanager
def loaded(path: Path, threads: int) -> Iterator[LlamaModel]:
    options = LoadOptions(context_length=256, threads=threads, keep_on_disk=False)
    model = LlamaModel(Load(str(path), options), CancelToken())
    try:
        yield model
    finally:
        model.close()


def settled(count: Callable[[], int]) -> int:
    """A number of threads once it no longer falls; threads take a moment to end."""
    least, since = count(), time.monotonic()
    while time.monotonic() - since < 0.5:
        time.sleep(0.02)
        if (now := count()) < least:
            least, since = now, time.monotonic()
    return least


@pytest.mark.skipif(sys.platform != "linux", reason="another OpenMP elsewhere")
@pytest.mark.skipif(cores() < 2, reason="one thread computes here")
def test_measuring_how_many_threads_decode_leaves_none_behind(tmp_path: Path) -> None:
    tiny_random(tmp_path / "model.gguf")
    threads = psutil.Process().num_threads
    before = settled(threads)
    with loaded(tmp_path / "model.gguf", threads=1):
        unmeasured = settled(threads) - before
    before = settled(threads)
    with loaded(tmp_path / "model.gguf", threads=0):
        assert settled(threads) - before == unmeasured
