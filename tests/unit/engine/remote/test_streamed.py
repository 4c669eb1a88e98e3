from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.messages import (
    ArgumentsDelta,
    Delta,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallBegun,
    ToolCallDone,
)
from app.engine.protocol import FinishReason, TokenChoice
from app.engine.remote.errors import ServerFailed
from app.engine.remote.streamed import StreamedReply
from tests.doubles.openai_server import delta, usage


def call(index: int | None = None, **more: Any) -> dict[str, Any]:
    part: dict[str, Any] = {} if index is None else {"index": index}
    if "id" in more:
        part["id"] = more.pop("id")
    return {**part, "type": "function", "function": more}


def grow(*chunks: Any) -> tuple[StreamedReply, list[Delta]]:
    deltas: list[Delta] = []
    reply = StreamedReply(deltas.append)
    for chunk in chunks:
        reply.take(chunk)
    return reply, deltas


def test_text_and_reasoning_are_apart_whatever_the_field_is_called() -> None:
    reply, deltas = grow(
        delta(reasoning_content="hm"),
        delta(reasoning=" so"),
        delta(content="Yes"),
        delta(content="."),
        delta("stop"),
    )
    assert deltas == [
        ReasoningDelta("hm"), ReasoningDelta(" so"), TextDelta("Yes"), TextDelta("."),
    ]  # fmt: skip
    whole = reply.generated()
    assert (whole.text, whole.reasoning, whole.finish) == ("Yes.", "hm so", FinishReason.END)


def test_both_reasoning_fields_of_a_vllm_in_between_count_once() -> None:
    reply, _deltas = grow(delta(reasoning="hm", reasoning_content="hm"))
    assert reply.generated().reasoning == "hm"


def test_streamed_arguments_as_llama_server_sends_them() -> None:
    reply, deltas = grow(
        delta(tool_calls=[call(0, id="a", name="look", arguments="")]),
        delta(tool_calls=[call(0, arguments='{"x"')]),
        delta(tool_calls=[call(0, arguments=": 1}")]),
        delta(tool_calls=[call(1, id="b", name="go", arguments="{}")]),
        delta("tool_calls"),
    )
    look, go = ToolCall("a", "look", {"x": 1}), ToolCall("b", "go", {})
    assert deltas == [
        ToolCallBegun(0, "look"),
        ArgumentsDelta(0, '{"x"'),
        ArgumentsDelta(0, ": 1}"),
        ToolCallDone(0, look),
        ToolCallBegun(1, "go"),
        ArgumentsDelta(1, "{}"),
        ToolCallDone(1, go),
    ]
    whole = reply.generated()
    assert (whole.tool_calls, whole.finish, whole.problem) == (
        (look, go), FinishReason.TOOL_CALLS, "",
    )  # fmt: skip


@pytest.mark.parametrize("positions", [(None, None), (0, 0), (0, 1)], ids=str)
def test_calls_all_at_once_as_ollama_sends_them(positions) -> None:
    reply, _deltas = grow(
        delta(
            tool_calls=[
                call(positions[0], id="call_1", name="look", arguments='{"x": 1}'),
                call(positions[1], id="call_2", name="look", arguments='{"x": 2}'),
            ]
        ),
        delta("stop"),
    )
    whole = reply.generated()
    assert [each.arguments for each in whole.tool_calls] == [{"x": 1}, {"x": 2}]
    assert whole.finish is FinishReason.TOOL_CALLS


def test_call_without_id_gets_one_and_object_arguments_are_taken() -> None:
    reply, _deltas = grow(
        delta(tool_calls=[call(name="look", arguments={"x": [1]}), call(name="go")]),
        delta("stop"),
    )
    first, second = reply.generated().tool_calls
    assert (first.arguments, second.arguments) == ({"x": [1]}, {})
    assert first.id != second.id
    assert first.id.startswith("call_")


@pytest.mark.parametrize("written", ['{"x": ', "[1]", '"text"', "nonsense", "[" * 100_000])
def test_unreadable_arguments_are_a_problem_and_no_call(written: str) -> None:
    reply, _deltas = grow(
        delta(tool_calls=[call(0, id="a", name="look", arguments=written)]), delta("tool_calls")
    )
    whole = reply.generated()
    assert whole.tool_calls == ()
    assert "“look”" in whole.problem


def test_arguments_of_no_call_are_a_problem() -> None:
    reply, _deltas = grow(delta(tool_calls=[call(0, arguments="{}")]), delta("stop"))
    assert "without its name" in reply.generated().problem


