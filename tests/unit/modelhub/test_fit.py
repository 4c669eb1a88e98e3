from __future__ import annotations

from dataclasses import replace

import pytest

from app.engine.options import AUTOMATIC_LAYERS, KvType, LoadOptions, Switch
from app.engine.protocol import Device, DeviceNeed, MemoryNeed
from app.modelhub.fit import (
    Fit,
    FreeMemory,
    Verdict,
    change_words,
    judge,
    predict,
    shrunk,
    size_words,
    smaller,
)
from tests.doubles.memory import MB, ON_CARD, MemoryEngine, card

LONG = LoadOptions(context_length=32_768)  # 3,277 MB of KV cache by the rule of MemoryEngine


def need(main_mb: int, card_mb: int = 0) -> MemoryNeed:
    parts = [DeviceNeed("CPU", main_mb * MB)]
    if card_mb:
        parts.append(DeviceNeed("CUDA0", card_mb * MB))
    return MemoryNeed(tuple(parts))


@pytest.mark.parametrize(
    ("wanted", "free", "verdict"),
    [
        (need(1000), FreeMemory(2000 * MB), Verdict.FITS),
        (need(1000), FreeMemory(1100 * MB), Verdict.FITS),
        (need(1000), FreeMemory(1099 * MB), Verdict.TIGHT),
        (need(1000), FreeMemory(1000 * MB), Verdict.TIGHT),
        (need(1000), FreeMemory(999 * MB), Verdict.DOES_NOT_FIT),
        (need(1000, 900), FreeMemory(9000 * MB, (card(1000),)), Verdict.FITS),
        (need(1000, 950), FreeMemory(9000 * MB, (card(1000),)), Verdict.TIGHT),
        (need(1000, 1001), FreeMemory(9000 * MB, (card(1000),)), Verdict.DOES_NOT_FIT),
        (need(1000, 1001), FreeMemory(9000 * MB), Verdict.FITS),  # nothing is known of the card
    ],
)
def test_judge_looks_at_every_device_and_leaves_room_for_doubt(wanted, free, verdict):
    assert judge(wanted, free) is verdict


def test_words_say_how_much_of_what_is_free():
    fit = Fit(LoadOptions(), need(2140), FreeMemory(11_420 * MB))
    assert fit.words == "Needs about 2.1 GB of 11.4 GB free memory"
    tight = Fit(LoadOptions(), need(2140), FreeMemory(2200 * MB))
    assert tight.words == "Just fits: needs about 2.1 GB of 2.2 GB free memory"
    card_too = Fit(LoadOptions(), need(640, 5000), FreeMemory(9000 * MB, (card(4000),)))
    assert card_too.words == (
        "Does not fit: needs about 640 MB of 9.0 GB free memory and"
        " 5.0 GB of 4.0 GB on the graphics card"
    )


def test_words_name_the_cards_where_there_are_two():
    other = Device("CUDA1", "Another", "gpu", 3000 * MB, 8000 * MB)
    wanted = MemoryNeed((DeviceNeed("CUDA1", 1000 * MB),), 100 * MB)
    fit = Fit(LoadOptions(), wanted, FreeMemory(9000 * MB, (card(4000), other)))
    assert fit.words.endswith("1.0 GB of 3.0 GB on CUDA1")


@pytest.mark.parametrize(
    ("free_mb", "context", "kv_type"),
    [
        (4600, 16_384, KvType.AUTO),
        (3700, 8192, KvType.AUTO),
        (3200, 4096, KvType.AUTO),
        (2900, 4096, KvType.Q8_0),
        (2760, 2048, KvType.Q8_0),
        (2650, 4096, KvType.Q8_0),  # in small batches
    ],
)
def test_smaller_takes_room_first_then_a_denser_cache(free_mb, context, kv_type):
    engine, free = MemoryEngine(), FreeMemory(free_mb * MB)
    wanted = engine.rule(LONG)
    assert judge(wanted, free) is Verdict.DOES_NOT_FIT
    found = smaller(LONG, wanted, free)
    assert found is not None
    assert (found.context_length, found.kv_type_k, found.kv_type_v) == (context, kv_type, kv_type)
    assert judge(engine.rule(found), free) is Verdict.FITS
    if kv_type is KvType.Q8_0:
        assert found.flash_attention is Switch.ON


def test_smaller_keeps_the_weights_once_before_it_takes_room():
    engine, free = MemoryEngine(repacked=1500 * MB), FreeMemory(6500 * MB)
    wanted = engine.rule(LONG)
    assert judge(wanted, free) is Verdict.DOES_NOT_FIT
    found = smaller(LONG, wanted, free)
    assert found == replace(LONG, repack=Switch.OFF)
    assert engine.rule(found) == predict(wanted, LONG, found)
    assert change_words(found, LONG) == "the weights in memory only once"
    tighter = smaller(LONG, wanted, FreeMemory(4600 * MB))
    assert tighter == replace(LONG, repack=Switch.OFF, context_length=16_384)


