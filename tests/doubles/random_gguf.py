"""GGUF files of real shapes with random weights, for what does not depend on what a model says.

Weights are seeded and scaled so that activations stay finite in any depth. The rows of the tokens
that end a reply are zero, so that a reply goes on until it is stopped. The `tiny_` ones load in
milliseconds; `qwen3_0_6b` takes as long to load and to run as a real model of its name.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.doubles.random_vocabulary import END, END_OF_TEXT, Vocabulary, byte_pairs, word_pieces

if TYPE_CHECKING:
    import numpy as np

VERSION = 1  # of the big file; a change of weights or vocabulary makes it anew

CHATML = """{%- for message in messages -%}
<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}<|im_start|>assistant
{% endif -%}"""

_Q4_K_M = 15  # llama_ftype
_POOL_MEAN, _POOL_LAST = 1, 3  # gguf.PoolingType
_EMBEDDING = "token_embd.weight"


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a transformer, or of whatever takes its place in each layer.

    Attributes:
        tied: the output head is the embedding matrix.
        experts, used_experts: of each layer's feed-forward part; 0 for a dense model.
    """

    width: int = 64
    layers: int = 2
    feed_forward: int = 128
    heads: int = 4
    kv_heads: int = 2
    head_size: int = 32
    vocabulary: int = 512
    context_length: int = 4096
    tied: bool = True
    experts: int = 0
    used_experts: int = 0


TINY = Shape()
QWEN3_0_6B = Shape(
    width=1024,
    layers=28,
    feed_forward=3072,
    heads=16,
    kv_heads=8,
    head_size=128,
    vocabulary=151936,
    context_length=40960,
)


@dataclass(frozen=True, slots=True)
class _Tensor:
    """One weight; `values` makes it, from the generator and its shape."""

    name: str
    shape: tuple[int, ...]
    values: Callable[[np.random.Generator, tuple[int, ...]], Any]
    half: bool = True


def tiny_random(path: Path, shape: Shape = TINY, *, seed: int = 0, template: str = CHATML) -> Path:
    """A small transformer; another seed is another model of the same shape."""
    return _write(path, "qwen3", shape, _transformer(shape), seed=seed, template=template)


def tiny_moe(path: Path, *, seed: int = 0) -> Path:
    """A small mixture of four experts, two of them used for each token."""
    shape = Shape(experts=4, used_experts=2)
    return _write(path, "qwen3moe", shape, _transformer(shape), seed=seed)


def tiny_recurrent(path: Path, *, seed: int = 0) -> Path:
    """A small Mamba: its state is one sum over all tokens, and cannot be cut."""
    shape = Shape(heads=0, feed_forward=0)
    return _write(path, "mamba", shape, _mamba(shape), seed=seed)


def tiny_hybrid(path: Path, *, seed: int = 0) -> Path:
    """A small LFM2: layers of attention and of short convolutions in turn."""
    shape = Shape(layers=4, heads=2)
    return _write(path, "lfm2", shape, _lfm2(shape), seed=seed)


def tiny_embedder(path: Path, *, causal: bool = False, seed: int = 0) -> Path:
    """A small embedding model: a BERT, or with `causal` a decoder that pools its last token."""
    if causal:
        return _write(path, "qwen3", TINY, _transformer(TINY), seed=seed, pooling=_POOL_LAST)
    shape = Shape(heads=2, kv_heads=2, vocabulary=240, context_length=512)
    return _write(path, "bert", shape, _bert(shape), seed=seed, pooling=_POOL_MEAN)


def tiny_lora(
    path: Path,
    *,
    scale: float = 1.0,
    shape: Shape = TINY,
    architecture: str = "qwen3",
    rank: int = 4,
    seed: int = 0,
) -> Path:
    """An adapter for `tiny_random` of the same shape.

    Args:
        path: where to.
        scale: how much it changes; 0 changes nothing.
        shape: of the base model.
        architecture: what the header says the base model is.
        rank: of the change.
        seed: another seed is another adapter.
    """
    import gguf  # brings numpy, which the rest of the suite can do without

    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(rank))
    _write_tensors(writer, list(_adapter(shape, rank, scale)), seed)
    return path


