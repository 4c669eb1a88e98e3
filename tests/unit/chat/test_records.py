from __future__ import annotations

import json
from dataclasses import fields, replace
from math import inf
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.chat.entities import (
    AnswerMode,
    AnswerRecord,
    AnswerServer,
    Citation,
    EngineSetup,
    MessageId,
    Picture,
    Repeat,
)
from app.chat.plain import from_plain, to_plain
from app.chat.prompt_use import PromptRef, PromptUse
from app.chat.records import (
    record_from_json,
    record_to_json,
    sent_to_json,
    turns_from_json,
    use_from_json,
    use_to_json,
    with_sent,
)
from app.engine.messages import Image, Role, ToolCall, Turn
from app.engine.options import Adapter, KvType, Rope, RopeScaling, Speculation, Switch
from app.engine.protocol import FinishReason, Rounding, TemplateOptions, Timings
from app.engine.sampling import DEFAULT_ORDER, Mirostat, Sampler, Sampling
from app.library.entities import ContentHash, DocumentId, DocumentKind, Place
from app.prompts.entities import PromptId

NUMBERS = st.floats(allow_nan=False)
TEXTS = st.lists(st.text(), max_size=4).map(tuple)
SAMPLINGS = st.builds(
    Sampling,
    **{each.name: NUMBERS for each in fields(Sampling) if each.type == "float"},
    **{each.name: st.integers() for each in fields(Sampling) if each.type == "int"},
    dry_breakers=TEXTS,
    banned=TEXTS,
    mirostat=st.sampled_from(Mirostat),
    logit_bias=st.lists(st.tuples(st.integers(), NUMBERS), max_size=4).map(tuple),
    order=st.permutations(list(Sampler)).flatmap(
        lambda steps: st.integers(0, len(steps)).map(lambda count: tuple(steps[:count]))
    ),
)
CITATION = Citation(
    number=1,
    document_id=DocumentId(3),
    content=ContentHash("ab" * 32),
    title="Contract",
    path=Path("files") / "contract.pdf",
    kind=DocumentKind.PDF,
    place=Place(2, 4, 16, page=3),
    quote="three months",
    score=0.75,
)
FULL = AnswerRecord(
    AnswerMode.MODEL,
    citations=(CITATION, replace(CITATION, number=2, document_id=None)),
    finish=FinishReason.LENGTH,
    error="It broke.",
    model_name="Qwen3 8B",
    model_sha256="cd" * 32,
    sampling=Sampling(
        0.7,
        dry_breakers=("\n", '"'),
        logit_bias=((5, -inf), (7, 0.5)),
        banned=("never",),
        mirostat=Mirostat.V2,
        order=(Sampler.TEMPERATURE, Sampler.XTC),
    ),
    timings=Timings(0.5, 0.02, 900, 800, 120, 0.1, 1 << 32, 30, 20),
    engine_stopped=True,
    reasoning="Let me see.\nYes.",
    thinking_s=1.25,
    problem="A call could not be read.",
    dialect="hermes",
    max_tokens=3072,
    stop=("\n\n", "END"),
    template=TemplateOptions("tools", True, "high", "2026-11-26", {"a": [1, {"b": None}]}),
    exact=True,
    rounding=Rounding(batched=True, guessed=True),
    setup=EngineSetup(
        8192,
        4,
        8,
        99,
        2048,
        512,
        KvType.Q8_0,
        KvType.Q4_0,
        Switch.ON,
        Rope(RopeScaling.YARN, 1e6, 0.25, 4096),
        (Adapter("a.gguf", 0.5), Adapter("b.gguf")),
        Speculation("draft.gguf", most_tokens=4),
        "mmproj.gguf",
        False,
    ),
    repeat=Repeat(MessageId(7), is_same=True, changes=("the engine was b1, now b2",)),
    server=AnswerServer(
        "qwen on gpu:8000", "http://gpu:8000/v1", "qwen", 8192, ("top-k", "DRY"), False
    ),
    prompt=PromptRef(PromptId(4), 2, "summarise"),
    persona=PromptRef(PromptId(5), 1, "pirate"),
    output_schema={"type": "object", "properties": {"b": {}, "a": {"type": "string"}}},
)
TURNS = (
    Turn(Role.SYSTEM, "Answer."),
    Turn(Role.ASSISTANT, "", "Hm.", (ToolCall("c1", "add", {"a": 1, "b": [2.5, "x"]}),)),
    Turn(Role.TOOL, "3", tool_call_id="c1", tool_name="add"),
    Turn(Role.USER, "Look.", images=(Image(b"\x89PNG\x00\xff"),)),
)


