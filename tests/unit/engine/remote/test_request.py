from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from app.engine.errors import NotSupported
from app.engine.messages import Image, Role, Tool, ToolCall, Turn
from app.engine.protocol import (
    Generate,
    Grammar,
    JsonObject,
    JsonSchema,
    TemplateOptions,
    ToolChoice,
)
from app.engine.remote.parameters import ignored_settings, sampling_fields
from app.engine.remote.request import chat_body, completion_body
from app.engine.remote.server import RemoteModel, ServerKind
from app.engine.sampling import Mirostat, Sampler, Sampling
from tests.unit.engine.remote.conftest import ask

LLAMA, VLLM, OLLAMA, STUDIO, OTHER = (
    ServerKind.LLAMA_SERVER,
    ServerKind.VLLM,
    ServerKind.OLLAMA,
    ServerKind.LM_STUDIO,
    ServerKind.OTHER,
)
PNG = b"\x89PNG\r\n\x1a\n123"
LOOK, GO = Tool("look", "Looks.", {"type": "object"}), Tool("go")


def remote(kind: ServerKind = OTHER, **more: Any) -> RemoteModel:
    return RemoteModel("http://127.0.0.1:1/v1", "m", kind, **more)


def body(kind: ServerKind = OTHER, request: Generate | None = None, **more: Any) -> dict[str, Any]:
    return chat_body(request or ask(**more), remote(kind))


@pytest.mark.parametrize("kind", ServerKind)
def test_standard_fields_are_always_sent(kind: ServerKind) -> None:
    sampling = Sampling(
        temperature=0.5, top_p=0.8, seed=3, presence_penalty=0.1, frequency_penalty=0.2
    )
    sent = body(kind, ask(sampling=sampling, max_tokens=9, stop=("END", "")))
    assert {name: sent[name] for name in (
        "model", "stream", "temperature", "top_p", "seed", "presence_penalty",
        "frequency_penalty", "max_tokens", "stop", "stream_options",
    )} == {
        "model": "m", "stream": True, "temperature": 0.5, "top_p": 0.8, "seed": 3,
        "presence_penalty": 0.1, "frequency_penalty": 0.2, "max_tokens": 9, "stop": ["END"],
        "stream_options": {"include_usage": True},
    }  # fmt: skip
    json.dumps(sent)


def test_greedy_is_temperature_zero() -> None:
    assert sampling_fields(Sampling(temperature=-1.0), remote())["temperature"] == 0.0


def test_others_get_no_field_that_they_may_refuse() -> None:
    assert set(sampling_fields(Sampling(), remote())) == {
        "temperature", "top_p", "seed", "presence_penalty", "frequency_penalty",
    }  # fmt: skip
    assert set(sampling_fields(Sampling(), remote(OLLAMA))) == set(
        sampling_fields(Sampling(), remote())
    )


def test_llama_server_gets_every_sampler_and_their_order() -> None:
    sampling = Sampling(
        dry_multiplier=0.8, dry_last_n=-1, penalty_last_n=-1, mirostat=Mirostat.V2,
        adaptive_target=0.5, logit_bias=((5, 2.0), (6, float("-inf"))), dry_breakers=(),
    )  # fmt: skip
    sent = sampling_fields(sampling, remote(LLAMA, context_length=5000), exact=True)
    assert sent["samplers"] == [
        "penalties", "dry", "top_n_sigma", "top_k", "typ_p", "top_p", "min_p", "xtc",
        "temperature", "adaptive_p",
    ]  # fmt: skip
    assert (sent["top_k"], sent["min_p"], sent["mirostat"]) == (40, 0.05, 2)
    assert (sent["dry_penalty_last_n"], sent["repeat_last_n"]) == (5000, 5000)
    assert sent["dry_sequence_breakers"]
    assert sent["logit_bias"] == [[5, 2.0], [6, False]]
    assert sent["cache_prompt"] is False
    json.dumps(sent, allow_nan=False)


def test_vllm_and_lm_studio_get_what_they_know() -> None:
    sampling = Sampling(top_k=0, repeat_penalty=1.1, banned=("no",), logit_bias=((5, 1e9),))
    sent = sampling_fields(sampling, remote(VLLM))
    assert (sent["top_k"], sent["repetition_penalty"], sent["bad_words"]) == (-1, 1.1, ["no"])
    assert sent["logit_bias"] == {"5": 100.0}
    studio = sampling_fields(Sampling(top_k=7, repeat_penalty=1.1), remote(STUDIO))
    assert (studio["top_k"], studio["repeat_penalty"]) == (7, 1.1)
    assert "min_p" not in studio


def test_sampler_that_is_left_out_of_the_order_does_nothing() -> None:
    order = (Sampler.TOP_K,)
    sent = sampling_fields(
        Sampling(order=order, frequency_penalty=1.0, temperature=0.2), remote(VLLM)
    )
    assert (sent["top_k"], sent["top_p"], sent["min_p"]) == (40, 1.0, 0.0)
    assert (sent["frequency_penalty"], sent["temperature"]) == (0.0, 1.0)


def test_ignored_settings_are_named() -> None:
    assert ignored_settings(Sampling(), OTHER) == ("top-k", "min-p")
    assert ignored_settings(Sampling(), LLAMA) == ()
    assert ignored_settings(Sampling(xtc_probability=0.5), VLLM) == ("XTC",)
    assert ignored_settings(Sampling(order=(Sampler.TOP_P,)), OTHER) == ("order of samplers",)
    assert ignored_settings(Sampling(temperature=0.0), OTHER) == ()


