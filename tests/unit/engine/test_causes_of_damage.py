"""What llama.cpp says of damaged files, and what a dying process says, as words for a person."""

from __future__ import annotations

import pytest

from app.engine.causes import dying_words, load_error


@pytest.mark.parametrize(
    ("lines", "said", "hint"),
    [
        (["gguf_init_from_reader: key 'a' has invalid GGUF type 77",
          "llama_model_load: error loading model: llama_model_loader: failed to load model from"
          " /home/me/x.gguf"], "header of the file is damaged", "Download it again"),
        (["read: string length 9 exceeds remaining file size 3 bytes"], "damaged", "Download"),
        (["gguf_init_from_file: failed to open GGUF file '/a/b' (No such file)"],
         "cannot be opened", "still there"),
        (["gguf_init_from_reader: this GGUF file is version 9 but this software only supports"
          " up to version 3"], "GGUF version 9", "update"),
        (["tensor 'a' of type 31 (TYPE_Q4_0_4_4 REMOVED, use Q4_0 with runtime repacking) has"],
         "no longer in use", "another file"),
        (["error loading model: check_tensor_dims: tensor 'blk.0.attn_q.weight' not found"],
         "lacks a part (“blk.0.attn_q.weight”)", "another"),
        (["check_tensor_dims: tensor 'blk.0.x' has wrong shape; expected 1, got 2"],
         "“blk.0.x”) has the wrong size", "another"),
        (["done_getting_tensors: wrong number of tensors; expected 3, got 2"], "more parts", "an"),
        (["error loading model hyperparameters: key not found in model: qwen3.block_count"],
         "“qwen3.block_count”", "another"),
        (["key qwen3.context_length has wrong type i32 but expected type u32"],
         "“qwen3.context_length” has an unusual form", "another"),
        (["error loading model vocabulary: unknown tokenizer: 'odd'"], "“odd”", "newer"),
    ],
    ids=["header", "length", "missing", "version", "removed", "lacks", "size", "more", "key",
         "kind", "tokenizer"],
)  # fmt: skip
def test_load_error_says_what_is_wrong_and_names_no_folder(
    lines: list[str], said: str, hint: str
) -> None:
    error = load_error("x.gguf", lines)
    assert said in error.message
    assert hint in error.hint
    assert "/home" not in error.message


def test_abort_without_known_reason_is_quoted() -> None:
    lines = ["loading…", "/build/src/llama-context.cpp:123: unknown pooling type"]
    error = load_error("x.gguf", lines, "crashed (SIGABRT)")
    assert "crashed (SIGABRT) while it was loading" in error.message
    assert "unknown pooling type" in error.message


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/b/ggml.c:1: GGML_ASSERT(a == b) failed", "GGML_ASSERT(a == b) failed"),
        ("  what():  vector::_M_range_check", "vector::_M_range_check"),
        ("CUDA error: an illegal memory access", "CUDA error: an illegal memory access"),
        ("2026-01-01 ERROR error: a step of the model took longer than 120 seconds",
         "a step of the model took longer than 120 seconds"),
        ("ggml_aligned_malloc: unable to allocate 3 MB", "ggml_aligned_malloc: unable to allocate"
         " 3 MB"),
        ("parse: error parsing grammar: expecting ')'", ""),
        ("llama_decode: failed to decode, ret = -1", ""),
    ],
)  # fmt: skip
def test_dying_words_are_those_of_the_death(line: str, said: str) -> None:
    assert dying_words(["INFO something", line, "a line of no interest"]) == said


def test_dying_words_are_not_looked_for_in_the_past() -> None:
    old = "/b/ggml.c:1: GGML_ASSERT(a == b) failed"
    assert dying_words([old, *(f"line {number}" for number in range(20))]) == ""
