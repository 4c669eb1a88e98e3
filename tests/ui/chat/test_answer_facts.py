from __future__ import annotations

from dataclasses import replace

import pytest

from app.chat.entities import AnswerRecord, MessageId, Picture, Repeat
from app.engine.messages import Role, ToolCall, Turn
from app.engine.options import Speculation
from app.engine.protocol import Rounding, Timings
from app.engine.sampling import Mirostat, Sampler, Sampling
from app.ui.chat.answer_facts import facts_text, prompt_text, rounding_text, sections_of
from tests.ui.chat.fakes import MODEL_RECORD, QUOTED_RECORD
from tests.ui.chat.samples import THOUGHTFUL


def facts(record: AnswerRecord) -> dict[str, str]:
    return {fact.name: fact.value for each in sections_of(record) for fact in each.facts}


def notes(record: AnswerRecord) -> str:
    return " ".join(each.note for each in sections_of(record))


def test_facts_name_what_it_takes_to_make_the_answer_again() -> None:
    shown = facts(THOUGHTFUL)
    assert shown["SHA-256 of the file"] == THOUGHTFUL.model_sha256
    assert shown["SHA-256 of the template"] == THOUGHTFUL.template_sha256
    assert shown["Quantization"] == "Q4_K_M"
    assert shown["Replies read as"] == "hermes"
    assert shown["Context"] == "8,192 tokens"
    assert shown["Threads"] == "4, 8 to read the prompt"
    assert shown["On the graphics card"] == "20 layers"
    assert shown["KV cache"] == "K q8_0, V q8_0"
    assert shown["Adapters"] == "contracts-lora.gguf (0.8)"
    assert shown["Seed"] == "1234567"
    assert shown["Stops at"] == "“###”"
    assert shown["Thinking"] == "on"


def test_order_of_the_weights_is_said_where_there_is_a_choice() -> None:
    assert "Order of the weights" not in facts(THOUGHTFUL)
    assert THOUGHTFUL.setup is not None
    on_processor = replace(THOUGHTFUL, setup=replace(THOUGHTFUL.setup, gpu_layers=0))
    assert facts(on_processor)["Order of the weights"] == "one that suits the processor"


def test_facts_of_the_timings() -> None:
    shown = facts(THOUGHTFUL)
    assert shown["Time to first token"] == "0.31 s"
    assert shown["Waited for its turn"] == "42 ms"
    assert shown["Speed"] == "12.5 tokens/s, 80 ms each"
    assert shown["Prompt"] == "1,900 tokens, 1,712 of them reused"
    assert shown["Guessed tokens"] == "84 of 120 were right (70%)"
    assert shown["Peak memory"] == "5.4 GB"


def test_facts_leave_out_what_is_not_known() -> None:
    shown = facts(replace(MODEL_RECORD, timings=Timings()))
    assert not {"Speed", "Guessed tokens", "Peak memory", "Seed", "Context"} & set(shown)
    assert "Repeating it" not in [each.title for each in sections_of(MODEL_RECORD)]


def test_samplers_stand_in_their_order_and_idle_ones_are_only_named() -> None:
    order = (Sampler.TEMPERATURE, Sampler.TOP_K, Sampler.XTC)
    record = replace(THOUGHTFUL, sampling=Sampling(0.7, order=order))
    names = [name for name in facts(record) if name[0].isdigit()]
    assert names == ["1. Temperature", "2. Top-k", "3. Draw"]
    section = next(each for each in sections_of(record) if each.title.startswith("Choice"))
    assert "XTC" in section.note
    assert "Top-p" in section.note


@pytest.mark.parametrize(
    ("sampling", "name"),
    [
        (Sampling(mirostat=Mirostat.V2), "Mirostat 2"),
        (Sampling(adaptive_target=0.4), "Adaptive-p"),
        (Sampling(banned=("a\nb",)), "Never write"),
    ],
)
def test_samplers_beside_the_order_are_named(sampling: Sampling, name: str) -> None:
    shown = facts(replace(THOUGHTFUL, sampling=sampling))
    value = next(value for key, value in shown.items() if key.endswith(name))
    assert "\n" not in value


def test_greedy_answer_has_no_seed() -> None:
    assert "Seed" not in facts(replace(THOUGHTFUL, sampling=Sampling(0)))


@pytest.mark.parametrize(
    ("rounding", "words"),
    [
        (
            Rounding(batched=True),
            "Computed together with other requests; the same request may differ in the last"
            " digits.",
        ),
        (
            Rounding(True, True, True),
            "Computed together with other requests, with part of the prompt from an earlier"
            " computation and with several tokens checked at a time; the same request may differ"
            " in the last digits.",
        ),
        (
            Rounding(),
            "Computed alone and from the start; run again exactly, it comes out the same.",
        ),
    ],
)
def test_rounding_in_plain_words(rounding: Rounding, words: str) -> None:
    assert rounding_text(rounding) == words


def test_repeat_says_what_came_of_it() -> None:
    same = replace(THOUGHTFUL, exact=True, rounding=Rounding(), repeat=Repeat(MessageId(1), True))
    assert "word for word" in notes(same)
    assert "alone" in notes(same)


def test_guesses_say_who_made_them() -> None:
    assert THOUGHTFUL.setup is not None
    setup = replace(THOUGHTFUL.setup, speculation=Speculation("files/draft.gguf"))
    assert facts(replace(THOUGHTFUL, setup=setup))["Guesses by"] == "draft.gguf"


def test_quoted_answer_says_that_no_model_made_it() -> None:
    record = replace(QUOTED_RECORD, search_s=0.02, total_s=0.03)
    assert "No model was loaded" in notes(record)
    assert facts(record) == {"Search": "20 ms", "In all": "30 ms"}


def test_prompt_text_shows_every_part_of_a_turn() -> None:
    turns = (
        Turn(Role.SYSTEM, "Answer."),
        Turn(Role.USER, "Look."),
        Turn(Role.ASSISTANT, "", "Hm.", (ToolCall("1", "add", {"a": 1}),)),
        Turn(Role.TOOL, "3"),
    )
    pictures = ((), (Picture("ab" * 32, "Sign.png"),), (), ())
    text = prompt_text(turns, pictures)
    for part in (
        "── System ──\nAnswer.",
        "(picture Sign.png, SHA-256 abab",
        "(thought) Hm.",
        "(calls add",
        "Tool ──\n3",
    ):
        assert part in text


def test_copied_text_holds_all_of_it() -> None:
    text = facts_text(sections_of(THOUGHTFUL), "── User ──\nHow long?")
    for part in (THOUGHTFUL.model_sha256, "Seed: 1234567", "last digits", "How long?"):
        assert part in text
