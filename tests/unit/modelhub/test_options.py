from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.options import (
    Adapter,
    KvType,
    LoadOptions,
    Rope,
    RopeScaling,
    Speculation,
    SplitMode,
    Switch,
    WaitPolicy,
)
from app.modelhub.options import (
    BOUNDS,
    conflict,
    default_options,
    differ_only_in_adapters,
    options_changed,
    options_from_json,
    options_to_json,
)
from app.settings.schema import Engine

DEFAULTS = LoadOptions()
ALL_SET = LoadOptions(
    context_length=8192,
    batch=1024,
    micro_batch=256,
    streams=3,
    threads=2,
    prefill_threads=4,
    wait_policy=WaitPolicy.PASSIVE,
    gpu_layers=12,
    devices=("CUDA0", "CUDA1"),
    split_mode=SplitMode.ROW,
    main_gpu=1,
    tensor_split=(3.0, 1.0),
    cpu_experts=4,
    kv_type_k=KvType.Q8_0,
    kv_type_v=KvType.Q4_0,
    flash_attention=Switch.ON,
    use_mmap=False,
    use_mlock=True,
    repack=Switch.OFF,
    rope=Rope(RopeScaling.YARN, 1e6, 0.25, 32_768),
    adapters=(Adapter("/a/one.gguf", 0.5), Adapter("/a/two.gguf")),
    speculation=Speculation("/a/draft.gguf", True, 4),
    projector="/a/mmproj.gguf",
    parked_mb=512,
    keep_on_disk=False,
)


@pytest.mark.parametrize("options", [DEFAULTS, ALL_SET], ids=["defaults", "all set"])
def test_options_come_back_from_json_as_they_were(options):
    text = json.dumps(options_to_json(options))
    assert options_from_json(json.loads(text), DEFAULTS) == options


def test_missing_keys_take_the_defaults():
    read = options_from_json({"context_length": 2048, "rope": {"scaling": "linear"}}, ALL_SET)
    assert read == replace(
        ALL_SET, context_length=2048, rope=replace(ALL_SET.rope, scaling=RopeScaling.LINEAR)
    )


@pytest.mark.parametrize(
    "raw",
    [
        {"context_length": "long"},
        {"context_length": True},
        {"context_length": 4096.5},
        {"context_length": 1},
        {"context_length": 10**12},
        {"use_mmap": 1},
        {"kv_type_k": "q99"},
        {"kv_type_k": None},
        {"rope": "yarn"},
        {"rope": {"frequency_base": float("nan")}},
        {"rope": {"frequency_scale": float("inf")}},
        {"devices": "CUDA0"},
        {"devices": [1, None, ""]},
        {"tensor_split": [1, "x"]},
        {"tensor_split": [-1]},
        {"adapters": [{"scale": 2}, "x", None]},
        {"adapters": [{"path": ""}]},
        {"projector": 7},
        {"of_a_newer_version": {"x": 1}},
        [],
        None,
        "text",
    ],
    ids=str,
)
def test_what_cannot_be_used_takes_the_default(raw):
    assert options_from_json(raw, DEFAULTS) == DEFAULTS


def test_adapter_without_a_usable_scale_acts_as_trained():
    raw = {"adapters": [{"path": "/a.gguf", "scale": "strong"}, {"path": "/b.gguf", "scale": 2}]}
    read = options_from_json(raw, DEFAULTS)
    assert read.adapters == (Adapter("/a.gguf"), Adapter("/b.gguf", 2.0))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(options_to_json(DEFAULTS))), JSON, max_size=6))
def test_no_json_makes_options_that_are_out_of_bounds(raw):
    read = options_to_json(options_from_json(raw, DEFAULTS))
    for name, (low, high) in BOUNDS.items():
        value: Any = read
        for part in name.split("."):
            value = value[part] if isinstance(value, dict) else [each[part] for each in value]
        for each in value if isinstance(value, (list, tuple)) else [value]:
            assert low <= each <= high, name


def test_settings_give_the_defaults_of_a_model():
    chosen = Engine(context_length=8192, threads=3, gpu_layers=0, streams=2, keep_on_disk=False)
    assert default_options(chosen) == LoadOptions(
        context_length=8192, threads=3, gpu_layers=0, streams=2, keep_on_disk=False
    )


def test_untouched_settings_are_the_options_without_any():
    assert default_options(Engine()) == DEFAULTS


def test_changed_options_name_only_what_changed():
    other = replace(DEFAULTS, context_length=2048, flash_attention=Switch.ON)
    assert options_changed(other, DEFAULTS) == {"context_length": 2048, "flash_attention": "on"}
    assert options_changed(DEFAULTS, DEFAULTS) == {}


@pytest.mark.parametrize(
    ("options", "trained", "tokens"),
    [
        (LoadOptions(context_length=8192), 4096, 4096),
        (LoadOptions(context_length=2048), 4096, 2048),
        (LoadOptions(context_length=8192), 0, 8192),
        (LoadOptions(context_length=8192, rope=Rope(RopeScaling.YARN)), 4096, 8192),
        (LoadOptions(context_length=8192, rope=Rope(frequency_base=1e6)), 4096, 8192),
    ],
)
def test_room_ends_where_the_training_ended_unless_positions_are_scaled(options, trained, tokens):
    assert options.room(trained) == tokens


def test_adapters_alone_need_no_reload():
    adapted = replace(DEFAULTS, adapters=(Adapter("/a.gguf"),))
    assert differ_only_in_adapters(adapted, DEFAULTS)
    assert not differ_only_in_adapters(replace(adapted, threads=3), DEFAULTS)
    assert not differ_only_in_adapters(DEFAULTS, DEFAULTS)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kv_type_v": KvType.Q8_0, "flash_attention": Switch.OFF}, "flash attention"),
        ({"batch": 256, "micro_batch": 512}, "micro-batch"),
        ({"adapters": (Adapter("/a"), Adapter("/a", 2.0))}, "twice"),
        ({"tensor_split": (0.0, 0.0)}, "share"),
    ],
)
def test_options_that_do_not_go_together_are_told_in_words(changes, words):
    assert words in conflict(replace(DEFAULTS, **changes))


@pytest.mark.parametrize(
    "options",
    [
        DEFAULTS,
        ALL_SET,
        LoadOptions(kv_type_v=KvType.Q8_0),
        LoadOptions(kv_type_k=KvType.Q8_0, flash_attention=Switch.OFF),
    ],
)
def test_options_that_go_together_have_no_conflict(options):
    assert conflict(options) == ""
