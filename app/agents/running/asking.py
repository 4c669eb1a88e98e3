"""One reply of the model: what it is sent, within the room there is, and how its reply is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from app.agents.running import words
from app.agents.running.bounded import time_limit
from app.agents.running.meter import Meter
from app.agents.running.recorder import Recorder
from app.agents.running.window import Window
from app.agents.trace import ModelReply, ReplyGrew, StepId
from app.base.errors import AppError, Cancelled
from app.base.jobs import CancelToken
from app.engine.engine import Engine
from app.engine.errors import EngineStopped, PromptTooLong
from app.engine.messages import Delta, ReasoningDelta, TextDelta, Tool, ToolCall
from app.engine.protocol import FinishReason, Generate, Generated, TemplateOptions
from app.engine.sampling import Sampling

_LAST_TOKENS: Final = 1_024  # of the last answer and its seconds, whatever the limits of the run
_LAST_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Speaking:
    """How the model is asked. `max_tokens` is of one reply."""

    sampling: Sampling
    max_tokens: int
    stop: tuple[str, ...] = ()
    template: TemplateOptions = field(default_factory=TemplateOptions)


class Asker:
    """Asks the model of one run."""

    def __init__(
        self,
        engine: Engine,
        speaking: Speaking,
        tools: Sequence[Tool],
        recorder: Recorder,
        meter: Meter,
        cancel: CancelToken,
    ) -> None:
        self._engine = engine
        self._speaking = speaking
        self._tools = tuple(tools)
        self._recorder = recorder
        self._meter = meter
        self._cancel = cancel
        model = recorder.run.model
        self.window = Window(recorder.conversation, model.context_length if model else 0)

    def ask(self) -> ModelReply:
        """Have the model go on. The reply is STOPPED if the time of the run was over first.

        Raises:
            Cancelled: the run was stopped.
            AppError: there is no reply.
        """
        most = min(self._speaking.max_tokens, self._meter.tokens_left)
        return self._ask(ModelReply(max_tokens=most), self._meter.seconds_left)

    def ask_last(self) -> ModelReply:
        """Have the model answer without tools, whatever the limits of the run."""
        most = min(self._speaking.max_tokens, _LAST_TOKENS)
        return self._ask(ModelReply(max_tokens=most, is_last=True), _LAST_SECONDS)

    def _ask(self, asked: ModelReply, seconds: float) -> ModelReply:
        self._cancel.check()
        asked = replace(asked, sampling=self._speaking.sampling)
        step = self._recorder.begin(asked)
        stream = _Stream(step.id, self._recorder.tell)
        try:
            with time_limit(self._cancel, seconds) as token:
                generated = self._generate(asked, stream, token)
        except (AppError, Cancelled) as error:
            self._recorder.end(step, _without_end(asked, stream.text, error))
            raise
        self._meter.replied(generated.timings)
        reply = replace(
            asked,
            text=generated.text or stream.text,
            reasoning=generated.reasoning,
            tool_calls=() if asked.is_last else self._named_once(generated.tool_calls),
            raw=generated.raw,
            problem=generated.problem,
            finish=generated.finish,
            timings=generated.timings,
            shortened=self.window.record,
        )
        self._recorder.end(step, reply)
        self._recorder.spend(self._meter.spent)
        self._cancel.check()
        return reply

    def _generate(self, asked: ModelReply, stream: _Stream, token: CancelToken) -> Generated:
        window, before = self.window, len(self.window.shortened)
        turns = self._recorder.conversation.turns(window.shortened)
        while window.lacks(turns, asked.max_tokens) and window.make_room():
            turns = self._recorder.conversation.turns(window.shortened)
        while True:
            request = Generate(
                turns,
                self._speaking.sampling,
                asked.max_tokens,
                self._speaking.stop,
                tools=() if asked.is_last else self._tools,
                template=self._speaking.template,
            )
            try:
                generated = self._engine.generate(request, stream.take, token)
                break
            except PromptTooLong as error:
                if not window.make_room():
                    raise PromptTooLong(words.NO_ROOM, words.MORE_ROOM) from error
                turns = self._recorder.conversation.turns(window.shortened)
        window.replied(turns, generated.timings)
        if len(window.shortened) > before:
            self._recorder.note(words.SHORTENED)
        return generated

    def _named_once(self, calls: Sequence[ToolCall]) -> tuple[ToolCall, ...]:
        """The calls, each with an id that no other call of the run has."""
        taken = {
            call.id
            for step in self._recorder.conversation.steps
            if isinstance(step.detail, ModelReply)
            for call in step.detail.tool_calls
        }
        named: list[ToolCall] = []
        for call in calls:
            name, number = call.id or "call", 2
            while name in taken:
                name, number = f"{call.id or 'call'}-{number}", number + 1
            taken.add(name)
            named.append(replace(call, id=name))
        return tuple(named)


class _Stream:
    """Passes a reply on as it comes, and keeps its text."""

    def __init__(self, step: StepId, tell: Callable[[ReplyGrew], None]) -> None:
        self._step = step
        self._tell = tell
        self._texts: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self._texts)

    def take(self, delta: Delta) -> None:
        match delta:
            case TextDelta(text):
                self._texts.append(text)
                self._tell(ReplyGrew(self._step, text))
            case ReasoningDelta(text):
                self._tell(ReplyGrew(self._step, text, is_reasoning=True))


def _without_end(asked: ModelReply, text: str, error: AppError | Cancelled) -> ModelReply:
    if isinstance(error, Cancelled):
        return replace(asked, text=text, finish=FinishReason.STOPPED)
    partial = error.partial if isinstance(error, EngineStopped) else ""
    return replace(asked, text=partial or text, finish=FinishReason.FAILED, error=str(error))
