"""Judging and reading with real llama.cpp: what a grammar forces, and what a text is worth."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.engine.child import engine_child
from app.engine.errors import EngineError
from app.engine.host import EngineHost
from app.engine.messages import Role, Turn
from app.engine.options import LoadOptions
from app.evals.entities import Item, Output
from app.evals.judging.judge import Judge
from app.evals.judging.pairwise import Preference, compare
from app.evals.judging.pointwise import Judgement
from app.evals.judging.rubric import CORRECT
from app.evals.likelihood import BitsPerByte, Perplexity, likelihood_of, read_target, read_text
from tests.doubles.random_gguf import tiny_random
from tests.doubles.scripted_gguf import scripted_gguf

ITEM = Item("1", (Turn(Role.USER, "What is the capital of France?"),), ("Paris",))
RIGHT = '{"reason": "The reference says Paris, and so does the answer.", "verdict": "right"}'
FIRST = '{"reason": "Only the one shown first names it.", "verdict": "A"}'
FREE = "Well, I would say that it is right."

Load = Callable[[Path], EngineHost]


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    host = EngineHost(tmp_path, engine_child)

    def load(path: Path) -> EngineHost:
        host.load(path, LoadOptions(threads=1, context_length=4096))
        return host

    yield load
    host.close()


def test_judge_through_template_grammar_and_sampling(load: Load, tmp_path: Path):
    host = load(scripted_gguf(tmp_path / "judge.gguf", {"": RIGHT}))
    found = Judgement(judge=Judge(host, "f00d")).score(ITEM, Output("It is Paris."))
    assert found.value == 1.0
    assert found.reason.startswith("Judged “right”: The reference says Paris")


def test_judge_that_looks_only_at_the_place_is_inconsistent(load: Load, tmp_path: Path):
    host = load(scripted_gguf(tmp_path / "judge.gguf", {"": FIRST}))
    found = compare(Judge(host), CORRECT, ITEM, Output("It is Paris."), Output("It is Rome."))
    assert found.preference is Preference.INCONSISTENT


def test_judge_that_would_rather_chat_gives_a_verdict_or_no_value(load: Load, tmp_path: Path):
    host = load(scripted_gguf(tmp_path / "judge.gguf", {"": FREE}))
    found = Judgement(judge=Judge(host)).score(ITEM, Output("It is Paris."))
    assert found.details.get("verdict") in ("wrong", "partly", "right", None)
    assert (found.value is None) == ("verdict" not in found.details)


def test_reading_of_a_model_without_knowledge_needs_as_many_bits_as_its_vocabulary_says(
    load: Load, tmp_path: Path
):
    host = load(tiny_random(tmp_path / "random.gguf"))
    text = "The harbour lights are lit at dusk, and the ferry sails at nine. " * 30
    reading = read_text(host, text)
    found = likelihood_of(reading)
    assert found is not None
    assert found.perplexity == pytest.approx(
        math.exp(found.bits_per_byte * math.log(2) * found.text_bytes / found.tokens)
    )
    assert found.bits_per_byte_error is not None
    assert 0 < found.bits_per_byte_error < found.bits_per_byte / 5
    output = Output("", reading=reading)
    assert Perplexity().score(ITEM, output).value == found.perplexity
    assert BitsPerByte().score(ITEM, output).value == found.bits_per_byte


def test_likeliest_target_counts(load: Load, tmp_path: Path):
    host = load(tiny_random(tmp_path / "random.gguf"))
    one, other = "Paris.", "It is the old town of Rome."
    alone = [read_target(host, ITEM.input, (each,)) for each in (one, other)]
    both = read_target(host, ITEM.input, (one, other))
    assert both.bits_per_byte == pytest.approx(min(each.bits_per_byte for each in alone), rel=0.01)
    assert both.scored_bytes in (len(one), len(other))
    assert both.squared * both.tokens >= both.log_likelihood**2  # Cauchy and Schwarz


def test_text_of_one_word_cannot_be_read(load: Load, tmp_path: Path):
    host = load(tiny_random(tmp_path / "random.gguf"))
    with pytest.raises(EngineError, match="too little text"):
        read_text(host, "")