def through_json(data: object) -> object:
    """As the database does it, and strictly: without the words that are no JSON."""
    return json.loads(json.dumps(data, allow_nan=False))


@given(SAMPLINGS)
@settings(max_examples=200, deadline=None)
def test_sampling_comes_back_exactly(sampling: Sampling) -> None:
    assert from_plain(Sampling, through_json(to_plain(sampling))) == sampling


def test_record_comes_back_exactly_with_the_types_it_had() -> None:
    back = record_from_json(through_json(record_to_json(FULL)))  # type: ignore[arg-type]
    assert back == FULL
    assert back.sampling is not None
    assert isinstance(back.sampling.order[0], Sampler)
    assert isinstance(back.citations[0].path, Path)
    assert back.setup is not None
    assert isinstance(back.setup.kv_type_k, KvType)


def test_prompt_that_was_filled_in_comes_back_exactly() -> None:
    use = PromptUse(
        PromptRef(PromptId(4), 2, "summarise"),
        "Be brief.",
        (Turn(Role.USER, "One"), Turn(Role.ASSISTANT, "1")),
        FULL.sampling,
        {"type": "object"},
        searches=True,
    )
    assert use_from_json(through_json(use_to_json(use))) == use
    assert use_from_json(use_to_json(None)) is None


def test_record_has_a_value_of_its_own_for_every_field_tested() -> None:
    """A field that is added later must be put into FULL, or its way through JSON is not seen."""
    plain = AnswerRecord(AnswerMode.QUOTED)
    apart = {"turns", "offered", "pictures"}
    same = [
        each.name
        for each in fields(AnswerRecord)
        if getattr(FULL, each.name) == getattr(plain, each.name) and each.name not in apart
    ]
    assert set(same) <= {
        "found_nothing",
        "model_path",
        "quantization",
        "template_sha256",
        "engine_build",
        "search_s",
        "total_s",
    }


def test_record_leaves_what_was_sent_to_be_stored_apart() -> None:
    pictures = ((), (), (), (Picture("ef" * 32, "Sign.png"), Picture("01" * 32, "Map.jpg")))
    whole = replace(FULL, turns=TURNS, offered=(CITATION,), pictures=pictures)
    assert record_from_json(through_json(record_to_json(whole))) == FULL  # type: ignore[arg-type]
    assert with_sent(FULL, through_json(sent_to_json(whole))) == whole


def test_record_of_the_first_cairn_can_be_read() -> None:
    old = {
        "mode": "model",
        "citations": [
            {
                "number": 1,
                "document_id": 3,
                "content": "ab",
                "title": "Contract",
                "path": "contract.pdf",
                "kind": "pdf",
                "place": {"part": 2, "start": 4, "end": 16, "page": 3, "section": ""},
                "quote": "three months",
                "score": 1,
            }
        ],
        "found_nothing": False,
        "finish": "end",
        "error": "",
        "model_name": "Qwen3 8B",
        "model_path": "m.gguf",
        "model_sha256": "cd",
        "quantization": "Q4_K_M",
        "template_sha256": "ef",
        "engine_build": "0.3.36",
        "sampling": {"temperature": 0.3, "top_k": 40, "top_p": 0.95, "min_p": 0.05, "seed": 77},
        "timings": {
            "ttft_s": 0.1,
            "per_token_s": 0.02,
            "prompt_tokens": 9,
            "reused_tokens": 0,
            "output_tokens": 3,
        },
        "search_s": 0.1,
        "total_s": 0.4,
    }
    record = record_from_json(old)
    assert record.sampling == Sampling(0.3, 40, 0.95, 0.05, seed=77)
    assert record.sampling.order == DEFAULT_ORDER
    assert record.timings == Timings(0.1, 0.02, 9, 0, 3)
    assert record.citations[0].place.page == 3
    assert (record.reasoning, record.setup, record.rounding) == ("", None, Rounding())
    turns = turns_from_json([["system", "Answer."], ["user", "How long?"]])
    assert turns == (Turn(Role.SYSTEM, "Answer."), Turn(Role.USER, "How long?"))
    assert with_sent(record, [["user", "How long?"]]).turns == turns[1:]
    assert with_sent(record, None) == record


def test_record_of_a_newer_cairn_loses_only_what_is_not_known() -> None:
    data = record_to_json(FULL) | {"of_tomorrow": {"x": 1}}
    data["timings"]["new_clock_s"] = 3
    assert record_from_json(data) == FULL


@pytest.mark.parametrize("value", [object(), {1, 2}])
def test_to_plain_refuses_what_has_no_plain_form(value: object) -> None:
    with pytest.raises(TypeError):
        to_plain(value)
