from __future__ import annotations

import os
import random
import struct
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.modelhub.errors import GgufError, GgufIncomplete
from app.modelhub.gguf import read_gguf_facts
from tests.doubles.scripted_gguf import bad_magic, scripted_gguf, truncated

_STRING, _ARRAY, _U32, _U64, _BOOL, _F32 = 8, 9, 4, 10, 7, 6


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scripted_gguf(tmp_path_factory.mktemp("gguf") / "scripted.gguf")


def _text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data)) + data


def _entry(key: str, kind: int, value: bytes) -> bytes:
    return _text(key) + struct.pack("<I", kind) + value


def _tensor(name: str, shape: tuple[int, ...], kind: int = 0, offset: int = 0) -> bytes:
    return (
        _text(name)
        + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        + struct.pack("<IQ", kind, offset)
    )


_LLAMA = _entry("general.architecture", _STRING, _text("llama"))


def _gguf(
    path: Path, entries: list[bytes], tensors: list[bytes] | None = None, data: int = 0
) -> Path:
    tensors = tensors or []
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries))
    body = header + b"".join(entries) + b"".join(tensors)
    path.write_bytes(body + b"\0" * (-len(body) % 32) + b"\0" * data)
    return path


def test_facts_of_a_real_file_are_those_it_was_written_with(model: Path) -> None:
    facts = read_gguf_facts(model)
    assert facts.path == model
    assert facts.size_bytes == model.stat().st_size
    assert (facts.version, facts.name, facts.architecture) == (3, "Scripted", "llama")
    assert (facts.quantization, facts.context_length, facts.layers) == ("F16", 32768, 1)
    assert facts.embedding_length == 128
    assert facts.vocabulary > 900
    assert facts.parameters > facts.vocabulary * 128 * 2
    assert facts.has_chat_template
    metadata = dict(facts.metadata)
    assert metadata["general.architecture"] == "llama"
    assert metadata["tokenizer.ggml.tokens"] == f"[{facts.vocabulary} values]"
    assert metadata["tokenizer.ggml.add_bos_token"] == "False"
    assert len(metadata["tokenizer.chat_template"]) <= 200


def test_file_without_name_type_or_template_still_has_facts(tmp_path: Path) -> None:
    path = _gguf(tmp_path / "my.model.gguf", [_LLAMA], [_tensor("w", (256, 2), 12)], 288)
    facts = read_gguf_facts(path)
    assert facts.name == "my.model"
    assert facts.quantization == "Q4_K"  # that of most weights
    assert facts.parameters == 512
    assert not facts.has_chat_template
    assert (facts.context_length, facts.vocabulary, facts.layers) == (0, 0, 0)


def test_text_from_the_file_is_made_fit_to_be_shown(tmp_path: Path) -> None:
    name = _entry(
        "general.name", _STRING, _text("a\x1b[31m\n\u202e".encode() + b"\xffb" + b"c" * 999)
    )
    facts = read_gguf_facts(_gguf(tmp_path / "m.gguf", [_LLAMA, name]))
    assert facts.name.isprintable()
    assert len(facts.name) <= 120


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.5, 0.9, 0.999999])
def test_file_without_its_end_is_incomplete(model: Path, tmp_path: Path, share: float) -> None:
    cut = truncated(tmp_path / "cut.gguf", model, share)
    with pytest.raises(GgufIncomplete, match=r"“cut\.gguf” is incomplete") as caught:
        read_gguf_facts(cut)
    assert "Download" in caught.value.hint


def test_file_that_lacks_weights_names_both_sizes(tmp_path: Path) -> None:
    path = _gguf(tmp_path / "m.gguf", [_LLAMA], [_tensor("w", (1000,))], 2000)
    size = path.stat().st_size
    with pytest.raises(GgufIncomplete, match=rf"{size:,} of {size + 2000:,} bytes"):
        read_gguf_facts(path)


