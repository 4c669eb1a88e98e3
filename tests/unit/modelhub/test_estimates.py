from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.base.errors import Cancelled, NotFound
from app.base.jobs import CancelToken
from app.engine.options import LoadOptions, WaitPolicy
from app.engine.protocol import MemoryNeed
from app.modelhub.estimates import MemoryEstimates
from app.modelhub.fit import Verdict
from tests.doubles.memory import MB, ON_CARD, MemoryEngine, card

LONG = LoadOptions(context_length=32_768)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.gguf"
    path.write_bytes(b"GGUF")
    return path


def estimates(engine: Any, free_mb: int, used: Any = None) -> MemoryEstimates:
    return MemoryEstimates(engine, lambda: used, lambda: free_mb * MB)


def test_fit_says_what_is_needed_and_what_is_free(file: Path):
    fit = estimates(MemoryEngine(), 8000).fit(file, LoadOptions())
    assert fit.verdict is Verdict.FITS
    assert fit.need.main_memory == pytest.approx(2810 * MB, rel=0.01)
    assert fit.free.main == 8000 * MB
    assert fit.smaller is None


def test_same_file_and_options_are_estimated_once(file: Path):
    engine = MemoryEngine()
    made = estimates(engine, 8000)
    made.fit(file, LoadOptions())
    made.fit(file, LoadOptions(threads=3, wait_policy=WaitPolicy.PASSIVE))
    assert len(engine.asked) == 1
    made.fit(file, LoadOptions(context_length=2048))
    assert len(engine.asked) == 2


def test_file_that_changed_is_estimated_again(file: Path):
    engine = MemoryEngine()
    made = estimates(engine, 8000)
    made.fit(file, LoadOptions())
    os.utime(file, ns=(1, 1))
    made.fit(file, LoadOptions())
    file.write_bytes(b"GGUF and more")
    os.utime(file, ns=(1, 1))
    made.fit(file, LoadOptions())
    assert len(engine.asked) == 3


def test_free_memory_is_asked_for_each_time(file: Path):
    amounts = iter([8000 * MB, 1000 * MB])
    made = MemoryEstimates(MemoryEngine(), free=lambda: next(amounts))  # type: ignore[arg-type]  # a double
    assert made.fit(file, LoadOptions()).verdict is Verdict.FITS
    assert made.fit(file, LoadOptions()).verdict is Verdict.DOES_NOT_FIT


def test_proposal_is_one_that_the_engine_agrees_with(file: Path):
    class FixedCache(MemoryEngine):
        """Its KV cache does not shrink below 1,000 MB, as with a model that has a fixed state."""

        def rule(self, options: LoadOptions) -> MemoryNeed:
            need = super().rule(options)
            (one,) = need.devices
            return replace(need, devices=(replace(one, kv_cache=max(one.kv_cache, 1000 * MB)),))

    fit = estimates(FixedCache(), 3500).fit(file, LONG)
    assert fit.smaller is not None
    assert FixedCache().rule(fit.smaller).main_memory <= 3500 * MB
    assert estimates(FixedCache(), 2500).fit(file, LONG).smaller is None


def test_room_is_not_more_than_the_model_was_trained_for(file: Path):
    class Capped(MemoryEngine):
        def rule(self, options: LoadOptions) -> MemoryNeed:
            length = min(options.context_length, 16_384)
            return super().rule(replace(options, context_length=length))

    very_long = LoadOptions(context_length=1_048_576)
    fit = estimates(Capped(), 3200).fit(file, very_long, trained=16_384)
    assert fit.room == 16_384
    assert fit.smaller is not None
    assert fit.smaller.context_length == 4096
    assert fit.options == very_long


def test_file_that_is_gone_is_told(tmp_path: Path):
    engine = MemoryEngine()
    with pytest.raises(NotFound, match=r"gone\.gguf"):
        estimates(engine, 8000).fit(tmp_path / "gone.gguf", LoadOptions())
    assert engine.asked == []


def test_cancelled_estimate_asks_nobody(file: Path):
    engine, token = MemoryEngine(), CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        estimates(engine, 8000).fit(file, LoadOptions(), token)
    assert engine.asked == []


def test_memory_of_the_loaded_model_counts_as_free(file: Path, tmp_path: Path):
    used = tmp_path / "used.gguf"
    used.write_bytes(b"GGUF")
    options = LoadOptions(use_mmap=False)
    made = estimates(MemoryEngine(), 1000, (used, options))
    need = made.need(used, options)
    assert made.fit(file, LoadOptions()).free.main == 1000 * MB + need.main_memory


def test_cards_are_asked_for_only_when_one_is_used(file: Path):
    engine = MemoryEngine(cards=(card(4000),))
    made = estimates(engine, 8000)
    assert made.fit(file, LoadOptions(gpu_layers=0)).free.devices == ()
    assert made.fit(file, ON_CARD).free.devices == engine.cards
    assert [each.name for each in made.graphics_cards()] == ["CUDA0"]


def test_layers_that_the_engine_chooses_are_estimated_anew_when_the_card_is_fuller(file: Path):
    engine = MemoryEngine(cards=(card(4000),))
    made = estimates(engine, 8000)
    assert made.fit(file, LoadOptions()).verdict is Verdict.FITS
    engine.cards, engine.free_layers = (card(1000),), 8
    assert made.fit(file, LoadOptions()).verdict is Verdict.FITS
    assert len(engine.asked) == 2


def test_after_a_failed_load_the_proposal_is_smaller_though_the_estimate_fits(file: Path):
    made = estimates(MemoryEngine(), 8000)
    found = made.after_failure(file, LONG)
    assert found is not None
    assert found.context_length < LONG.context_length


def test_after_a_failed_load_that_did_not_fit_the_proposal_is_what_fits(file: Path):
    made = estimates(MemoryEngine(), 4600)
    assert made.after_failure(file, LONG) == made.fit(file, LONG).smaller
