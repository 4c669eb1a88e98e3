from __future__ import annotations

import ctypes
from dataclasses import replace
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from app.engine.errors import ModelLoadError
from app.engine.llama.fitting import params
from app.engine.llama.fitting.backends import Backends
from app.engine.llama.native import captured_log, llama_cpp
from app.engine.options import (
    ALL_LAYERS,
    KvType,
    LoadOptions,
    Rope,
    RopeScaling,
    SplitMode,
    Switch,
)
from tests.doubles.random_gguf import tiny_moe

OPTIONS = LoadOptions()


def context(options: LoadOptions = OPTIONS, **changes: Any) -> Any:
    return params.context_params(
        options, **({"length": 4096, "sequences": 4, "threads": 2} | changes)
    ).native


def test_context_takes_what_was_asked() -> None:
    native = context(outputs=20, prefill_threads=3)
    assert (native.n_ctx, native.n_batch, native.n_ubatch) == (4096, 2048, 512)
    assert (native.n_seq_max, native.n_outputs_max) == (4, 20)
    assert (native.n_threads, native.n_threads_batch) == (2, 3)
    assert native.kv_unified
    assert native.swa_full
    assert native.offload_kqv


@pytest.mark.parametrize(
    ("batch", "micro_batch", "length", "expected"),
    [
        (2048, 512, 300, (300, 300)),
        (256, 512, 4096, (256, 256)),
        (1, 1, 4096, (1, 1)),
        (4096, 4096, 4096, (4096, 4096)),
    ],
)
def test_batch_never_exceeds_the_context_nor_micro_batch_the_batch(
    batch: int, micro_batch: int, length: int, expected: tuple[int, int]
) -> None:
    native = context(replace(OPTIONS, batch=batch, micro_batch=micro_batch), length=length)
    assert (native.n_batch, native.n_ubatch) == expected


def test_outputs_are_never_fewer_than_sequences_which_llama_cpp_would_abort_on() -> None:
    assert context(sequences=16, outputs=2).n_outputs_max == 16
    assert context(sequences=16).n_outputs_max == 2048
    assert context(replace(OPTIONS, batch=1), sequences=16).n_outputs_max == 16
    assert context(sequences=99_999).n_seq_max == llama_cpp.llama_max_parallel_sequences()


def test_sequences_and_outputs_follow_the_streams() -> None:
    many = replace(OPTIONS, streams=256)
    most = llama_cpp.llama_max_parallel_sequences()
    assert OPTIONS.streams < params.sequence_count(OPTIONS, can_cut=True) < most
    assert params.sequence_count(many, can_cut=True) == most
    assert params.sequence_count(OPTIONS, can_cut=False) == OPTIONS.streams + 1
    assert params.output_count(many) >= 256


@pytest.mark.parametrize("kind", [each for each in KvType if each is not KvType.AUTO])
def test_kv_types_are_the_ones_of_the_same_name(kind: KvType) -> None:
    native = context(replace(OPTIONS, kv_type_k=kind, kv_type_v=kind))
    assert native.type_k == native.type_v
    binding = llama_cpp.llama_cpp
    library = binding.load_shared_library("ggml-base", binding._base_path)
    name = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_int)(("ggml_type_name", library))
    assert name(native.type_k).decode().lower() == kind.value


def test_quantized_values_without_flash_attention_are_refused_in_words() -> None:
    options = replace(OPTIONS, kv_type_v=KvType.Q8_0, flash_attention=Switch.OFF)
    with pytest.raises(ModelLoadError, match="flash attention") as refused:
        context(options)
    assert "f16" in refused.value.hint
    assert context(replace(options, kv_type_v=KvType.BF16)).flash_attn_type == 0
    assert context(replace(options, flash_attention=Switch.AUTO)).flash_attn_type == -1


