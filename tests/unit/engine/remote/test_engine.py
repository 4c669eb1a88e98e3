from __future__ import annotations

from typing import Any

import pytest

from app.engine.engine import Engine
from app.engine.errors import EngineStopped, NotSupported
from app.engine.messages import Delta, PromptPiece, ReasoningDelta, Role, TextDelta, Tool, Turn
from app.engine.protocol import FinishReason, Generate, ScoreChoices, ScoreText, TemplateOptions
from app.engine.remote.counting import estimate_tokens
from app.engine.remote.errors import RequestRefused, ServerFailed
from app.engine.remote.server import ServerKind
from app.engine.sampling import Sampling
from tests.doubles.openai_server import (
    CHAT,
    COMPLETIONS,
    Answer,
    OpenAiServer,
    Wire,
    delta,
    reply,
    said,
    stream,
    usage,
)
from tests.unit.engine.remote.conftest import KEY, Connect, ask

LLAMA, VLLM = ServerKind.LLAMA_SERVER, ServerKind.VLLM
USER = (Turn(Role.USER, "Hello"),)


def test_remote_engine_has_the_shape_of_an_engine(connect: Connect) -> None:
    engine: Engine = connect()
    assert engine.loaded is not None


def test_reply_streams_with_its_counts(server: OpenAiServer, connect: Connect) -> None:
    server.on(CHAT, said("Hel", "lo ", "日本"))
    deltas: list[Delta] = []
    answer = connect().generate(ask(), deltas.append)
    assert deltas == [TextDelta("Hel"), TextDelta("lo "), TextDelta("日本")]
    assert (answer.text, answer.finish) == ("Hello 日本", FinishReason.END)
    assert (answer.timings.prompt_tokens, answer.timings.output_tokens) == (7, 3)
    assert answer.timings.ttft_s > 0
    assert not answer.rounding.is_exact


def test_request_carries_key_and_asks_for_no_compression(
    server: OpenAiServer, connect: Connect
) -> None:
    server.on(CHAT, said("a"))
    connect().generate(ask("Grüße \ud83d"))
    (request,) = server.received
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["Accept-Encoding"] == "identity"
    assert request.headers["User-Agent"].startswith("Cairn/")
    assert request.body["messages"] == [{"role": "user", "content": "Grüße ?"}]


def test_key_is_in_no_representation(connect: Connect) -> None:
    engine = connect()
    assert KEY not in repr(engine) + repr(engine._client) + str(vars(engine))


def vllm_wire() -> Answer:
    whole = {"index": 0, "id": "call-1", "type": "function",
             "function": {"name": "look", "arguments": '{"place": "Köln"}'}}  # fmt: skip
    return stream(
        ": keep-alive\n\n",
        delta(role="assistant", content=""),
        delta(reasoning="I should look."),
        delta(tool_calls=[whole]),
        delta("tool_calls"),
        usage(50, 20, 48),
    )


def llama_server_wire() -> Answer:
    begun = {"index": 0, "id": "x1", "type": "function",
             "function": {"name": "look", "arguments": "{"}}  # fmt: skip
    native = {"cache_n": 48, "prompt_n": 2, "predicted_n": 20}
    return stream(
        delta(role="assistant", content=None),
        delta(reasoning_content="I should "),
        delta(reasoning_content="look."),
        delta(tool_calls=[begun]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '"place": "Köln"'}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": "}"}}]),
        delta("tool_calls"),
        {**usage(50, 20, 48), "timings": native},
    )


def ollama_wire() -> Answer:
    call = {"id": "call_9", "type": "function",
            "function": {"name": "look", "arguments": '{"place":"Köln"}'}}  # fmt: skip
    return stream(
        delta(role="assistant", content="", reasoning="I should look."),
        delta(role="assistant", content="", tool_calls=[call]),
        delta("tool_calls", role="assistant", content=""),
        usage(50, 20, 48),
    )


def lm_studio_wire() -> Answer:
    begun = {"index": 0, "id": "123", "type": "function",
             "function": {"name": "look", "arguments": ""}}  # fmt: skip
    return stream(
        delta(role="assistant", reasoning_content="I should look."),
        delta(role="assistant", tool_calls=[begun]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '{"place":'}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '"Köln"}'}}]),
        delta("tool_calls"),
        usage(50, 20, 48),
    )


@pytest.mark.parametrize("wire", [vllm_wire, llama_server_wire, ollama_wire, lm_studio_wire])
def test_tools_and_reasoning_of_every_server(server: OpenAiServer, connect: Connect, wire) -> None:
    server.on(CHAT, wire())
    deltas: list[Delta] = []
    answer = connect().generate(ask(tools=(Tool("look"),)), deltas.append)
    assert [(each.name, each.arguments) for each in answer.tool_calls] == [
        ("look", {"place": "Köln"})
    ]
    assert (answer.reasoning, answer.text) == ("I should look.", "")
    assert answer.finish is FinishReason.TOOL_CALLS
    timings = answer.timings
    assert (timings.prompt_tokens, timings.reused_tokens, timings.output_tokens) == (50, 48, 20)
    assert isinstance(deltas[0], ReasoningDelta)


