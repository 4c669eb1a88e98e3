"""Which way of computing attention is quicker here, where that is left to the engine.

llama.cpp takes flash attention where it can. On processors that is right for memory only. Measured
with a 0.6B model on two cores, a token behind 2,000 others took 67 ms with it and 51 ms without,
one behind 7,000 took 176 and 95, and reading 7,000 tokens 73 and 48 s. Without it the scores of all
cells are in memory at once, for each head and each token of a micro-batch; so the micro-batch is
kept small, which costs no time on processors, and a context of great length goes back to flash
attention.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psutil

from app.engine.llama.native import llama_cpp
from app.engine.options import WHOLE_KV_TYPES, LoadOptions, Switch

_MICRO_BATCH = 128  # as quick as 512 on processors
_SCORE_BYTES = 4
_MEMORY_SHARE = 1 / 32  # of main memory, for the scores


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