@pytest.mark.parametrize(
    ("repack", "streams", "expected"),
    [
        (Switch.AUTO, 8, True),
        (Switch.AUTO, 16, False),
        (Switch.ON, 32, True),
        (Switch.OFF, 1, False),
    ],
)
def test_weights_keep_their_order_where_many_answers_share_a_step(
    repack: Switch, streams: int, expected: bool
) -> None:
    options = replace(OPTIONS, repack=repack, streams=streams)
    assert params.model_params(options).native.use_extra_bufts == expected


def test_rope_goes_through_and_zeros_are_left_to_the_model() -> None:
    plain = context()
    assert plain.rope_scaling_type == llama_cpp.LLAMA_ROPE_SCALING_TYPE_UNSPECIFIED
    assert (plain.rope_freq_base, plain.rope_freq_scale, plain.yarn_orig_ctx) == (0, 0, 0)
    rope = Rope(RopeScaling.YARN, 5e5, 0.25, 8192)
    native = context(replace(OPTIONS, rope=rope))
    assert native.rope_scaling_type == llama_cpp.LLAMA_ROPE_SCALING_TYPE_YARN
    assert (native.rope_freq_base, native.rope_freq_scale) == (5e5, 0.25)
    assert native.yarn_orig_ctx == 8192


@pytest.mark.parametrize(
    ("mapped", "locked", "mode"),
    [
        (True, False, llama_cpp.LLAMA_LOAD_MODE_MMAP),
        (False, False, llama_cpp.LLAMA_LOAD_MODE_NONE),
        (True, True, llama_cpp.LLAMA_LOAD_MODE_MMAP_MLOCK),
        (False, True, llama_cpp.LLAMA_LOAD_MODE_MLOCK),
    ],
)
def test_mapping_and_locking_choose_the_load_mode(mapped: bool, locked: bool, mode: int) -> None:
    options = replace(OPTIONS, use_mmap=mapped, use_mlock=locked)
    assert params.model_params(options).native.load_mode == mode
    # The estimate maps nothing: llama.cpp aborts when it is to map and to take no memory.
    without = params.model_params(options, without_weights=True).native
    assert (without.load_mode, without.no_alloc) == (llama_cpp.LLAMA_LOAD_MODE_NONE, True)


_BAD: list[dict[str, Any]] = [
    {"context_length": 0},
    {"context_length": -5},
    {"context_length": 2**33},
    {"batch": 0},
    {"micro_batch": -1},
    {"streams": 0},
    {"streams": 1000},
    {"threads": -1},
    {"prefill_threads": 100_000},
    {"gpu_layers": -7},
    {"main_gpu": -1},
    {"cpu_experts": -1},
    {"rope": Rope(frequency_base=nan)},
    {"rope": Rope(frequency_scale=-1.0)},
    {"rope": Rope(frequency_base=inf)},
    {"rope": Rope(yarn_original_context=-1)},
]


@pytest.mark.parametrize("bad", _BAD, ids=str)
def test_number_out_of_range_is_refused_in_words(bad: dict[str, Any]) -> None:
    options = replace(OPTIONS, **bad)
    with pytest.raises(ModelLoadError, match="must be from") as refused:
        params.model_params(options)
    assert refused.value.hint
    with pytest.raises(ModelLoadError):
        context(options)


def test_progress_is_told_and_can_end_the_loading() -> None:
    shares: list[float] = []

    def until_half(share: float) -> bool:
        shares.append(share)
        return share < 0.5

    held = params.model_params(OPTIONS, progress=until_half)
    assert held.native.progress_callback(0.5, None) is False
    assert shares == [0.5]


def test_experts_stay_in_main_memory(tmp_path: Path) -> None:
    path = tiny_moe(tmp_path / "moe.gguf")
    for layers, expected in ((1, {"0"}), (ALL_LAYERS, {"0", "1"})):
        held = params.model_params(replace(OPTIONS, cpu_experts=layers))
        with captured_log() as lines:
            model = llama_cpp.llama_model_load_from_file(str(path).encode(), held.native)
            llama_cpp.llama_model_free(model)
        overridden = [line for line in lines if "overridden to CPU" in line]
        assert {line.split("blk.")[1].split(".")[0] for line in overridden} == expected
        assert len(overridden) == 3 * len(expected)


