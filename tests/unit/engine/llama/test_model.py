from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.base.jobs import CancelToken
from app.engine.llama.model import LlamaModel
from app.engine.llama.native import llama_cpp
from app.engine.options import ALL_LAYERS, LoadOptions
from app.engine.protocol import Load
from app.engine.waiting import cores
from tests.doubles.random_gguf import tiny_random


@contextmanager
def loaded(path: Path, **changes: Any) -> Iterator[LlamaModel]:
    options = replace(LoadOptions(context_length=256, threads=1, keep_on_disk=False), **changes)
    model = LlamaModel(Load(str(path), options), CancelToken())
    try:
        yield model
    finally:
        model.close()


def settled(count: Callable[[], int]) -> int:
    """A number of threads once it no longer falls; threads take a moment to end."""
    least, since = count(), time.monotonic()
    never = threading.Event()
    while time.monotonic() - since < 0.5:
        never.wait(0.02)
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


def test_where_there_is_no_card_no_layers_are_said_to_be_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llama_cpp, "llama_supports_gpu_offload", lambda: False)
    tiny_random(tmp_path / "model.gguf")
    with loaded(tmp_path / "model.gguf", gpu_layers=ALL_LAYERS) as model:
        assert model.facts.gpu_layers == 0
