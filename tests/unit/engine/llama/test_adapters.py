from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from app.engine.errors import AdapterError
from app.engine.llama.adapters import AdapterSet
from app.engine.options import Adapter
from tests.doubles import native, random_gguf

TOKENS = list(range(40, 60))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("adapters")
    random_gguf.tiny_random(folder / "model.gguf")
    random_gguf.tiny_moe(folder / "moe.gguf")
    for seed, name in enumerate(("one", "two")):
        random_gguf.tiny_lora(folder / f"{name}.gguf", seed=seed)
    random_gguf.tiny_lora(folder / "llama.gguf", architecture="llama")
    random_gguf.tiny_lora(folder / "wide.gguf", shape=random_gguf.Shape(width=96))
    random_gguf.tiny_lora(folder / "deep.gguf", shape=random_gguf.Shape(layers=5))
    (folder / "cut.gguf").write_bytes((folder / "one.gguf").read_bytes()[:-600])
    (folder / "header cut.gguf").write_bytes((folder / "one.gguf").read_bytes()[:100])
    (folder / "text.gguf").write_text("not a model")
    (folder / "empty.gguf").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def context_of_model(files):
    with native.native_model(files / "model.gguf") as model, native.native_context(model) as each:
        yield model, each


@pytest.fixture
def context(context_of_model):
    return context_of_model[1]


@pytest.fixture
def adapters(context_of_model):
    model, context = context_of_model
    found = AdapterSet(model)
    yield found
    found.close(context)
    found.close(context)


def logits(context):
    native.clear(context)
    return native.decode(context, TOKENS)


def named(files: Path, *names: str, scale: float = 1.0) -> tuple[Adapter, ...]:
    return tuple(Adapter(str(files / f"{name}.gguf"), scale) for name in names)


def odd_adapter(
    path: Path, *, kind=np.float32, alpha: str | None = None, more: Any = (), extra_size=0
) -> Path:
    """An adapter with one pair of tensors, in some way not as usual."""
    writer = gguf.GGUFWriter(path, "qwen3")
    entries: dict[str, Any] = {"general.type": "adapter", "adapter.type": "lora"} | dict(more)
    for key, value in entries.items():
        if isinstance(value, str):
            writer.add_string(key, value)
        elif isinstance(value, list):
            writer.add_array(key, value)
        else:
            writer.add_uint32(key, value)
    if alpha is not None:
        writer.add_string("adapter.lora.alpha", alpha)
    shape = random_gguf.TINY
    more_sizes = (extra_size,) if extra_size else ()
    name = "blk.0.ffn_down.weight"
    writer.add_tensor(f"{name}.lora_a", np.zeros((*more_sizes, 4, shape.feed_forward), kind))
    writer.add_tensor(f"{name}.lora_b", np.zeros((*more_sizes, shape.width, 4), kind))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_an_adapter_changes_what_the_model_says_and_taking_it_off_changes_it_back(
    files, context, adapters
):
    plain = logits(context)
    adapters.use(context, named(files, "one"))
    changed = logits(context)
    adapters.use(context, ())
    assert not np.allclose(plain, changed, atol=1e-3)
    assert np.array_equal(logits(context), plain)


def test_scale_says_how_strongly_an_adapter_acts(files, context, adapters):
    plain = logits(context)
    distances = []
    for scale in (0.0, 0.1, 1.0):
        adapters.use(context, named(files, "one", scale=scale))
        distances.append(np.abs(logits(context) - plain).mean())
    assert distances[0] == 0
    assert distances[0] < distances[1] < distances[2]


def test_two_adapters_act_together_and_one_of_them_can_go(files, context, adapters):
    adapters.use(context, named(files, "one"))
    one = logits(context)
    adapters.use(context, named(files, "one", "two"))
    assert not np.allclose(logits(context), one, atol=1e-3)
    adapters.use(context, named(files, "one"))
    assert np.array_equal(logits(context), one)


def test_a_file_named_twice_acts_with_the_sum_of_its_scales(files, context, adapters):
    adapters.use(context, named(files, "one", scale=0.5))
    half = logits(context), adapters.fingerprint()
    adapters.use(context, named(files, "one", "one", scale=0.25))
    assert np.array_equal(logits(context), half[0])
    assert adapters.fingerprint() == half[1]


