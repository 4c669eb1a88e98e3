from __future__ import annotations

import pytest

from app.engine.causes import last_words, load_error


@pytest.mark.parametrize(
    ("line", "said", "hint"),
    [
        (
            "llama_model_load: error loading model: unknown model architecture: 'newer'",
            "“newer”",
            "newer Cairn",
        ),
        (
            "error loading model: tensor 'a' data is not within the file bounds, model is"
            " corrupted or incomplete",
            "incomplete",
            "Download it again",
        ),
        ("ggml_aligned_malloc: unable to allocate 123 MB", "not enough memory", "smaller"),
        (
            "error loading model: missing tensor 'blk.0.attn_q.weight'",
            "“blk.0.attn_q.weight”",
            "another",
        ),
        ("gguf_init_from_reader: invalid magic characters: 'NOPE'", "not a GGUF", ".gguf"),
    ],
    ids=["architecture", "incomplete", "memory", "missing", "magic"],
)
def test_load_error_from_known_line_says_it_in_words(line: str, said: str, hint: str) -> None:
    error = load_error("m.gguf", ["loading…", line, "llama_model_load: failed"])
    assert "m.gguf" in error.message
    assert said in error.message
    assert hint in error.hint


def test_load_error_from_unknown_line_quotes_it() -> None:
    error = load_error("m.gguf", ["x", "llama_model_load: error loading model: odd thing."])
    assert "The engine says: odd thing." in error.message


def test_load_error_after_kill_speaks_of_memory() -> None:
    error = load_error("m.gguf", [], "was killed, perhaps because memory ran out (SIGKILL)")
    assert "memory" in error.message
    assert "smaller" in error.hint


def test_load_error_after_crash_without_a_word_says_how_it_ended() -> None:
    error = load_error("m.gguf", ["nothing of note"], "crashed (SIGSEGV)")
    assert "crashed (SIGSEGV)" in error.message
    assert error.hint


def test_last_words_after_a_stop_leave_the_stop_out() -> None:
    stopped = [
        "process_ubatch: failed to compute graph, compute status: 1",
        "llama_decode: failed to decode, ret = 2",
    ]
    assert last_words(stopped) == ""
    assert last_words(["llama_decode: failed to decode, ret = -3", *stopped]).endswith("ret = -3")


def test_last_words_from_hostile_name_are_one_printable_line() -> None:
    words = last_words(["error loading model: a\x1b[31m\tb" + "c" * 999])
    assert words.isprintable()
    assert len(words) <= 200
