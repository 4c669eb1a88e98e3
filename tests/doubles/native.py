"""llama.cpp without the engine around it, for tests of the engine's parts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.engine.llama.native import llama_cpp

BATCH = 256


@contextmanager
def native_model(path: Path, *, gpu_layers: int = 0) -> Iterator[Any]:
    """The native model of a file."""
    params = llama_cpp.llama_model_default_params()
    params.n_gpu_layers = gpu_layers
    model = llama_cpp.llama_model_load_from_file(os.fsencode(path), params)
    assert model, path
    try:
        yield model
    finally:
        llama_cpp.llama_model_free(model)


@contextmanager
def native_context(model: Any, *, length: int = 512, sequences: int = 4) -> Iterator[Any]:
    """A context as the engine makes it: several sequences in one KV space, one thread."""
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = length
    params.n_batch = params.n_ubatch = min(length, BATCH)
    params.n_seq_max = sequences
    params.kv_unified = True
    params.n_threads = params.n_threads_batch = 1
    context = llama_cpp.llama_init_from_model(model, params)
    assert context
    try:
        yield context
    finally:
        llama_cpp.llama_free(context)


def decode(context: Any, tokens: Sequence[int], *, sequence: int = 0, position: int = 0) -> Any:
    """The logits after each of some tokens, as an array."""
    import numpy as np

    batch = llama_cpp.llama_batch_init(len(tokens), 0, 1)
    batch.n_tokens = len(tokens)
    for index, token in enumerate(tokens):
        batch.token[index] = token
        batch.pos[index] = position + index
        batch.n_seq_id[index] = 1
        batch.seq_id[index][0] = sequence
        batch.logits[index] = True
    result = llama_cpp.llama_decode(context, batch)
    llama_cpp.llama_batch_free(batch)
    assert result == 0, result
    vocabulary = llama_cpp.llama_model_get_vocab(llama_cpp.llama_get_model(context))
    size = llama_cpp.llama_vocab_n_tokens(vocabulary)
    logits = llama_cpp.llama_get_logits(context)
    return np.ctypeslib.as_array(logits, shape=(len(tokens), size)).copy()


def clear(context: Any) -> None:
    """Forget every sequence."""
    llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