def test_fingerprint_tells_contents_and_scales_apart_but_not_names_or_order(
    files, context, adapters, tmp_path
):
    copy = tmp_path / "copy of one.gguf"
    copy.write_bytes((files / "one.gguf").read_bytes())
    seen = []
    for each in (
        (),
        named(files, "one"),
        named(files, "two"),
        named(files, "one", "two"),
        named(files, "one", scale=0.5),
    ):
        adapters.use(context, each)
        seen.append(adapters.fingerprint())
    assert seen[0] == ""
    assert len(set(seen)) == len(seen)
    adapters.use(context, (Adapter(str(copy)),))
    assert adapters.fingerprint() == seen[1]
    adapters.use(context, named(files, "two", "one"))
    assert adapters.fingerprint() == seen[3]
    adapters.use(context, named(files, "one", scale=0.0))
    assert adapters.fingerprint() == ""


def test_a_file_that_was_replaced_is_read_again(files, context, adapters, tmp_path):
    path = tmp_path / "changing.gguf"
    path.write_bytes((files / "one.gguf").read_bytes())
    adapters.use(context, (Adapter(str(path)),))
    before = logits(context), adapters.fingerprint()
    path.unlink()
    path.write_bytes((files / "two.gguf").read_bytes())
    adapters.use(context, (Adapter(str(path)),))
    assert not np.array_equal(logits(context), before[0])
    assert adapters.fingerprint() != before[1]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("model", "whole model"),
        ("llama", "models of the kind “llama”, and this one is “qwen3”"),
        ("wide", "another model of this kind"),
        ("deep", "another model of this kind"),
        ("cut", "incomplete"),
        ("header cut", "damaged"),
        ("text", "not a GGUF file"),
        ("empty", "not a GGUF file"),
        ("missing", "cannot be found"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_words_and_the_former_ones_stay(
    files, context, adapters, name, words
):
    adapters.use(context, named(files, "one"))
    before = logits(context), adapters.fingerprint()

    with pytest.raises(AdapterError, match=words) as refused:
        adapters.use(context, named(files, "two", name))

    assert refused.value.hint
    assert f"{name}.gguf" in refused.value.message
    assert np.array_equal(logits(context), before[0])
    assert adapters.fingerprint() == before[1]
    adapters.use(context, named(files, "one", "two"))


@pytest.mark.parametrize("scale", [float("nan"), float("inf")])
def test_a_scale_that_is_no_number_is_refused(files, context, adapters, scale):
    with pytest.raises(AdapterError, match="not a number"):
        adapters.use(context, named(files, "one", scale=scale))


def test_a_folder_is_no_adapter(files, context, adapters):
    with pytest.raises(AdapterError, match="not a file"):
        adapters.use(context, (Adapter(str(files)),))


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ({"kind": np.int32}, "unusual form"),
        ({"kind": np.float64}, "unusual form"),
        ({"alpha": "much"}, "unusual form"),
        ({"extra_size": 3}, "unusual form"),
        ({"more": {"general.type": 7}}, "whole model"),
        ({"more": {"adapter.type": 7}}, "not a LoRA"),
        ({"more": {"adapter.type": "control_vector"}}, "not a LoRA"),
        ({"more": {"adapter.alora.invocation_tokens": [1, 2]}}, "activated LoRA"),
    ],
    ids=str,
)
def test_what_would_end_the_process_is_refused_in_words(context, adapters, tmp_path, odd, words):
    path = odd_adapter(tmp_path / "odd.gguf", **odd)
    with pytest.raises(AdapterError, match=words):
        adapters.use(context, (Adapter(str(path)),))


def test_the_plain_form_of_the_odd_ones_is_taken(context, adapters, tmp_path):
    path = odd_adapter(tmp_path / "plain.gguf")
    adapters.use(context, (Adapter(str(path)),))
    logits(context)


def test_a_mixture_of_experts_takes_an_adapter_of_its_experts(files, tmp_path):
    path = tmp_path / "moe adapter.gguf"
    writer = gguf.GGUFWriter(path, "qwen3moe")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    draw = np.random.default_rng(1)
    name = "blk.0.ffn_down_exps.weight"
    sizes = {"lora_a": (4, 4, 128), "lora_b": (4, 64, 4)}
    for part, shape in sizes.items():
        writer.add_tensor(f"{name}.{part}", draw.standard_normal(shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with native.native_model(files / "moe.gguf") as model, native.native_context(model) as context:
        adapters = AdapterSet(model)
        plain = logits(context)
        adapters.use(context, (Adapter(str(path)),))
        assert not np.array_equal(logits(context), plain)
        adapters.close()


def test_adapters_closed_before_their_model_are_freed_once(files):
    with (
        native.native_model(files / "model.gguf") as model,
        native.native_context(model) as context,
    ):
        adapters = AdapterSet(model)
        adapters.use(context, named(files, "one", "two"))
        adapters.close()
        adapters.close()
        assert adapters.fingerprint() == ""
