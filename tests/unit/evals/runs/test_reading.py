"""Runs in which models read, with a real engine: how likely they find texts, and how quick."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from app.base.paths import DataPaths
from app.bootstrap import Children, Services, build
from app.engine.child import engine_child
from app.engine.host import EngineHost
from app.engine.options import LoadOptions
from app.evals.errors import RunRefused
from app.evals.likelihood import read_target, read_text
from app.evals.runs.entities import RunState, Task
from app.evals.speed import CONTINUED_TOKENS, MEASURED_ITEMS
from tests.doubles.random_gguf import tiny_random
from tests.doubles.scripted_library import scripted_library
from tests.unit.evals.runs.conftest import finished, item, plan_for

BITS = {"metric": "bits_per_byte"}
PERPLEXITY = {"metric": "perplexity"}
SPEED = {"metric": "tokens_per_second"}
TEXT = "The harbour lights are lit at dusk, and the ferry sails at nine. " * 3
ASKED = item("a", "What is the capital of France?", "Paris.", "It is the old town of Paris.")


@pytest.fixture
def services(data_paths: DataPaths) -> Iterator[Services]:
    running = build(data_paths, Children(scripted_library, engine_child))
    yield running
    running.close()


def test_target_is_read_as_the_answer_and_an_item_without_one_as_a_text(
    services: Services, tmp_path: Path
):
    model = services.models.import_file(tiny_random(tmp_path / "random.gguf"))
    items = (ASKED, item("b", TEXT))
    suite = services.evals.suites.create("Mixed", items, metrics=(BITS, PERPLEXITY))
    run = finished(services, plan_for(suite, model, task=Task.READ))
    assert (run.state, run.problems) == (RunState.DONE, 0)
    rows = services.evals.matrix(run.id).rows
    answer, text = (services.evals.sample(row.cells[0][0].sample.id) for row in rows)
    host = EngineHost(tmp_path, engine_child)
    try:
        host.load(model.path, LoadOptions(threads=1, context_length=2048))
        expected = read_target(host, ASKED.input, ASKED.targets)
        whole = read_text(host, TEXT)
    finally:
        host.close()
    for (sample, (bits, perplexity)), reading in ((answer, expected), (text, whole)):
        assert sample.reading is not None
        assert sample.reading.scored_bytes == reading.scored_bytes
        assert bits.value == pytest.approx(reading.bits_per_byte, rel=1e-3)
        assert perplexity.value == pytest.approx(reading.perplexity, rel=1e-3)
    assert answer[0].turns == ASKED.input
    assert text[0].turns == ()
    with pytest.raises(RunRefused, match="only read"):
        services.evals.judge_pairs(run.id, 0, None, {"model": "random.gguf"})


def test_first_items_tell_how_quick_a_model_reads_and_writes(services: Services, tmp_path: Path):
    model = services.models.import_file(tiny_random(tmp_path / "random.gguf"))
    texts = (ASKED, *(item(f"t{n}", TEXT) for n in range(MEASURED_ITEMS)))
    suite = services.evals.suites.create("Texts", texts, metrics=(BITS, SPEED))
    run = finished(services, plan_for(suite, model, task=Task.READ, repeats=2))
    cells = [row.cells[0] for row in services.evals.matrix(run.id).rows]
    timed = [first for first, _second in cells[:MEASURED_ITEMS]]
    others = [*cells[MEASURED_ITEMS], *(second for _first, second in cells[:MEASURED_ITEMS])]
    for scored in timed:
        timings, speed = scored.sample.timings, scored.score(run.metrics[1].id)
        assert (timings.output_tokens, timings.reused_tokens) == (CONTINUED_TOKENS, 0)
        assert speed is not None
        assert speed.value == pytest.approx(timings.tokens_per_second)
        assert scored.sample.text == ""
    for scored in others:
        speed = scored.score(run.metrics[1].id)
        assert speed is not None
        assert (speed.value, scored.sample.timings.output_tokens) == (None, 0)
        assert "first 5 items" in speed.reason
    times = [each.sample.timings for each in timed]
    speed_of_run = services.evals.results(run.id).candidates[0].speed
    assert speed_of_run.read_tokens_per_s == pytest.approx(
        median(each.prompt_tokens / (each.ttft_s - each.queue_s) for each in times)
    )
    assert speed_of_run.tokens_per_s == pytest.approx(
        median(each.tokens_per_second for each in times)
    )
    assert speed_of_run.ttft_s > 0