def test_server_that_does_not_stream_is_understood(server: OpenAiServer, connect: Connect) -> None:
    message = {"role": "assistant", "content": "All at once."}
    choice = {"index": 0, "message": message, "finish_reason": "length"}
    server.on(CHAT, reply({"choices": [choice], "usage": {"completion_tokens": 3}}))
    answer = connect().generate(ask())
    assert (answer.text, answer.finish) == ("All at once.", FinishReason.LENGTH)


def test_reply_that_the_server_gives_up_is_not_taken_for_whole(
    server: OpenAiServer, connect: Connect
) -> None:
    server.on(CHAT, stream(delta(content="half")))
    with pytest.raises(EngineStopped, match="does not say why") as caught:
        connect().generate(ask())
    assert caught.value.partial == "half"


def test_stream_without_its_end_but_with_a_reason_is_whole(
    server: OpenAiServer, connect: Connect
) -> None:
    server.on(CHAT, stream(delta(content="a"), delta("stop"), done=False))
    assert connect().generate(ask()).finish is FinishReason.END


def test_connection_that_stays_open_after_the_end_does_not_hold_us(
    server: OpenAiServer, connect: Connect
) -> None:
    server.on(CHAT, stream(delta(content="a"), delta("stop"), then=Wire.stall))
    assert connect().generate(ask()).text == "a"
    assert server.hung_up.wait(5)


def test_raw_prompt_goes_to_text_completions(server: OpenAiServer, connect: Connect) -> None:
    parts = [{"choices": [{"index": 0, "text": each}]} for each in ("upon ", "a time")]
    server.on(COMPLETIONS, stream(*parts, {"choices": [{"text": "", "finish_reason": "stop"}]}))
    assert connect().generate(ask("Once", raw=True)).text == "upon a time"
    assert server.bodies(COMPLETIONS)[0]["prompt"] == "Once"


def test_nothing_to_answer_is_refused(connect: Connect) -> None:
    with pytest.raises(RequestRefused, match="no message"):
        connect().generate(Generate(()))


def test_settings_the_server_does_not_know_are_named(connect: Connect) -> None:
    assert connect().ignored_settings(Sampling(min_p=0.1, top_k=0)) == ("min-p",)


def test_tokens_are_counted_by_llama_server(server: OpenAiServer, connect: Connect) -> None:
    server.on("/tokenize", reply({"tokens": [1, 2, 3]}))
    server.on("/apply-template", reply({"prompt": "<|user|>Hello"}))
    engine = connect(LLAMA)
    assert engine.count_tokens(("Hello", "you")) == (3, 3)
    assert server.bodies("/tokenize")[0]["add_special"] is False
    assert server.bodies("/tokenize")[0]["parse_special"] is False
    template = TemplateOptions(thinking=True)
    assert engine.count_prompt(USER, (Tool("look"),), template) == 3
    rendered = server.bodies("/apply-template")[0]
    assert rendered["messages"] == [{"role": "user", "content": "Hello"}]
    assert rendered["tools"][0]["function"]["name"] == "look"
    assert rendered["chat_template_kwargs"]["enable_thinking"] is True
    assert engine.show_prompt(USER) == "<|user|>Hello"
    assert engine.prompt_pieces(USER) == (PromptPiece("<|user|>", True), PromptPiece("Hello"))
    assert engine.counts_exactly


def test_tokens_are_counted_by_vllm(server: OpenAiServer, connect: Connect) -> None:
    server.on("/tokenize", reply({"count": 4, "tokens": [1, 2, 3, 4]}))
    server.on("/detokenize", reply({"prompt": "<|user|>Hello"}))
    engine = connect(VLLM)
    assert engine.count_tokens(("Hello",)) == (4,)
    assert engine.count_prompt(USER) == 4
    assert server.bodies("/tokenize")[1]["add_generation_prompt"] is True
    assert engine.show_prompt(USER) == "<|user|>Hello"


def test_without_a_tokenizer_counts_are_marked_estimates(
    server: OpenAiServer, connect: Connect
) -> None:
    engine = connect()
    assert not engine.counts_exactly
    assert engine.count_tokens(("Hello you", "")) == (estimate_tokens("Hello you"), 0)
    assert engine.count_prompt(USER) > estimate_tokens("Hello")
    assert server.received == []
    with pytest.raises(NotSupported, match="does not show"):
        engine.show_prompt(USER)


def test_tokenizer_that_is_missing_after_all_is_asked_once(
    server: OpenAiServer, connect: Connect
) -> None:
    engine = connect(VLLM)
    assert engine.count_tokens(("Hello", "you")) == (2, 1)
    assert not engine.counts_exactly
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("content", "tokens"),
    [
        ("The notice period is three months.", 8),  # 7 words and a full stop in common tokenizers
        ("1234567890", 10),
        ("日本語のテキスト", 8),
        ("x = [i**2 for i in range(10)]\n" * 3, 36),
    ],
)
def test_estimate_is_not_too_low(content: str, tokens: int) -> None:
    assert tokens <= estimate_tokens(content) <= 4 * tokens


