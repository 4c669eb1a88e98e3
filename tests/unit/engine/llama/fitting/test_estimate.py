from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from app.engine.errors import ModelLoadError
from app.engine.llama.fitting.buffers import MAIN, read_buffers
from app.engine.llama.fitting.estimate import (
    _OWN_ORDER,
    ANSWERING_BYTES,
    automatic_layers,
    estimate,
    most_layers,
)
from app.engine.options import ALL_LAYERS, KvType, LoadOptions, Speculation
from app.engine.protocol import MemoryNeed
from tests.doubles import random_gguf
from tests.doubles.random_gguf import Shape, tiny_hybrid, tiny_random, tiny_recurrent

_MIB = 1024 * 1024
SMALL_CONTEXT = LoadOptions(context_length=1024)


def need_of(path: Path, options: LoadOptions = SMALL_CONTEXT) -> MemoryNeed:
    return estimate(path, options)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_random(tmp_path_factory.mktemp("estimate") / "small.gguf")


def test_estimate_knows_weights_cache_and_process(small: Path) -> None:
    need = need_of(small)
    (main,) = need.devices
    assert main.device == MAIN
    assert main.weights == pytest.approx(small.stat().st_size, rel=0.15)
    # Two layers, two heads of 32 numbers of two bytes each, for K and for V.
    assert main.kv_cache == 1024 * 2 * (2 * 32 * 2) * 2
    assert main.compute > 0
    assert need.process > 20 * _MIB
    assert need.graphics_memory == 0


def test_estimate_of_a_longer_context_and_denser_cache(small: Path) -> None:
    base = need_of(small).devices[0].kv_cache
    longer = need_of(small, replace(SMALL_CONTEXT, context_length=4096)).devices[0].kv_cache
    dense = replace(SMALL_CONTEXT, kv_type_k=KvType.Q8_0, kv_type_v=KvType.Q8_0)
    assert longer == 4 * base
    assert need_of(small, dense).devices[0].kv_cache == pytest.approx(base * 34 / 64, rel=0.05)


def test_estimate_never_goes_beyond_the_trained_context(small: Path) -> None:
    huge = need_of(small, replace(SMALL_CONTEXT, context_length=2**20)).devices[0].kv_cache
    assert huge == need_of(small, replace(SMALL_CONTEXT, context_length=4096)).devices[0].kv_cache


@pytest.mark.parametrize("make", [tiny_recurrent, tiny_hybrid, random_gguf.tiny_moe])
def test_estimate_takes_every_architecture(tmp_path: Path, make: Any) -> None:
    need = need_of(make(tmp_path / "model.gguf"))
    assert need.devices[0].weights > 0
    assert need.devices[0].kv_cache > 0


def test_estimate_counts_a_draft_model_and_further_files(small: Path, tmp_path: Path) -> None:
    plain = need_of(small).devices[0]
    draft = Speculation(draft_model=str(small))
    both = need_of(small, replace(SMALL_CONTEXT, speculation=draft)).devices[0]
    assert (both.weights, both.kv_cache) == (2 * plain.weights, 2 * plain.kv_cache)
    projector = tmp_path / "mmproj.gguf"
    projector.write_bytes(b"x" * 5000)
    seeing = need_of(small, replace(SMALL_CONTEXT, projector=str(projector))).devices[0]
    assert seeing.weights == plain.weights + 5000


def test_estimate_of_a_file_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(b"NOPE" * 100)
    with pytest.raises(ModelLoadError, match="GGUF"):
        need_of(path)