def test_smaller_batches_of_many_streams_bring_no_second_copy_of_the_weights():
    many = replace(LONG, streams=32)
    engine, free = MemoryEngine(repacked=1500 * MB), FreeMemory(2650 * MB)
    found = smaller(many, engine.rule(many), free)
    assert found is not None
    assert found.streams == 1
    assert not found.repacks
    assert judge(engine.rule(found), free) is Verdict.FITS


def test_smaller_of_what_is_too_large_by_its_weights_is_nothing():
    engine = MemoryEngine(weights=9000 * MB)
    assert smaller(LONG, engine.rule(LONG), FreeMemory(4000 * MB)) is None


def test_smaller_accepts_a_tight_fit_only_where_nothing_better_is():
    engine = MemoryEngine()
    found = smaller(LONG, engine.rule(LONG), FreeMemory(2300 * MB))
    assert found is not None
    assert judge(engine.rule(found), FreeMemory(2300 * MB)) is Verdict.TIGHT
    assert found.streams == 1
    assert found.micro_batch < LONG.micro_batch


def test_smaller_leaves_the_choice_of_layers_to_the_engine_when_the_card_is_small():
    engine = MemoryEngine(weights=6000 * MB, cards=(card(4000),))
    free = FreeMemory(8000 * MB, engine.cards)
    found = smaller(ON_CARD, engine.rule(ON_CARD), free)
    assert found == replace(ON_CARD, gpu_layers=AUTOMATIC_LAYERS)


def test_smaller_never_asks_for_more_room():
    short = LoadOptions(context_length=1024, kv_type_k=KvType.Q8_0, kv_type_v=KvType.Q8_0)
    engine = MemoryEngine()
    for free_mb in range(1900, 3000, 50):
        found = smaller(short, engine.rule(short), FreeMemory(free_mb * MB))
        assert found is None or found.context_length <= 1024
        assert found != short


def test_predict_agrees_with_an_engine_whose_parts_scale():
    engine = MemoryEngine()
    other = replace(LONG, context_length=4096, kv_type_k=KvType.Q8_0, micro_batch=128)
    predicted = predict(engine.rule(LONG), LONG, other)
    assert predicted.main_memory == pytest.approx(engine.rule(other).main_memory, rel=1e-6)


def test_shrunk_pretends_that_the_estimate_was_too_low():
    engine = MemoryEngine(cards=(card(9000),))
    wanted = engine.rule(ON_CARD)
    assert judge(wanted, shrunk(wanted, 0.8)) is Verdict.DOES_NOT_FIT
    assert judge(wanted, shrunk(wanted, 1.2)) is Verdict.FITS


def test_returned_memory_has_the_second_copy_of_the_weights_even_of_a_mapped_file():
    used = MemoryEngine(repacked=1500 * MB).rule(LoadOptions(context_length=4000))
    free = FreeMemory(1000 * MB)
    assert free.with_returned(used, weights_too=False).main == (1000 + 1500 + 100 + 700) * MB


def test_returned_memory_counts_mapped_weights_once():
    used = MemoryEngine().rule(LoadOptions(context_length=4000))
    free = FreeMemory(1000 * MB)
    assert free.with_returned(used, weights_too=False).main == (1000 + 100 + 400 + 300) * MB
    assert free.with_returned(used, weights_too=True).main == (1000 + 2000 + 100 + 700) * MB


def test_returned_memory_of_a_card_goes_to_that_card():
    used = MemoryEngine(cards=(card(1),)).rule(ON_CARD)
    free = FreeMemory(0, (card(1000),)).with_returned(used, weights_too=False)
    assert free.on("CUDA0") == 1000 * MB + used.graphics_memory
    assert free.on("CUDA7") is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"context_length": 2048}, "room for 2,048 tokens"),
        ({"kv_type_k": KvType.Q8_0}, "a denser KV cache"),
        (
            {"context_length": 2048, "kv_type_v": KvType.Q8_0, "streams": 1},
            "room for 2,048 tokens, a denser KV cache and smaller batches",
        ),
        ({"gpu_layers": 0}, "the processor only"),
        ({"gpu_layers": 12}, "fewer layers on the graphics card"),
        ({}, ""),
    ],
)
def test_change_words_say_what_is_smaller(changes, words):
    assert change_words(replace(LoadOptions(), **changes), LoadOptions()) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 MB"), (640e6, "640 MB"), (999.6e6, "1.0 GB"), (11.44e9, "11.4 GB"), (140e9, "140 GB")],
)
def test_size_words_have_two_or_three_digits(size, words):
    assert size_words(size) == words
