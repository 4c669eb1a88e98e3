"""Loads a GGUF file with llama.cpp alone and prints what came of it, as JSON; run as a program.

    python -m tests.unit.engine.gguf_probe FILE [ADAPTER SCALE]

llama.cpp may end the process, so this is never run in a test's own.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
import llama_cpp  # noqa: TID253  # a program of its own

_PROMPT = b"ba de di 12"
_NO_POOLING = 0  # llama_pooling_type


def main(path: str, adapter: str = "", scale: str = "1") -> int:
    """Load, decode a prompt and one token more, and print."""
    model = llama_cpp.llama_model_load_from_file(
        path.encode(), llama_cpp.llama_model_default_params()
    )
    params = llama_cpp.llama_context_default_params()
    params.n_ctx, params.n_threads, params.n_threads_batch = 256, 1, 1
    context = llama_cpp.llama_init_from_model(model, params) if model else None
    if not context or (adapter and not _adapt(model, context, adapter, float(scale))):
        return 1
    result: dict[str, Any] = {
        "recurrent": llama_cpp.llama_model_is_recurrent(model),
        "hybrid": llama_cpp.llama_model_is_hybrid(model),
    }
    tokens = _tokens(model)
    if llama_cpp.llama_pooling_type(context) != _NO_POOLING:
        result |= _embed(model, context, tokens)
    else:
        result |= _decode_twice(model, context, tokens)
    sys.stdout.write(json.dumps(result))
    return 0


def _adapt(model: Any, context: Any, path: str, scale: float) -> bool:
    adapter = llama_cpp.llama_adapter_lora_init(model, path.encode())
    if not adapter:
        return False
    adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(adapter)
    return not llama_cpp.llama_set_adapters_lora(context, adapters, 1, (ctypes.c_float * 1)(scale))


def _tokens(model: Any) -> list[int]:
    vocabulary = llama_cpp.llama_model_get_vocab(model)
    tokens = (llama_cpp.llama_token * 64)()
    count = llama_cpp.llama_tokenize(vocabulary, _PROMPT, len(_PROMPT), tokens, 64, True, False)
    return list(tokens[:count])


def _embed(model: Any, context: Any, tokens: list[int]) -> dict[str, Any]:
    llama_cpp.llama_set_embeddings(context, True)
    _compute(context, tokens)
    vector = llama_cpp.llama_get_embeddings_seq(context, 0)
    return {"embedding": vector[: llama_cpp.llama_model_n_embd(model)]}


def _decode_twice(model: Any, context: Any, tokens: list[int]) -> dict[str, Any]:
    size = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    _compute(context, tokens)
    logits = llama_cpp.llama_get_logits_ith(context, -1)[:size]
    _compute(context, [logits.index(max(logits))])
    logits += llama_cpp.llama_get_logits_ith(context, -1)[:size]
    memory = llama_cpp.llama_get_memory(context)
    return {"logits": logits, "can_cut": llama_cpp.llama_memory_seq_rm(memory, 0, 2, -1)}


def _compute(context: Any, tokens: list[int]) -> None:
    array = (llama_cpp.llama_token * len(tokens))(*tokens)
    if llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(array, len(tokens))) != 0:
        raise SystemExit("llama_decode failed")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