def test_other_file_is_not_a_gguf_model(model: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.gguf"
    empty.write_bytes(b"")
    for path in (bad_magic(tmp_path / "bad.gguf", model), empty):
        with pytest.raises(GgufError, match="not a GGUF model"):
            read_gguf_facts(path)


@pytest.mark.parametrize(
    ("version", "said"),
    [(1, "first GGUF version"), (99, "version 99"), (0x03000000, "big-endian"), (0, "version 0")],
)
def test_other_versions_are_named(tmp_path: Path, version: int, said: str) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", version, 0, 0) + b"\0" * 64)
    with pytest.raises(GgufError, match=said):
        read_gguf_facts(path)


_HUGE = 0xFFFF_FFFF_FFFF_FFFF
_HOSTILE = {
    "entry count": b"GGUF" + struct.pack("<IQQ", 3, 0, _HUGE),
    "tensor count": b"GGUF" + struct.pack("<IQQ", 3, _HUGE, 0),
    "key length": b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", _HUGE),
    "text length": b"GGUF" + struct.pack("<IQQ", 3, 0, 1)
    + _entry("a", _STRING, struct.pack("<Q", _HUGE)),
    "array length": b"GGUF" + struct.pack("<IQQ", 3, 0, 1)
    + _entry("a", _ARRAY, struct.pack("<IQ", _U64, _HUGE)),
    "strings in array": b"GGUF" + struct.pack("<IQQ", 3, 0, 1)
    + _entry("a", _ARRAY, struct.pack("<IQ", _STRING, _HUGE)),
    "string in array": b"GGUF" + struct.pack("<IQQ", 3, 0, 1)
    + _entry("a", _ARRAY, struct.pack("<IQQ", _STRING, 1, _HUGE)),
    "arrays in array": b"GGUF" + struct.pack("<IQQ", 3, 0, 1)
    + _entry("a", _ARRAY, struct.pack("<IQ", _ARRAY, _HUGE)),
    "unknown type": b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + _entry("a", 77, b""),
    "unknown array type": b"GGUF" + struct.pack("<IQQ", 3, 0, 1)
    + _entry("a", _ARRAY, struct.pack("<IQ", 77, 1)),
    "deep arrays": b"GGUF" + struct.pack("<IQQ", 3, 0, 1)
    + _entry("a", _ARRAY, struct.pack("<IQ", _ARRAY, 1) * 500),
    "same key twice": b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + _LLAMA + _LLAMA,
    "no architecture": b"GGUF" + struct.pack("<IQQ", 3, 0, 0),
    "dimensions": b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + _LLAMA
    + _tensor("w", (1, 1, 1, 1, 1)),
    "impossibly large tensor": b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + _LLAMA
    + _tensor("w", (_HUGE, _HUGE, _HUGE, _HUGE)),
    "offset": b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + _LLAMA
    + _tensor("w", (1,), 0, _HUGE),
    "alignment": b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + _LLAMA
    + _entry("general.alignment", _U32, struct.pack("<I", 0)),
    "alignment as text": b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + _LLAMA
    + _entry("general.alignment", _STRING, _text("x")),
}  # fmt: skip


@pytest.mark.parametrize("content", _HOSTILE.values(), ids=_HOSTILE.keys())
def test_hostile_header_is_an_error_at_once(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hostile.gguf"
    path.write_bytes(content + b"\0" * 64)
    started = time.thread_time()
    with pytest.raises(GgufError, match=r"hostile\.gguf") as caught:
        read_gguf_facts(path)
    assert time.thread_time() - started < 0.5
    assert caught.value.hint


def test_sparse_file_full_of_empty_texts_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    lists = _entry("a", _ARRAY, struct.pack("<IQ", _STRING, 1 << 30))
    with path.open("wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + lists)
        file.truncate(1 << 34)
    started = time.thread_time()
    with pytest.raises(GgufError, match="lists are too long"):
        read_gguf_facts(path)
    assert time.thread_time() - started < 0.5


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_what_is_not_a_file_is_an_error(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "thing.gguf"
    if kind == "folder":
        path.mkdir()
    if kind == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("no pipes here")
        os.mkfifo(path)
    with pytest.raises(GgufError, match=r"thing\.gguf"):
        read_gguf_facts(path)


def _part(folder: Path, number: int, weights: int) -> Path:
    entries = [
        _LLAMA,
        _entry("split.no", _U32, struct.pack("<I", number - 1)),
        _entry("split.count", _U32, struct.pack("<I", 2)),
    ]
    path = folder / f"big-{number:05d}-of-00002.gguf"
    return _gguf(path, entries, [_tensor("w", (weights,))], weights * 4)


def test_model_in_two_files_is_summed_up_from_the_first(tmp_path: Path) -> None:
    first, second = _part(tmp_path, 1, 100), _part(tmp_path, 2, 50)
    facts = read_gguf_facts(first)
    assert facts.parameters == 150
    assert facts.size_bytes == first.stat().st_size + second.stat().st_size
    assert facts.path == first


def test_model_in_two_files_without_the_second_names_it(tmp_path: Path) -> None:
    with pytest.raises(GgufIncomplete, match=r"big-00002-of-00002\.gguf"):
        read_gguf_facts(_part(tmp_path, 1, 100))


def test_second_file_of_a_model_asks_for_the_first(tmp_path: Path) -> None:
    _part(tmp_path, 1, 100)
    with pytest.raises(GgufError, match="part 2 of a model in 2 files") as caught:
        read_gguf_facts(_part(tmp_path, 2, 50))
    assert "first" in caught.value.hint


def _facts_or_error(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    started = time.thread_time()
    said = ""
    try:
        read_gguf_facts(path)
    except GgufError as error:
        said = error.message
    assert said.isprintable()
    assert time.thread_time() - started < 2


def test_file_with_flipped_bytes_gives_facts_or_an_error(model: Path, tmp_path: Path) -> None:
    content = model.read_bytes()
    shown = random.Random(1)
    for _ in range(600):
        damaged = bytearray(content[:40_000])
        damaged += b"\0" * (len(content) - len(damaged))
        for _ in range(shown.randint(1, 8)):
            # Mostly in the fixed part and the first entries, where the counts are.
            damaged[int(len(damaged) * 0.07 * shown.random() ** 3)] = shown.randrange(256)
        _facts_or_error(tmp_path / "flipped.gguf", bytes(damaged))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_after_the_magic_give_facts_or_an_error(tmp_path: Path, tail: bytes) -> None:
    _facts_or_error(tmp_path / "any.gguf", b"GGUF\x03\0\0\0" + tail)
