"""Flash attention where it is left to the engine: off on processors, within bounds of memory."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from app.base.jobs import CancelToken
from app.engine.llama.fitting import attention
from app.engine.llama.fitting.attention import with_attention
from app.engine.llama.weights import Weights
from app.engine.options import KvType, LoadOptions, Switch
from tests.doubles.random_gguf import Shape, tiny_random

OPTIONS = LoadOptions(gpu_layers=0)
HEADS = 8


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("attention") / "model.gguf"
    tiny_random(path, Shape(heads=HEADS, kv_heads=HEADS))
    weights = Weights(path, OPTIONS, CancelToken(), without_weights=True)
    yield weights
    weights.close()


@pytest.fixture
def settled(weights: Weights) -> Any:
    def settle(options: LoadOptions, length: int = 4096, *, on_card: bool = False) -> LoadOptions:
        return with_attention(options, weights.handle, length=length, on_card=on_card)

    return settle


def test_it_is_off_on_the_processor_with_a_small_micro_batch(settled: Any) -> None:
    chosen = settled(OPTIONS)
    assert chosen == replace(OPTIONS, flash_attention=Switch.OFF, micro_batch=128)
    assert settled(replace(OPTIONS, micro_batch=32)).micro_batch == 32


@pytest.mark.parametrize(
    "options",
    [
        replace(OPTIONS, flash_attention=Switch.ON),
        replace(OPTIONS, flash_attention=Switch.OFF),
        replace(OPTIONS, kv_type_v=KvType.Q8_0),
    ],
    ids=["on", "off", "quantized values"],
)
def test_what_was_chosen_and_what_needs_it_stays(options: LoadOptions, settled: Any) -> None:
    assert settled(options) == options


def test_quantized_keys_do_not_need_it(settled: Any) -> None:
    assert settled(replace(OPTIONS, kv_type_k=KvType.Q8_0)).flash_attention is Switch.OFF


def test_layers_on_a_graphics_card_leave_it_to_llama_cpp(settled: Any) -> None:
    assert settled(OPTIONS, on_card=True) == OPTIONS


def test_scores_that_take_too_much_memory_bring_it_back(
    monkeypatch: pytest.MonkeyPatch, settled: Any
) -> None:
    scores = HEADS * 4096 * 128 * 4
    enough = SimpleNamespace(total=scores * 32)
    monkeypatch.setattr("psutil.virtual_memory", lambda: enough)
    assert settled(OPTIONS, 4096).flash_attention is Switch.OFF
    assert settled(OPTIONS, 4096 + 256) == OPTIONS


@pytest.mark.parametrize(
    ("bf16", "on_card", "flash", "expected"),
    [
        (True, False, Switch.AUTO, KvType.BF16),
        (False, False, Switch.AUTO, KvType.F16),
        (True, True, Switch.AUTO, KvType.F16),
        (True, True, Switch.OFF, KvType.F16),
        (True, False, Switch.ON, KvType.F16),
    ],
)
def test_kv_cache_is_of_what_the_processor_multiplies(
    monkeypatch: pytest.MonkeyPatch,
    weights: Weights,
    bf16: bool,
    on_card: bool,
    flash: Switch,
    expected: KvType,
) -> None:
    monkeypatch.setattr(attention, "computes_bf16", lambda: bf16)
    asked = replace(OPTIONS, flash_attention=flash)
    found = attention.settled(asked, weights.handle, length=4096, on_card=on_card)
    assert (found.kv_type_k, found.kv_type_v) == (expected, expected)


def test_kv_types_that_were_chosen_stay(weights: Weights) -> None:
    asked = replace(OPTIONS, kv_type_k=KvType.F32, kv_type_v=KvType.Q8_0)
    found = attention.settled(asked, weights.handle, length=4096, on_card=False)
    assert (found.kv_type_k, found.kv_type_v) == (KvType.F32, KvType.Q8_0)


def test_what_the_processor_multiplies_is_read_off_its_features(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    info = b"CPU : AVX2 = 1 | AVX512_VNNI = 1 | "
    monkeypatch.setattr("llama_cpp.llama_print_system_info", lambda: info)
    assert not attention.computes_bf16()
    monkeypatch.setattr("llama_cpp.llama_print_system_info", lambda: info + b"AVX512_BF16 = 1 | ")
    assert attention.computes_bf16()