@pytest.mark.parametrize("kind", [LLAMA, OLLAMA, STUDIO, OTHER])
def test_banned_texts_are_not_dropped_in_silence(kind: ServerKind) -> None:
    with pytest.raises(NotSupported, match="forbid texts"):
        sampling_fields(Sampling(banned=("no",)), remote(kind))


def test_logit_bias_is_not_dropped_in_silence() -> None:
    with pytest.raises(NotSupported, match="Ollama"):
        sampling_fields(Sampling(logit_bias=((1, 1.0),)), remote(OLLAMA))


def test_conversation_with_tools_is_written_as_the_standard_has_it() -> None:
    turns = (
        Turn(Role.SYSTEM, "Be brief."),
        Turn(Role.USER, "Look.", images=(Image(PNG),)),
        Turn(Role.ASSISTANT, "", "thinking", (ToolCall("c1", "look", {"ä": 1}),)),
        Turn(Role.TOOL, "found", tool_call_id="c1", tool_name="look"),
    )
    sent = body(request=Generate(turns))["messages"]
    assert sent[0] == {"role": "system", "content": "Be brief."}
    image, text = sent[1]["content"]
    assert image["image_url"]["url"].startswith("data:image/png;base64,iVBORw0KGgo")
    assert text == {"type": "text", "text": "Look."}
    assert sent[2]["tool_calls"] == [
        {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"ä": 1}'}}
    ]
    assert "reasoning_content" not in sent[2]
    assert sent[3] == {"role": "tool", "content": "found", "tool_call_id": "c1"}
    llama = chat_body(Generate(turns), remote(LLAMA, sees=True))["messages"]
    assert (llama[2]["reasoning_content"], llama[3]["name"]) == ("thinking", "look")


def test_pictures_are_refused_where_nobody_sees_them() -> None:
    turn = Turn(Role.USER, "Look.", images=(Image(PNG),))
    with pytest.raises(NotSupported, match="cannot see"):
        chat_body(Generate((turn,)), remote(LLAMA))
    strange = replace(turn, images=(Image(b"%PDF-1.7"),))
    with pytest.raises(NotSupported, match="neither PNG"):
        chat_body(Generate((strange,)), remote(VLLM))


def test_choice_of_tools() -> None:
    tools = (LOOK, GO)
    assert len(body(tools=tools)["tools"]) == 2
    assert "tool_choice" not in body(tools=tools)
    assert "tools" not in body(tools=tools, tool_choice=ToolChoice.NONE)
    required = ask(tools=tools, tool_choice=ToolChoice.REQUIRED)
    assert body(VLLM, required)["tool_choice"] == "required"
    named = replace(required, tool="go")
    assert body(VLLM, named)["tool_choice"]["function"] == {"name": "go"}
    only = body(LLAMA, named)
    assert only["tool_choice"] == "required"
    assert [each["function"]["name"] for each in only["tools"]] == ["go"]
    with pytest.raises(NotSupported, match="Ollama"):
        body(OLLAMA, required)


def test_json_is_asked_for_as_each_server_takes_it() -> None:
    assert body(output=JsonObject())["response_format"] == {"type": "json_object"}
    studio = body(STUDIO, output=JsonObject())["response_format"]
    assert studio["json_schema"]["schema"] == {"type": "object"}
    schema = body(output=JsonSchema({"type": "array"}))["response_format"]
    assert schema["json_schema"]["schema"] == {"type": "array"}


def test_grammar_goes_to_those_that_take_one() -> None:
    grammar = Grammar('root ::= "a"')
    assert body(LLAMA, output=grammar)["grammar"] == 'root ::= "a"'
    new = chat_body(ask(output=grammar), remote(VLLM, version="0.11.2"))
    assert new["structured_outputs"] == {"grammar": 'root ::= "a"'}
    old = chat_body(ask(output=grammar), remote(VLLM, version="0.8.5.post1"))
    assert old["guided_grammar"] == 'root ::= "a"'
    for kind in (OLLAMA, STUDIO, OTHER):
        with pytest.raises(NotSupported, match="no grammars"):
            body(kind, output=grammar)
    with pytest.raises(NotSupported, match="begins at"):
        body(LLAMA, output=replace(grammar, root="start"))
    with pytest.raises(NotSupported, match="in the middle"):
        body(LLAMA, output=replace(grammar, triggers=("<x>",)))


def test_template_options_reach_those_that_take_them() -> None:
    wanted = TemplateOptions(thinking=False, reasoning_effort="low", values={"a": 1})
    values = body(LLAMA, template=wanted)["chat_template_kwargs"]
    assert values == {
        "a": 1, "enable_thinking": False, "thinking": False, "reasoning_effort": "low",
    }  # fmt: skip
    off = TemplateOptions(thinking=False)
    assert body(OLLAMA, template=off)["reasoning_effort"] == "none"
    assert "reasoning_effort" not in body(template=off)
    effort = TemplateOptions(reasoning_effort="high")
    assert body(template=effort)["reasoning_effort"] == "high"
    with pytest.raises(NotSupported, match="no values"):
        body(template=wanted)
    with pytest.raises(NotSupported, match="templates"):
        body(LLAMA, template=TemplateOptions(variant="rag"))


def test_alternatives_are_asked_for_up_to_what_servers_give() -> None:
    sent = body(logprobs=5)
    assert (sent["logprobs"], sent["top_logprobs"]) == (True, 5)
    assert body(LLAMA, logprobs=50)["top_logprobs"] == 50
    with pytest.raises(NotSupported, match="at most 20"):
        body(logprobs=21)


def test_raw_prompt_is_a_text_completion() -> None:
    sent = completion_body(ask("Once", raw=True, logprobs=2), remote())
    assert (sent["prompt"], sent["logprobs"]) == ("Once", 2)
    assert "messages" not in sent
