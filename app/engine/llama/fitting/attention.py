"""Which way of computing attention is quicker here, and on which numbers, where it is left open.

llama.cpp takes flash attention where it can. On processors that is right for memory only. Measured
with a 0.6B model on two cores, a token behind 2,000 others took 67 ms with it and 51 ms without,
one behind 7,000 took 176 and 95, and reading 7,000 tokens 73 and 48 s. Without it the scores of all
cells are in memory at once, for each head and each token of a micro-batch; so the micro-batch is
kept small, which costs no time on processors, and a context of great length goes back to flash
attention.

Without it, a processor that multiplies bf16 is quicker with a KV cache of that: the same model read
512 tokens in 2.9 instead of 3.3 s, and sixteen rows behind 2,500 cells took 200 instead of 225 ms.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psutil

from app.engine.llama.native import llama_cpp
from app.engine.options import WHOLE_KV_TYPES, KvType, LoadOptions, Switch

_MICRO_BATCH = 128  # as quick as 512 on processors
_SCORE_BYTES = 4
_MEMORY_SHARE = 1 / 32  # of main memory, for the scores


def settled(options: LoadOptions, model: Any, *, length: int, on_card: bool) -> LoadOptions:
    """The options with all about attention decided; for the arguments see `with_attention`."""
    options = with_attention(options, model, length=length, on_card=on_card)
    is_off = options.flash_attention is Switch.OFF
    best = KvType.BF16 if is_off and not on_card and computes_bf16() else KvType.F16
    k, v = (
        best if each is KvType.AUTO else each for each in (options.kv_type_k, options.kv_type_v)
    )
    return replace(options, kv_type_k=k, kv_type_v=v)


def computes_bf16() -> bool:
    """Whether the processor multiplies bf16, and llama.cpp was built for that."""
    return "AVX512_BF16 = 1" in llama_cpp.llama_print_system_info().decode("utf-8", "replace")


def with_attention(options: LoadOptions, model: Any, *, length: int, on_card: bool) -> LoadOptions:
    """The options with the choice made, unless they have one or llama.cpp chooses as well.

    Args:
        options: what was asked.
        model: the native model.
        length: tokens of KV space.
        on_card: whether a graphics card computes.
    """
    chosen = options.flash_attention is not Switch.AUTO or options.kv_type_v not in WHOLE_KV_TYPES
    if on_card or chosen:
        return options
    rows = min(options.micro_batch, _MICRO_BATCH)
    scores = llama_cpp.llama_model_n_head(model) * length * rows * _SCORE_BYTES
    if scores > psutil.virtual_memory().total * _MEMORY_SHARE:
        return options
    return replace(options, flash_attention=Switch.OFF, micro_batch=rows)