def test_endless_calls_are_refused() -> None:
    many = [call(n, id=str(n), name="look", arguments="{}") for n in range(200)]
    with pytest.raises(ServerFailed, match="tool calls"):
        grow(delta(tool_calls=many))


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", FinishReason.END),
        ("length", FinishReason.LENGTH),
        ("tool_calls", FinishReason.TOOL_CALLS),
        ("function_call", FinishReason.TOOL_CALLS),
        ("something new", FinishReason.END),
    ],
)
def test_reason_of_the_end(reason: str, finish: FinishReason) -> None:
    assert grow(delta(reason))[0].generated().finish is finish


def test_filter_is_said() -> None:
    assert "filter" in grow(delta("content_filter"))[0].generated().problem


def test_counts_of_the_server_and_times_of_ours() -> None:
    times = iter([0.0, 2.0, 3.0, 4.0])
    reply = StreamedReply(clock=lambda: next(times))
    for chunk in (delta(content="a"), delta(content="b"), delta(content="c"), usage(40, 5, 30)):
        reply.take(chunk)
    timings = reply.generated().timings
    assert (timings.ttft_s, timings.per_token_s) == (2.0, 0.5)
    assert (timings.prompt_tokens, timings.reused_tokens, timings.output_tokens) == (40, 30, 5)
    assert reply.generated().rounding.reused


def test_native_counts_of_llama_server_are_taken() -> None:
    native = {"prompt_n": 3, "cache_n": 20, "predicted_n": 1, "draft_n": 8, "draft_n_accepted": 6}
    timings = grow(delta(content="a"), {"timings": native})[0].generated().timings
    assert (timings.prompt_tokens, timings.reused_tokens, timings.output_tokens) == (23, 20, 1)
    assert timings.acceptance_rate == 0.75


def test_without_counts_each_chunk_is_a_token() -> None:
    timings = grow(delta(content="a"), delta(content="b"))[0].generated().timings
    assert (timings.prompt_tokens, timings.output_tokens) == (0, 2)


def test_log_probabilities_of_a_chat() -> None:
    content = [
        {
            "token": "é",
            "id": 7,
            "bytes": [195, 169],
            "logprob": -0.5,
            "top_logprobs": [
                {"token": "b", "logprob": -2.0},
                {"token": "é", "logprob": -0.5},
                {"token": "c", "logprob": None},
            ],
        },
        {"token": "x", "logprob": "much"},
    ]
    chunk = delta(content="é")
    chunk["choices"][0]["logprobs"] = {"content": content}
    (score,) = grow(chunk)[0].generated().scores
    assert score.chosen == TokenChoice(7, "é", -0.5)
    assert score.alternatives == (TokenChoice(-1, "é", -0.5), TokenChoice(-1, "b", -2.0))


def test_text_completion_and_its_log_probabilities() -> None:
    logprobs = {
        "tokens": ["a", "b"],
        "token_logprobs": [None, -1.0],
        "top_logprobs": [None, {"b": -1.0, "c": -0.25}],
    }
    chunk = {"choices": [{"index": 0, "text": "ab", "logprobs": logprobs}]}
    whole = grow(chunk)[0].generated()
    assert whole.text == "ab"
    assert [score.chosen.text for score in whole.scores] == ["b"]
    assert [each.text for each in whole.scores[0].alternatives] == ["c", "b"]


def test_other_choices_and_half_characters_do_no_harm() -> None:
    reply, _deltas = grow(
        {"choices": [{"index": 1, "delta": {"content": "no"}}]}, delta(content="a\ud83d")
    )
    assert reply.text == "a\ufffd"
    reply.text.encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = ("choices", "delta", "message", "content", "tool_calls", "function", "index", "id", "name",
          "arguments", "logprobs", "top_logprobs", "token_logprobs", "tokens", "bytes", "usage",
          "prompt_tokens_details", "timings", "finish_reason", "text", "logprob")  # fmt: skip
STRANGE = st.recursive(
    JSON,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6)
    ),
    max_leaves=20,
)


@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), STRANGE, max_size=6), max_size=4))
def test_whatever_a_server_sends_is_a_reply(chunks: list[dict[str, Any]]) -> None:
    reply, deltas = grow(*chunks)
    whole = reply.generated(FinishReason.END)
    assert whole.text == "".join(each.text for each in deltas if isinstance(each, TextDelta))
    json.dumps([dict(each.arguments) for each in whole.tool_calls])
