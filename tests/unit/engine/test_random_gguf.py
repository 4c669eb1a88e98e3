"""The models of random weights are what llama.cpp takes for models of their kinds."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.doubles import random_gguf
from tests.doubles.random_vocabulary import byte_pairs, word_pieces, words

_ROOT = Path(__file__).parents[3]


def _probe(path: Path, *more: object) -> Any:
    command = [sys.executable, "-m", "tests.unit.engine.gguf_probe", path, *more]
    done = subprocess.run(
        [str(each) for each in command], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("write", "recurrent", "hybrid", "can_cut"),
    [
        pytest.param(random_gguf.tiny_random, False, False, True, id="transformer"),
        pytest.param(random_gguf.tiny_moe, False, False, True, id="experts"),
        pytest.param(random_gguf.tiny_recurrent, True, False, False, id="recurrent"),
        pytest.param(random_gguf.tiny_hybrid, False, True, False, id="hybrid"),
    ],
)
def test_tiny_model_decodes_finite_logits(
    write: Callable[[Path], Path], recurrent: bool, hybrid: bool, can_cut: bool, tmp_path: Path
) -> None:
    result = _probe(write(tmp_path / "tiny.gguf"))
    assert (result["recurrent"], result["hybrid"]) == (recurrent, hybrid)
    assert result["can_cut"] == can_cut
    assert all(math.isfinite(each) for each in result["logits"])
    assert 0.1 < _spread(result["logits"]) < 10


@pytest.mark.parametrize("causal", [False, True], ids=["bert", "decoder"])
def test_tiny_embedder_gives_a_finite_vector(causal: bool, tmp_path: Path) -> None:
    path = random_gguf.tiny_embedder(tmp_path / "tiny.gguf", causal=causal)
    vector = _probe(path)["embedding"]
    assert len(vector) == random_gguf.TINY.width
    assert all(math.isfinite(each) for each in vector)
    assert _spread(vector) > 0.1


def test_tiny_lora_changes_what_its_base_says_by_its_scale(tmp_path: Path) -> None:
    base = random_gguf.tiny_random(tmp_path / "base.gguf")
    adapter = random_gguf.tiny_lora(tmp_path / "adapter.gguf")
    plain = _probe(base)["logits"]
    assert _probe(base, adapter, 0)["logits"] == plain
    assert _distance(_probe(base, adapter, 1)["logits"], plain) > 0.1


def test_tiny_random_of_the_same_seed_is_the_same_file(tmp_path: Path) -> None:
    one, same, other = (
        random_gguf.tiny_random(tmp_path / f"{index}.gguf", seed=seed).read_bytes()
        for index, seed in enumerate((1, 1, 2))
    )
    assert one == same != other


def test_quantize_makes_a_file_that_loads(tmp_path: Path) -> None:
    shape = random_gguf.Shape(width=256, feed_forward=256)
    whole = random_gguf.tiny_random(tmp_path / "whole.gguf", shape)
    random_gguf.quantize(whole, tmp_path / "small.gguf")
    assert (tmp_path / "small.gguf").stat().st_size < whole.stat().st_size / 2
    assert all(math.isfinite(each) for each in _probe(tmp_path / "small.gguf")["logits"])


def test_quantize_of_no_model_says_why(tmp_path: Path) -> None:
    (tmp_path / "no.gguf").write_bytes(b"nothing")
    with pytest.raises(RuntimeError, match="quantizing ended"):
        random_gguf.quantize(tmp_path / "no.gguf", tmp_path / "out.gguf")


@pytest.mark.parametrize("size", [259, 512, 151936])
def test_byte_pairs_are_unique_and_reachable(size: int) -> None:
    vocabulary = byte_pairs(size)
    assert len(set(vocabulary.texts)) == len(vocabulary.types) == size
    known = set(vocabulary.texts)
    for merge in vocabulary.merges:
        assert known.issuperset((*merge.split(" "), merge.replace(" ", "")))


def test_word_pieces_are_unique() -> None:
    assert len(set(word_pieces(240).texts)) == 240


@pytest.mark.parametrize("make", [byte_pairs, word_pieces])
def test_vocabulary_of_an_impossible_size_is_refused(make: Callable[[int], object]) -> None:
    with pytest.raises(ValueError, match="cannot have"):
        make(10_000_000)


def test_words_are_repeatable() -> None:
    assert words(20, seed=3) == words(20, seed=3) != words(20, seed=4)


def _spread(values: list[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((each - mean) ** 2 for each in values) / len(values))


def _distance(one: list[float], other: list[float]) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))