def test_estimate_can_be_cancelled(small: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        estimate(small, SMALL_CONTEXT, cancel=cancel)


_LOAD_AND_FILL = """
import json, os, sys
from pathlib import Path
from app.engine.llama.native import llama_cpp
from app.engine.llama.fitting.attention import settled
from app.engine.llama.fitting.params import context_params, model_params
from app.engine.llama.fitting.params import output_count, sequence_count
from app.engine.llama.process import memory_bytes
from app.engine.options import LoadOptions, Switch

path, length, mapped = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "mapped"
options = LoadOptions(context_length=length, use_mmap=mapped, repack=Switch(sys.argv[4]))
held = model_params(options)
model = llama_cpp.llama_model_load_from_file(os.fsencode(path), held.native)
params = context_params(
    settled(options, model, length=length, on_card=False),
    length=length,
    sequences=sequence_count(options, True),
    outputs=output_count(options),
).native
context = llama_cpp.llama_init_from_model(model, params)
left = length
while left:
    count = min(left, options.batch)
    tokens = (llama_cpp.llama_token * count)()
    assert llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(tokens, count)) == 0
    left -= count
print(json.dumps(memory_bytes()))
"""
_ESTIMATE = """
import json, sys
from pathlib import Path
from app.engine.llama.fitting.estimate import estimate
from app.engine.options import LoadOptions, Switch

length, mapped = int(sys.argv[2]), sys.argv[3] == "mapped"
options = LoadOptions(context_length=length, use_mmap=mapped, repack=Switch(sys.argv[4]))
print(json.dumps(estimate(Path(sys.argv[1]), options).main_memory))
"""


def taken_by_a_bare_loop(path: Path, length: int, mapped: str, repack: str = "on") -> int:
    return in_a_new_process(_LOAD_AND_FILL, path, length, mapped, repack) + ANSWERING_BYTES


def estimated(path: Path, length: int, mapped: str, repack: str = "on") -> int:
    return in_a_new_process(_ESTIMATE, path, length, mapped, repack)


def in_a_new_process(program: str, path: Path, length: int, mapped: str, repack: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", program, str(path), str(length), mapped, repack],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(json.loads(done.stdout))


@pytest.mark.parametrize("mapped", ["mapped", "read"])
@pytest.mark.parametrize(
    "shape",
    [
        Shape(width=512, layers=3, feed_forward=1024, heads=8, kv_heads=8, vocabulary=8192),
        Shape(width=256, layers=8, feed_forward=512, heads=8, kv_heads=8, head_size=64),
    ],
    ids=["wide", "deep"],
)
def test_estimate_is_within_a_tenth_of_what_a_full_context_takes(
    tmp_path: Path, shape: Shape, mapped: str
) -> None:
    path = tiny_random(tmp_path / "model.gguf", shape)
    expected = estimated(path, 1024, mapped)
    assert expected == pytest.approx(taken_by_a_bare_loop(path, 1024, mapped), rel=0.1)


def test_quantized_weights_that_are_kept_twice_are_counted_twice(tmp_path: Path) -> None:
    whole = tiny_random(
        tmp_path / "f16.gguf", Shape(width=1024, layers=2, feed_forward=2048, heads=8, kv_heads=8)
    )
    path = tmp_path / "q4.gguf"
    random_gguf.quantize(whole, path)
    for mapped in ("mapped", "read"):
        expected = estimated(path, 512, mapped)
        assert expected == pytest.approx(taken_by_a_bare_loop(path, 512, mapped), rel=0.1)
    once = estimated(path, 512, "mapped", repack="off")
    assert once == pytest.approx(taken_by_a_bare_loop(path, 512, "mapped", "off"), rel=0.1)
    assert once < estimated(path, 512, "mapped")


def test_automatic_layers_without_a_graphics_card_are_none(small: Path) -> None:
    assert automatic_layers(small, SMALL_CONTEXT) == 0


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        ({"Card0": 10_000}, ALL_LAYERS),
        ({"Card0": 3300}, ALL_LAYERS),
        ({"Card0": 3299}, 32),
        ({"Card0": 1050}, 10),
        ({"Card0": 149}, 1),
        ({"Card0": 50}, 0),
        ({"Card0": 10_000, "Card1": 500}, 10),
    ],
)
def test_most_layers_fill_the_cards(free: Mapping[str, int], expected: int) -> None:
    calls: list[int] = []

    def needed(layers: int) -> Mapping[str, int]:
        calls.append(layers)
        second = 50 * layers if "Card1" in free else 0
        return {"CPU": 10**9, "Card0": 100 * layers, "Card1": second}

    assert most_layers(33, needed, free) == expected
    assert len(calls) <= 7


_TWO_CARDS_LOG = """
load_tensors: layer   0 assigned to device CPU, is_swa = 0
load_tensors: layer   1 assigned to device CUDA0, is_swa = 0
load_tensors: layer   2 assigned to device CUDA1, is_swa = 0
load_tensors: layer   3 assigned to device CUDA1, is_swa = 0
tensor blk.1.ffn_up_exps.weight (12 MiB q4_K) buffer type overridden to CPU
load_tensors:        CUDA0 model buffer size =     0.00 MiB
llama_context:  CUDA_Host  output buffer size =     2.00 MiB
llama_kv_cache: layer   0: dev = CPU
llama_kv_cache: layer   1: dev = CUDA0
llama_kv_cache: size =    8.00 MiB (  4096 cells,   2 layers,  1/1 seqs), K (f16): 4, V (f16): 4
llama_kv_cache: layer   2: dev = CUDA1
llama_kv_cache: size =   10.00 MiB (   512 cells,   1 layers,  1/1 seqs), K (f16): 5, V (f16): 5
llama_memory_recurrent:      CUDA1 RS buffer size =     3.00 MiB
sched_reserve:      CUDA0 compute buffer size =    30.50 MiB
sched_reserve:  CUDA_Host compute buffer size =     4.00 MiB
"""


def test_log_is_read_by_device() -> None:
    buffers = read_buffers([_TWO_CARDS_LOG], ("CUDA0", "CUDA1"))
    assert buffers.kv_cache == {
        MAIN: 4 * _MIB,
        "CUDA0": 4 * _MIB,
        "CUDA1": 13 * _MIB,
    }
    assert buffers.compute == {MAIN: 6 * _MIB, "CUDA0": 30.5 * _MIB}
    assert buffers.taken == 2 * _MIB
    assert buffers.layers == {0: MAIN, 1: "CUDA0", 2: "CUDA1", 3: "CUDA1"}


def test_weights_are_where_their_layer_is_and_a_tied_head_is_there_twice() -> None:
    buffers = read_buffers([_TWO_CARDS_LOG], ("CUDA0", "CUDA1"))
    tensors = {
        "token_embd.weight": 1000,
        "blk.0.attn_q.weight": 1,
        "blk.1.attn_q.weight": 10,
        "blk.1.ffn_up_exps.weight": 300,
        "blk.2.attn_q.weight": 20,
        "output_norm.weight": 5,
    }
    assert buffers.split(tensors) == {MAIN: 1301, "CUDA0": 10, "CUDA1": 1025}
    untied = buffers.split(tensors | {"output.weight": 700})
    assert untied == {MAIN: 1301, "CUDA0": 10, "CUDA1": 725}


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("CPU", True),
        ("CPU_Mapped", True),
        ("CUDA_Host", True),
        ("CPU_REPACK", False),
        ("AMX", False),
        ("CPU_KLEIDIAI", False),
    ],
)
def test_buffers_that_hold_weights_in_another_order(name: str, own: bool) -> None:
    assert bool(_OWN_ORDER.fullmatch(name)) is own
