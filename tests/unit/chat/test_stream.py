from __future__ import annotations

from app.chat.entities import AnswerEvent, AnswerReasoning, AnswerStage, AnswerText, Stage
from app.chat.stream import ReplyStream
from app.engine.messages import Delta, ReasoningDelta, TextDelta, ToolCallBegun


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def run(*steps: Delta | float) -> tuple[ReplyStream, list[AnswerEvent]]:
    """Deltas, and seconds that pass between them."""
    clock = Clock()
    events: list[AnswerEvent] = []
    stream = ReplyStream(events.append, clock)
    for step in steps:
        if isinstance(step, float):
            clock.now += step
        else:
            stream.take(step)
    return stream, events


def test_stream_tells_thoughts_and_text_apart_and_each_stage_once() -> None:
    stream, events = run(
        ReasoningDelta("Let "), ReasoningDelta("me."), TextDelta("It "), TextDelta("is.")
    )
    assert events == [
        AnswerStage(Stage.THINKING),
        AnswerReasoning("Let "),
        AnswerReasoning("me."),
        AnswerStage(Stage.WRITING),
        AnswerText("It "),
        AnswerText("is."),
    ]
    assert (stream.reasoning, stream.text) == ("Let me.", "It is.")


def test_stream_counts_only_the_time_spent_thinking() -> None:
    stream, _ = run(
        3.0, ReasoningDelta("a"), 2.0, ReasoningDelta("b"), 1.5, TextDelta("c"), 9.0, TextDelta("d")
    )
    assert stream.thinking_s == 3.5


def test_stream_adds_up_thinking_that_was_interrupted() -> None:
    stream, _ = run(ReasoningDelta("a"), 1.0, TextDelta("b"), 5.0, ReasoningDelta("c"), 2.0)
    assert stream.thinking_s == 3.0


def test_stream_without_thoughts_never_thought() -> None:
    stream, events = run(1.0, TextDelta("a"), 1.0)
    assert stream.thinking_s == 0
    assert AnswerStage(Stage.THINKING) not in events


def test_stream_leaves_tool_calls_alone() -> None:
    stream, events = run(ToolCallBegun(0, "add"))
    assert (events, stream.text) == ([], "")