def test_embeddings_are_in_order_and_of_length_one(server: OpenAiServer, connect: Connect) -> None:
    entries = [{"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [3, 4]}]
    server.on("/v1/embeddings", reply({"data": entries}))
    first, second = connect().embed(("a", "b"))
    assert first == pytest.approx((0.6, 0.8))
    assert second == pytest.approx((0.0, 1.0))
    assert connect().embed(()) == ()


@pytest.mark.parametrize(
    "data",
    [
        [],
        [{"index": 0, "embedding": [1]}],
        [{"embedding": [1, None]}, {"embedding": [1, 2]}],
        [{"embedding": [0, 0]}, {"embedding": [1, 2]}],
        [{"embedding": []}, {"embedding": []}],
        [{"embedding": [1]}, {"embedding": [1, 2]}],
        [{"embedding": "AAAA"}, {"embedding": "AAAA"}],
        "nonsense",
    ],
    ids=str,
)
def test_senseless_embeddings_are_refused(
    server: OpenAiServer, connect: Connect, data: Any
) -> None:
    server.on("/v1/embeddings", reply({"data": data}))
    with pytest.raises(ServerFailed, match="makes no sense"):
        connect().embed(("a", "b"))


def scored(*prompts: list[float | None]) -> Answer:
    """An answer of vLLM to `echo`: each prompt's log-probabilities, and one more token."""
    choices = [
        {
            "index": index,
            "logprobs": {
                "token_logprobs": [*values, -9.0],
                "top_logprobs": [{"x": -0.5} for _value in (*values, None)],
            },
        }
        for index, values in enumerate(prompts)
    ]
    return reply({"choices": list(reversed(choices))})


def test_text_is_scored_in_windows_as_the_local_engine_does(
    server: OpenAiServer, connect: Connect
) -> None:
    server.on("/tokenize", reply({"tokens": [1, 2, 3, 4, 5, 6]}), reply({"tokens": [99]}))
    server.on("/detokenize", reply({"prompt": "four"}))
    server.on(COMPLETIONS, scored([None, -1.0, -2.0, -3.0], [None, -8.0, -0.5, -0.25]))
    score = connect(VLLM).score_text(ScoreText("text", window=4))
    sent = server.bodies(COMPLETIONS)[0]
    assert sent["prompt"] == [[1, 2, 3, 4], [99, 4, 5, 6]]
    assert sent["echo"] is True
    assert score.log_likelihood == pytest.approx(-6.75)
    assert (score.tokens, score.scored_bytes) == (5, 8)
    assert score.squared == pytest.approx(1 + 4 + 9 + 0.25 + 0.0625)


def test_choices_are_scored_after_the_prompt(server: OpenAiServer, connect: Connect) -> None:
    tokens = [[1, 2], [3], [4, 5]]
    server.on("/tokenize", *(reply({"tokens": each}) for each in tokens))
    server.on(COMPLETIONS, scored([None, -7.0, -0.5], [None, -7.0, -0.4, -3.0]))
    request = ScoreChoices((Turn(Role.USER, "?"),), ("é", "no"))
    good, bad = connect(VLLM).score_choices(request)
    assert (good.log_likelihood, good.tokens, good.text_bytes) == (-0.5, 1, 2)
    assert good.is_greedy
    assert bad.log_likelihood == pytest.approx(-3.4)
    assert not bad.is_greedy


def test_incomplete_scores_are_refused(server: OpenAiServer, connect: Connect) -> None:
    server.on("/tokenize", reply({"tokens": [1, 2]}), reply({"tokens": []}))
    server.on(COMPLETIONS, reply({"choices": []}))
    with pytest.raises(ServerFailed, match="every token"):
        connect(VLLM).score_text(ScoreText("text"))


@pytest.mark.parametrize("kind", [each for each in ServerKind if each is not VLLM])
def test_scores_that_a_server_lacks_are_said(connect: Connect, kind: ServerKind) -> None:
    with pytest.raises(NotSupported, match="log-probabilities"):
        connect(kind).score_text(ScoreText("text"))
    with pytest.raises(NotSupported, match="log-probabilities"):
        connect(kind).score_choices(ScoreChoices((Turn(Role.USER, "?"),), ("a",)))


def test_facts_say_what_is_known(connect: Connect) -> None:
    facts = connect(VLLM, version="0.11.2", context_length=8192, has_tools=False).loaded
    assert (facts.name, facts.engine_build) == ("the-model", "vLLM 0.11.2")
    assert (facts.context_length, facts.has_tools) == (8192, False)
    assert connect().loaded.context_length == 4096  # where the server says nothing