def qwen3_0_6b(folder: Path) -> Path:
    """The shape of Qwen3-0.6B as Q4_K_M; made on the first call, which takes a minute."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"random-qwen3-0.6b-q4_k_m-v{VERSION}.gguf"
    if not path.is_file():
        whole, part = path.with_suffix(".f16"), path.with_suffix(".part")
        _write(whole, "qwen3", QWEN3_0_6B, _transformer(QWEN3_0_6B), name="Random Qwen3 0.6B")
        quantize(whole, part)
        whole.unlink()
        part.replace(path)
    return path


def quantize(source: Path, target: Path, file_type: int = _Q4_K_M) -> None:
    """As llama.cpp does it; in a process of its own, which an abort may end."""
    files = [str(each.absolute()) for each in (source, target)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.doubles.random_gguf", *files, str(file_type)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"quantizing ended with {done.returncode}: {done.stderr[-2000:]}")


def _write(
    path: Path,
    architecture: str,
    shape: Shape,
    tensors: Iterator[_Tensor],
    *,
    name: str = "Random",
    seed: int = 0,
    template: str = CHATML,
    pooling: int | None = None,
) -> Path:
    import gguf  # as above

    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    _add_sizes(writer, architecture, shape)
    if architecture == "bert":
        vocabulary = word_pieces(shape.vocabulary)
    else:
        vocabulary = byte_pairs(shape.vocabulary)
        writer.add_chat_template(template)
    _add_vocabulary(writer, vocabulary)
    if pooling is not None:
        writer.add_pooling_type(gguf.PoolingType(pooling))
    _write_tensors(writer, list(tensors), seed, vocabulary.ends)
    return path


def _add_sizes(writer: Any, architecture: str, shape: Shape) -> None:
    writer.add_context_length(shape.context_length)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_layer_norm_rms_eps(1e-6)
    match architecture:
        case "mamba":
            writer.add_ssm_conv_kernel(_CONV)
            writer.add_ssm_inner_size(2 * shape.width)
            writer.add_ssm_state_size(_STATE)
            writer.add_ssm_time_step_rank(_STEP_RANK)
        case "lfm2":
            writer.add_shortconv_l_cache(_SHORT_CONV)
            writer.add_head_count_kv(
                [shape.kv_heads if _attends(layer) else 0 for layer in range(shape.layers)]
            )
        case "bert":
            writer.add_layer_norm_eps(1e-6)
            writer.add_causal_attention(False)
        case _:
            writer.add_head_count_kv(shape.kv_heads)
            writer.add_key_length(shape.head_size)
            writer.add_value_length(shape.head_size)
            writer.add_rope_freq_base(1e6)
    if shape.experts:
        writer.add_expert_count(shape.experts)
        writer.add_expert_used_count(shape.used_experts)
        writer.add_expert_feed_forward_length(shape.feed_forward)


def _add_vocabulary(writer: Any, vocabulary: Vocabulary) -> None:
    writer.add_tokenizer_model(vocabulary.kind)
    writer.add_token_list(list(vocabulary.texts))
    writer.add_token_types(list(vocabulary.types))
    if vocabulary.kind == "bert":
        writer.add_token_type_count(1)
        writer.add_pad_token_id(vocabulary.token("[PAD]"))
        writer.add_unk_token_id(vocabulary.token("[UNK]"))
        writer.add_bos_token_id(vocabulary.token("[CLS]"))
        writer.add_sep_token_id(vocabulary.token("[SEP]"))
        writer.add_mask_token_id(vocabulary.token("[MASK]"))
        return
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_merges(list(vocabulary.merges))
    writer.add_bos_token_id(vocabulary.token(END_OF_TEXT))
    writer.add_pad_token_id(vocabulary.token(END_OF_TEXT))
    writer.add_eos_token_id(vocabulary.token(END))
    writer.add_add_bos_token(False)


def _write_tensors(
    writer: Any, tensors: list[_Tensor], seed: int, silent: tuple[int, ...] = ()
) -> None:
    """One after the other, so that a big model is never in memory as a whole.

    Args:
        writer: with everything but the tensors.
        tensors: to make and to write.
        seed: of all of them.
        silent: tokens whose logit is always 0.
    """
    import numpy as np  # as above

    for each in tensors:
        kind = np.dtype(np.float16 if each.half else np.float32)
        writer.add_tensor_info(each.name, each.shape, kind, _count(each.shape) * kind.itemsize)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    draw = np.random.default_rng(seed)
    for each in tensors:
        values = each.values(draw, each.shape)
        if each.name in (_EMBEDDING, "output.weight"):
            values[list(silent)] = 0
        writer.write_tensor_data(values.astype(np.float16 if each.half else np.float32))
    writer.close()


def _transformer(shape: Shape) -> Iterator[_Tensor]:
    """Qwen3, dense or with experts."""
    width, head = shape.width, shape.head_size
    yield _matrix(_EMBEDDING, shape.vocabulary, width)
    yield _ones("output_norm.weight", width)
    if not shape.tied:
        yield _matrix("output.weight", shape.vocabulary, width)
    for layer in range(shape.layers):
        name = f"blk.{layer}"
        yield _ones(f"{name}.attn_norm.weight", width)
        yield from _attention(name, width, shape.heads * head, shape.kv_heads * head)
        yield _ones(f"{name}.attn_q_norm.weight", head)
        yield _ones(f"{name}.attn_k_norm.weight", head)
        yield _ones(f"{name}.ffn_norm.weight", width)
        yield from _experts(name, shape) if shape.experts else _feed_forward(name, shape)


def _attention(name: str, width: int, queries: int, keys: int) -> Iterator[_Tensor]:
    yield _matrix(f"{name}.attn_q.weight", queries, width)
    yield _matrix(f"{name}.attn_k.weight", keys, width)
    yield _matrix(f"{name}.attn_v.weight", keys, width)
    yield _matrix(f"{name}.attn_output.weight", width, queries)


def _feed_forward(name: str, shape: Shape) -> Iterator[_Tensor]:
    yield _matrix(f"{name}.ffn_gate.weight", shape.feed_forward, shape.width)
    yield _matrix(f"{name}.ffn_up.weight", shape.feed_forward, shape.width)
    yield _matrix(f"{name}.ffn_down.weight", shape.width, shape.feed_forward)


def _experts(name: str, shape: Shape) -> Iterator[_Tensor]:
    count, inner, width = shape.experts, shape.feed_forward, shape.width
    yield _matrix(f"{name}.ffn_gate_inp.weight", count, width, half=False)
    yield _matrix(f"{name}.ffn_gate_exps.weight", count, inner, width)
    yield _matrix(f"{name}.ffn_up_exps.weight", count, inner, width)
    yield _matrix(f"{name}.ffn_down_exps.weight", count, width, inner)


_CONV, _STATE, _STEP_RANK = 4, 16, 4  # of Mamba
_SHORT_CONV = 3  # of LFM2


def _mamba(shape: Shape) -> Iterator[_Tensor]:
    width, inner = shape.width, 2 * shape.width
    yield _matrix(_EMBEDDING, shape.vocabulary, width)
    yield _ones("output_norm.weight", width)
    for layer in range(shape.layers):
        name = f"blk.{layer}"
        yield _ones(f"{name}.attn_norm.weight", width)
        yield _matrix(f"{name}.ssm_in.weight", 2 * inner, width)
        yield _matrix(f"{name}.ssm_conv1d.weight", inner, _CONV, half=False)
        yield _constant(f"{name}.ssm_conv1d.bias", 0.0, inner)
        yield _matrix(f"{name}.ssm_x.weight", _STEP_RANK + 2 * _STATE, inner)
        yield _matrix(f"{name}.ssm_dt.weight", inner, _STEP_RANK)
        # A step of about 0.1 and decays of 1 and more: the state remembers, and stays bounded.
        yield _constant(f"{name}.ssm_dt.bias", -2.0, inner)
        yield _constant(f"{name}.ssm_a", -1.0, inner, _STATE)
        yield _ones(f"{name}.ssm_d", inner)
        yield _matrix(f"{name}.ssm_out.weight", width, inner)


def _lfm2(shape: Shape) -> Iterator[_Tensor]:
    width = shape.width
    head = width // shape.heads
    yield _matrix(_EMBEDDING, shape.vocabulary, width)
    yield _ones("token_embd_norm.weight", width)  # the norm before the output has this name
    for layer in range(shape.layers):
        name = f"blk.{layer}"
        yield _ones(f"{name}.attn_norm.weight", width)
        yield _ones(f"{name}.ffn_norm.weight", width)
        yield from _feed_forward(name, shape)
        if _attends(layer):
            yield from _attention(name, width, width, shape.kv_heads * head)
            yield _ones(f"{name}.attn_q_norm.weight", head)
            yield _ones(f"{name}.attn_k_norm.weight", head)
        else:
            yield _matrix(f"{name}.shortconv.conv.weight", width, _SHORT_CONV, half=False)
            yield _matrix(f"{name}.shortconv.in_proj.weight", 3 * width, width)
            yield _matrix(f"{name}.shortconv.out_proj.weight", width, width)


def _attends(layer: int) -> bool:
    return layer % 2 == 1


def _bert(shape: Shape) -> Iterator[_Tensor]:
    width = shape.width
    yield _matrix(_EMBEDDING, shape.vocabulary, width)
    yield _matrix("token_types.weight", 1, width, half=False)
    yield _matrix("position_embd.weight", shape.context_length, width, half=False)
    yield from _norm("token_embd_norm", width)
    for layer in range(shape.layers):
        name = f"blk.{layer}"
        yield from _attention(name, width, width, width)
        yield from _norm(f"{name}.attn_output_norm", width)
        yield _matrix(f"{name}.ffn_up.weight", shape.feed_forward, width)
        yield _matrix(f"{name}.ffn_down.weight", width, shape.feed_forward)
        yield from _norm(f"{name}.layer_output_norm", width)


def _adapter(shape: Shape, rank: int, scale: float) -> Iterator[_Tensor]:
    queries = shape.heads * shape.head_size
    for layer in range(shape.layers):
        for part, rows, columns in (
            ("attn_q", queries, shape.width),
            ("ffn_down", shape.width, shape.feed_forward),
        ):
            name = f"blk.{layer}.{part}.weight"
            yield _matrix(f"{name}.lora_a", rank, columns, half=False)
            yield _matrix(f"{name}.lora_b", rows, rank, half=False, scale=scale)


def _matrix(name: str, *shape: int, half: bool = True, scale: float = 1.0) -> _Tensor:
    """Normal values that keep the size of what is multiplied with them."""

    def values(draw: np.random.Generator, shape: tuple[int, ...]) -> Any:
        drawn = draw.standard_normal(shape, dtype="float32")
        drawn *= scale / shape[-1] ** 0.5
        return drawn

    return _Tensor(name, shape, values, half)


def _ones(name: str, size: int) -> _Tensor:
    return _constant(name, 1.0, size)


def _constant(name: str, value: float, *shape: int) -> _Tensor:
    import numpy as np  # as above

    return _Tensor(name, shape, lambda _draw, shape: np.full(shape, value), half=False)


def _norm(name: str, size: int) -> Iterator[_Tensor]:
    yield _ones(f"{name}.weight", size)
    yield _constant(f"{name}.bias", 0.0, size)


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for each in shape:
        count *= each
    return count


def _quantize(source: str, target: str, file_type: int) -> int:
    import llama_cpp  # only in the process that `quantize` starts

    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = file_type
    return int(llama_cpp.llama_model_quantize(source.encode(), target.encode(), params))


if __name__ == "__main__":
    sys.exit(_quantize(sys.argv[1], sys.argv[2], int(sys.argv[3])))
