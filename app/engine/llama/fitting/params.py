"""Load options as llama.cpp's native parameters, looked at before llama.cpp sees them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from app.engine.errors import ModelLoadError
from app.engine.llama.fitting.backends import Backends
from app.engine.llama.native import llama_cpp
from app.engine.options import (
    ALL_LAYERS,
    AUTOMATIC_LAYERS,
    WHOLE_KV_TYPES,
    KvType,
    LoadOptions,
    Rope,
    RopeScaling,
    SplitMode,
    Switch,
)

_EVERY_LAYER = -1  # as llama.cpp has it
_MOST_CONTEXT = 2**24  # far above any model; the native number is 32 bits wide
_CONTEXT_STEP = 256
_PARKED_BESIDE = 8
_LEAST_OUTPUTS = 64
_HINT = "Change it under the load options of the model."

_KV_TYPES = {
    KvType.AUTO: llama_cpp.GGML_TYPE_F16,  # where nobody settled it
    KvType.F16: llama_cpp.GGML_TYPE_F16,
    KvType.BF16: 30,  # GGML_TYPE_BF16, which the binding leaves out
    KvType.F32: llama_cpp.GGML_TYPE_F32,
    KvType.Q8_0: llama_cpp.GGML_TYPE_Q8_0,
    KvType.Q5_1: llama_cpp.GGML_TYPE_Q5_1,
    KvType.Q5_0: llama_cpp.GGML_TYPE_Q5_0,
    KvType.Q4_1: llama_cpp.GGML_TYPE_Q4_1,
    KvType.Q4_0: llama_cpp.GGML_TYPE_Q4_0,
    KvType.IQ4_NL: llama_cpp.GGML_TYPE_IQ4_NL,
}
_FLASH_ATTENTION = {
    Switch.AUTO: llama_cpp.LLAMA_FLASH_ATTN_TYPE_AUTO,
    Switch.ON: llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED,
    Switch.OFF: llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED,
}
_SPLIT = {
    SplitMode.NONE: llama_cpp.LLAMA_SPLIT_MODE_NONE,
    SplitMode.LAYER: llama_cpp.LLAMA_SPLIT_MODE_LAYER,
    SplitMode.ROW: llama_cpp.LLAMA_SPLIT_MODE_ROW,
}
_ROPE = {
    RopeScaling.MODEL: llama_cpp.LLAMA_ROPE_SCALING_TYPE_UNSPECIFIED,
    RopeScaling.NONE: llama_cpp.LLAMA_ROPE_SCALING_TYPE_NONE,
    RopeScaling.LINEAR: llama_cpp.LLAMA_ROPE_SCALING_TYPE_LINEAR,
    RopeScaling.YARN: llama_cpp.LLAMA_ROPE_SCALING_TYPE_YARN,
}


class _Override(ctypes.Structure):
    """llama_model_tensor_buft_override, which the binding leaves out."""

    _fields_ = [("pattern", ctypes.c_char_p), ("where", ctypes.c_void_p)]


@dataclass(frozen=True, slots=True)
class NativeParams:
    """Native parameters, and what they point to, which must live until they were used."""

    native: Any
    kept: tuple[object, ...] = ()


def model_params(
    options: LoadOptions,
    *,
    gpu_layers: int | None = None,
    progress: Callable[[float], bool] | None = None,
    without_weights: bool = False,
) -> NativeParams:
    """How to load the weights.

    Args:
        options: what was asked.
        gpu_layers: what AUTOMATIC_LAYERS came to; see `estimate.automatic_layers`. Without it
            they stay in main memory.
        progress: called with the share that is loaded; loading ends when it returns False.
        without_weights: take no memory for them.

    Raises:
        ModelLoadError: options that contradict one another or what is here; in words.
    """
    check_options(options)
    backends = Backends()
    layers = _gpu_layers(options, gpu_layers)
    named = devices_used(options, backends)
    used = named if layers else ()
    params = llama_cpp.llama_model_default_params()
    kept: list[object] = []
    params.n_gpu_layers = layers if used else 0
    params.split_mode = _SPLIT[options.split_mode]
    params.main_gpu = options.main_gpu if used else 0
    if named and options.main_gpu >= len(named):
        raise ModelLoadError(
            f"There is no graphics card number {options.main_gpu}; {len(named)} can be used.", _HINT
        )
    params.load_mode = llama_cpp.LLAMA_LOAD_MODE_NONE if without_weights else _load_mode(options)
    params.no_alloc = without_weights
    params.use_extra_bufts = options.repacks
    # Where no layer is on a card, llama.cpp would compute prompts there and take memory for them.
    if options.devices or not used:
        array = (ctypes.c_void_p * (len(used) + 1))(*used, None)
        params.devices = ctypes.cast(array, ctypes.c_void_p)
        kept.append(array)
    if options.tensor_split and named:
        shares = _tensor_split(options.tensor_split, len(named))
        params.tensor_split = shares
        kept.append(shares)
    if options.cpu_experts:
        overrides = _experts_in_main_memory(options.cpu_experts, backends)
        params.tensor_buft_overrides = ctypes.cast(overrides, ctypes.c_void_p)
        kept.append(overrides)
    if progress is not None:
        callback = llama_cpp.llama_progress_callback(lambda share, _data: progress(share))
        params.progress_callback = callback
        kept.append(callback)
    return NativeParams(params, tuple(kept))


def context_params(
    options: LoadOptions,
    *,
    length: int,
    sequences: int,
    outputs: int = 0,
    threads: int = 1,
    prefill_threads: int = 0,
) -> NativeParams:
    """How to make a context.

    Args:
        options: what was asked.
        length: tokens of KV space, at most what the model can take.
        sequences: that can be told apart.
        outputs: most logits that one pass through the graph is asked for; it saves memory to know
            them. 0 is one for each token.
        threads, prefill_threads: for one token, and for many; 0 takes the former.

    Raises:
        ModelLoadError: options that contradict one another.
    """
    check_options(options)
    params = llama_cpp.llama_context_default_params()
    # llama.cpp rounds up as well, but only after it has fitted the batch into what was asked.
    params.n_ctx = -(-length // _CONTEXT_STEP) * _CONTEXT_STEP
    # All replies under way are computed in one batch, with their guesses.
    params.n_batch = max(min(options.batch, length), outputs)
    params.n_ubatch = min(options.micro_batch, params.n_batch)
    params.n_seq_max = min(sequences, llama_cpp.llama_max_parallel_sequences())
    # With fewer outputs than sequences llama.cpp ends its process.
    params.n_outputs_max = max(outputs or params.n_batch, params.n_seq_max)
    params.n_threads = max(1, threads)
    params.n_threads_batch = max(1, prefill_threads or threads)
    params.type_k, params.type_v = _KV_TYPES[options.kv_type_k], _KV_TYPES[options.kv_type_v]
    params.flash_attn_type = _FLASH_ATTENTION[options.flash_attention]
    params.offload_kqv = params.op_offload = True
    # One KV space for all sequences, each of which may fill it and share its beginning with others;
    # and all of it kept for sliding windows too, or a prompt could not be gone back in.
    params.kv_unified = params.swa_full = True
    params.no_perf = True
    _set_rope(params, options.rope)
    return NativeParams(params)


def sequence_count(options: LoadOptions, can_cut: bool) -> int:
    """Sequences of a context: those that decode, and those that are parked in the KV space.

    Of models that cannot be cut, each takes memory of its own.
    """
    count = options.streams + (_PARKED_BESIDE if can_cut else 1)
    return min(count, int(llama_cpp.llama_max_parallel_sequences()))


def output_count(options: LoadOptions) -> int:
    """Most logits of one step: a token of each reply with guesses, or some of a scored text."""
    return max(_LEAST_OUTPUTS, options.streams * (1 + options.speculation.most_tokens))


def is_on_card(options: LoadOptions, gpu_layers: int) -> bool:
    """Whether a graphics card computes.

    Args:
        options: what was asked.
        gpu_layers: what AUTOMATIC_LAYERS came to.

    Raises:
        ModelLoadError: a device that was named is not here.
    """
    return gpu_layers != 0 and bool(devices_used(options, Backends()))


def devices_used(options: LoadOptions, backends: Backends) -> tuple[int, ...]:
    """The graphics cards to load onto.

    Raises:
        ModelLoadError: one that was named is not here.
    """
    if not llama_cpp.llama_supports_gpu_offload():
        return ()
    if not options.devices:
        return backends.graphics()
    here = {backends.name(each): each for each in backends.handles()}
    for name in options.devices:
        if name not in here:
            raise ModelLoadError(
                f"There is no device “{name}” on this computer.",
                f"Choose among {', '.join(sorted(here))}.",
            )
    processors = {backends.name(each) for each in here.values() if backends.is_processor(each)}
    return tuple(here[name] for name in options.devices if name not in processors)


def check_options(options: LoadOptions) -> None:
    """Refuse numbers that llama.cpp would wrap around, and options that exclude each other.

    Raises:
        ModelLoadError: which, and what to do.
    """
    for name, value, least, most in (
        ("The context length", options.context_length, 1, _MOST_CONTEXT),
        ("The batch", options.batch, 1, _MOST_CONTEXT),
        ("The micro-batch", options.micro_batch, 1, _MOST_CONTEXT),
        ("The number of streams", options.streams, 1, 256),
        ("The number of threads", options.threads, 0, 512),
        ("The number of prefill threads", options.prefill_threads, 0, 512),
        ("The number of layers on the graphics card", options.gpu_layers, AUTOMATIC_LAYERS, 10_000),
        ("The number of the main graphics card", options.main_gpu, 0, 255),
        ("The number of layers with experts in main memory", options.cpu_experts, 0, 10_000),
        ("The RoPE base frequency", options.rope.frequency_base, 0, 1e12),
        ("The RoPE frequency scale", options.rope.frequency_scale, 0, 1e3),
        ("The original context of YaRN", options.rope.yarn_original_context, 0, _MOST_CONTEXT),
    ):
        if not least <= value <= most:
            raise ModelLoadError(
                f"{name} must be from {least:g} to {most:,.12g}; it is {value:g}.", _HINT
            )
    if options.kv_type_v not in WHOLE_KV_TYPES and options.flash_attention is Switch.OFF:
        raise ModelLoadError(
            f"Values of the KV cache in {options.kv_type_v.value} need flash attention, which is"
            " switched off.",
            "Switch flash attention on, or keep the values in f16.",
        )


def _gpu_layers(options: LoadOptions, automatic: int | None) -> int:
    if options.gpu_layers == AUTOMATIC_LAYERS:
        return automatic or 0
    return _EVERY_LAYER if options.gpu_layers >= ALL_LAYERS else options.gpu_layers


def _load_mode(options: LoadOptions) -> int:
    mapped, locked = options.use_mmap, options.use_mlock
    if mapped:
        mode = llama_cpp.LLAMA_LOAD_MODE_MMAP_MLOCK if locked else llama_cpp.LLAMA_LOAD_MODE_MMAP
    else:
        mode = llama_cpp.LLAMA_LOAD_MODE_MLOCK if locked else llama_cpp.LLAMA_LOAD_MODE_NONE
    return int(mode)


def _tensor_split(shares: Sequence[float], devices: int) -> Any:
    if len(shares) > devices:
        raise ModelLoadError(
            f"The model is to be split over {len(shares)} devices, but {devices} can be used.",
            _HINT,
        )
    if not all(isfinite(each) and each >= 0 for each in shares) or sum(shares) <= 0:
        raise ModelLoadError(
            "The shares of the devices must be numbers from 0, not all of them 0.", _HINT
        )
    return (ctypes.c_float * llama_cpp.llama_max_devices())(*shares)


def _experts_in_main_memory(layers: int, backends: Backends) -> Any:
    which = r"\d+" if layers >= ALL_LAYERS else "|".join(str(each) for each in range(layers))
    pattern = rf"blk\.({which})\.ffn_(up|down|gate|gate_up)_(ch|)exps".encode()
    # The list ends with an empty entry.
    overrides = (_Override * 2)()
    overrides[0].pattern, overrides[0].where = pattern, backends.main_memory()
    return overrides


def _set_rope(params: Any, rope: Rope) -> None:
    params.rope_scaling_type = _ROPE[rope.scaling]
    params.rope_freq_base = rope.frequency_base
    params.rope_freq_scale = rope.frequency_scale
    params.yarn_orig_ctx = rope.yarn_original_context