@pytest.fixture
def two_cards(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Pretends that there are two graphics cards; nothing is loaded onto them."""
    cards = [101, 102]
    (processor, *_) = Backends().handles()
    names = {processor: "CPU", 101: "Card0", 102: "Card1"}
    monkeypatch.setattr(llama_cpp, "llama_supports_gpu_offload", lambda: True)
    monkeypatch.setattr(Backends, "handles", lambda _self: (*cards, processor))
    monkeypatch.setattr(Backends, "name", lambda _self, device: names[device])
    monkeypatch.setattr(Backends, "type", lambda _self, device: 1 if device in cards else 0)
    return cards


def device_list(native: Any) -> list[int]:
    array = ctypes.cast(native.devices, ctypes.POINTER(ctypes.c_void_p))
    found: list[int] = []
    while array[len(found)] is not None:
        found.append(array[len(found)])
    return found


@pytest.mark.usefixtures("two_cards")
def test_layers_on_cards() -> None:
    layers = [
        params.model_params(replace(OPTIONS, gpu_layers=asked), gpu_layers=7).native.n_gpu_layers
        for asked in (-1, 0, 12, ALL_LAYERS)
    ]
    assert layers == [7, 0, 12, -1]


def test_without_cards_nothing_is_sent_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama_cpp, "llama_supports_gpu_offload", lambda: False)
    native = params.model_params(replace(OPTIONS, gpu_layers=20, main_gpu=3)).native
    assert (native.n_gpu_layers, native.main_gpu) == (0, 0)


@pytest.mark.usefixtures("two_cards")
def test_devices_are_taken_by_name_in_the_order_given() -> None:
    some = replace(OPTIONS, devices=("Card1", "CPU", "Card0"), gpu_layers=5)
    assert device_list(params.model_params(some).native) == [102, 101]
    only_processor = params.model_params(replace(OPTIONS, devices=("CPU",), gpu_layers=5)).native
    assert device_list(only_processor) == []
    assert only_processor.n_gpu_layers == 0
    assert not params.model_params(replace(OPTIONS, gpu_layers=5)).native.devices  # all of them


@pytest.mark.usefixtures("two_cards")
def test_without_layers_on_cards_nothing_is_computed_there() -> None:
    native = params.model_params(replace(OPTIONS, gpu_layers=0)).native
    assert device_list(native) == []
    assert not params.is_on_card(OPTIONS, 0)
    assert params.is_on_card(OPTIONS, 5)
    assert not params.is_on_card(replace(OPTIONS, devices=("CPU",)), 5)


@pytest.mark.usefixtures("two_cards")
def test_device_that_is_not_here_is_refused_with_those_that_are() -> None:
    with pytest.raises(ModelLoadError, match="“CUDA7”") as refused:
        params.model_params(replace(OPTIONS, devices=("CUDA7",)))
    assert "Card0, Card1" in refused.value.hint


@pytest.mark.usefixtures("two_cards")
def test_model_is_split_as_asked() -> None:
    options = replace(
        OPTIONS, split_mode=SplitMode.ROW, main_gpu=1, tensor_split=(3.0, 1.0), gpu_layers=9
    )
    native = params.model_params(options).native
    assert native.split_mode == llama_cpp.LLAMA_SPLIT_MODE_ROW
    assert native.main_gpu == 1
    assert native.tensor_split[: llama_cpp.llama_max_devices()] == [3.0, 1.0] + [0.0] * 14


@pytest.mark.usefixtures("two_cards")
@pytest.mark.parametrize(
    "changes",
    [
        {"tensor_split": (1.0, 1.0, 1.0)},
        {"tensor_split": (nan, 1.0)},
        {"tensor_split": (-1.0, 1.0)},
        {"tensor_split": (0.0, 0.0)},
        {"main_gpu": 2, "split_mode": SplitMode.NONE},
    ],
    ids=str,
)
def test_split_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ModelLoadError):
        params.model_params(replace(OPTIONS, **changes))
