"""Small vision projectors with random weights, and a text model for the one that needs its own.

Three that differ in what a picture costs and how it is computed: `llava` cuts every picture to one
size and reads it as text is read; `gemma3` lets the parts of a picture see one another; `qwen2vl`
takes any size and counts positions in two dimensions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.doubles.random_vocabulary import END, END_OF_TEXT, byte_pairs

WIDTH = 64  # of the text model, as `random_gguf.TINY` has it
_SEEN = 32  # width of the vision transformer
_INNER = 64
_LAYERS = 2
_PATCH = 8

KINDS = ("llava", "gemma3", "qwen2vl")
_PROJECTORS = {"llava": "mlp", "gemma3": "gemma3", "qwen2vl": "qwen2vl_merger"}
_VISION_PARTS = ("<|vision_start|>", "<|vision_end|>")


def tiny_projector(path: Path, kind: str = "llava", *, width: int = WIDTH, seed: int = 0) -> Path:
    """A projector of one of `KINDS`, for text models of this width."""
    import gguf  # brings numpy, which the rest of the suite can do without

    writer = gguf.GGUFWriter(path, "clip")
    writer.add_type("mmproj")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_string("clip.projector_type", _PROJECTORS[kind])
    writer.add_bool("clip.use_gelu", True)
    for name, value in (
        ("image_size", 64),
        ("patch_size", _PATCH),
        ("embedding_length", _SEEN),
        ("feed_forward_length", _INNER),
        ("block_count", _LAYERS),
        ("projection_dim", width),
        ("attention.head_count", 2),
    ):
        writer.add_uint32(f"clip.vision.{name}", value)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-6)
    writer.add_array("clip.vision.image_mean", [0.5, 0.5, 0.5])
    writer.add_array("clip.vision.image_std", [0.5, 0.5, 0.5])
    if kind == "gemma3":
        writer.add_uint32("clip.vision.projector.scale_factor", 2)
    _write(writer, _vision_tensors(kind, width), seed)
    return path


def tiny_mrope(path: Path, *, seed: int = 0) -> Path:
    """A Qwen2-VL text model, whose positions have several dimensions."""
    import gguf  # as above

    writer = gguf.GGUFWriter(path, "qwen2vl")
    writer.add_name("Tiny")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_context_length(4096)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(2 * WIDTH)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1e6)
    writer.add_rope_dimension_sections([2, 3, 3, 0])
    vocabulary = byte_pairs(510)
    writer.add_tokenizer_model(vocabulary.kind)
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([*vocabulary.texts, *_VISION_PARTS])
    writer.add_token_types([*vocabulary.types, *(gguf.TokenType.CONTROL for _ in _VISION_PARTS)])
    writer.add_token_merges(list(vocabulary.merges))
    writer.add_eos_token_id(vocabulary.token(END))
    writer.add_bos_token_id(vocabulary.token(END_OF_TEXT))
    writer.add_add_bos_token(False)
    _write(writer, _text_tensors(len(vocabulary.texts) + len(_VISION_PARTS)), seed)
    return path


_Shapes = list[tuple[str, tuple[int, ...]]]


def _write(writer: Any, shapes: _Shapes, seed: int) -> None:
    import numpy as np  # as above

    draw = np.random.default_rng(seed)
    for name, shape in shapes:
        if name.endswith("bias"):
            values = draw.standard_normal(shape) * 0.02
        elif len(shape) == 1:
            values = np.ones(shape)
        else:
            values = draw.standard_normal(shape) / np.prod(shape[1:]) ** 0.5
        half = len(shape) > 1 and "position" not in name
        writer.add_tensor(name, values.astype(np.float16 if half else np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _vision_tensors(kind: str, width: int) -> _Shapes:
    shapes: _Shapes = [("v.patch_embd.weight", (_SEEN, 3, _PATCH, _PATCH))]
    if kind == "qwen2vl":
        shapes += [
            ("v.patch_embd.weight.1", (_SEEN, 3, _PATCH, _PATCH)),
            ("mm.0.weight", (4 * _SEEN, 4 * _SEEN)),
            ("mm.0.bias", (4 * _SEEN,)),
            ("mm.2.weight", (width, 4 * _SEEN)),
            ("mm.2.bias", (width,)),
        ]
    else:
        shapes += [("v.patch_embd.bias", (_SEEN,)), ("v.position_embd.weight", (64, _SEEN))]
    if kind == "llava":
        shapes += [("mm.0.weight", (width, _SEEN)), ("mm.0.bias", (width,))]
        shapes += [("mm.2.weight", (width, width)), ("mm.2.bias", (width,))]
    if kind == "gemma3":
        shapes += [("mm.input_projection.weight", (_SEEN, width))]
        shapes += [("mm.soft_emb_norm.weight", (_SEEN,))]
    shapes += [("v.post_ln.weight", (_SEEN,)), ("v.post_ln.bias", (_SEEN,))]
    for layer in range(_LAYERS):
        name = f"v.blk.{layer}"
        for part, rows, columns in (
            ("attn_q", _SEEN, _SEEN),
            ("attn_k", _SEEN, _SEEN),
            ("attn_v", _SEEN, _SEEN),
            ("attn_out", _SEEN, _SEEN),
            ("ffn_up", _INNER, _SEEN),
            ("ffn_down", _SEEN, _INNER),
        ):
            shapes += [(f"{name}.{part}.weight", (rows, columns)), (f"{name}.{part}.bias", (rows,))]
        for part in ("ln1", "ln2"):
            shapes += [(f"{name}.{part}.weight", (_SEEN,)), (f"{name}.{part}.bias", (_SEEN,))]
    return shapes


def _text_tensors(size: int) -> _Shapes:
    shapes: _Shapes = [("token_embd.weight", (size, WIDTH)), ("output_norm.weight", (WIDTH,))]
    for layer in range(_LAYERS):
        name = f"blk.{layer}"
        shapes += [(f"{name}.attn_norm.weight", (WIDTH,)), (f"{name}.ffn_norm.weight", (WIDTH,))]
        for part, rows in (("attn_q", WIDTH), ("attn_k", WIDTH // 2), ("attn_v", WIDTH // 2)):
            shapes += [
                (f"{name}.{part}.weight", (rows, WIDTH)),
                (f"{name}.{part}.bias", (rows,)),
            ]
        shapes += [
            (f"{name}.attn_output.weight", (WIDTH, WIDTH)),
            (f"{name}.ffn_gate.weight", (2 * WIDTH, WIDTH)),
            (f"{name}.ffn_up.weight", (2 * WIDTH, WIDTH)),
            (f"{name}.ffn_down.weight", (WIDTH, 2 * WIDTH)),
        ]
    return shapes
