"""Grows a reply from the chunks of a chat or text completion, whatever liberties a server takes."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.engine.messages import (
    ArgumentsDelta,
    Delta,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallBegun,
    ToolCallDone,
)
from app.engine.protocol import FinishReason, Generated, Rounding, Timings, TokenScore
from app.engine.remote.errors import ServerFailed
from app.engine.remote.logprobs import read_scores
from app.engine.remote.shapes import items, mapping, text, whole

_MOST_CALLS = 128
_FINISH = {
    "stop": FinishReason.END,
    "eos": FinishReason.END,
    "length": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOL_CALLS,
    "function_call": FinishReason.TOOL_CALLS,
}


@dataclass(slots=True)
class _GrowingCall:
    index: int
    id: str
    name: str
    arguments: list[str] = field(default_factory=list)
    is_done: bool = False


class StreamedReply:
    """Takes chunks, tells what is new, and is a `Generated` at any time."""

    def __init__(
        self,
        emit: Callable[[Delta], None] = lambda _delta: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin now: the time to the first token counts from here."""
        self._emit = emit
        self._clock = clock
        self._began = clock()
        self._first: float | None = None
        self._last = self._began
        self._tokens = 0
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._calls: list[_GrowingCall] = []
        self._by_index: dict[int, _GrowingCall] = {}
        self._done: list[ToolCall] = []
        self._problems: list[str] = []
        self._scores: list[TokenScore] = []
        self._usage: Mapping[str, Any] = {}
        self._native: Mapping[str, Any] = {}
        self._finish: FinishReason | None = None

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._text)

    @property
    def has_begun(self) -> bool:
        """Whether anything of the reply has come."""
        return self._first is not None

    @property
    def is_whole(self) -> bool:
        """Whether the server has said why it ended."""
        return self._finish is not None

    def take(self, chunk: Mapping[str, Any]) -> None:
        """Read one chunk, or a whole reply that was not streamed.

        Raises:
            ServerFailed: it holds more tool calls than any reply.
        """
        self._usage = mapping(chunk.get("usage")) or self._usage
        self._native = mapping(chunk.get("timings")) or self._native
        for choice in map(mapping, items(chunk.get("choices"))):
            if whole(choice.get("index")) == 0:
                self._take_choice(choice)

    def _take_choice(self, choice: Mapping[str, Any]) -> None:
        part = mapping(choice.get("delta")) or mapping(choice.get("message"))
        said = text(part.get("content")) or text(choice.get("text"))
        thought = text(part.get("reasoning_content")) or text(part.get("reasoning"))
        calls = items(part.get("tool_calls"))
        self._scores += read_scores(choice.get("logprobs"))
        if thought:
            self._note_token()
            self._reasoning.append(thought)
            self._emit(ReasoningDelta(thought))
        if said:
            self._note_token()
            self._text.append(said)
            self._emit(TextDelta(said))
        for call in map(mapping, calls):
            self._note_token()
            self._take_call(call)
        reason = text(choice.get("finish_reason"))
        if reason:
            self._end(reason)

    def _note_token(self) -> None:
        self._last = self._clock()
        if self._first is None:
            self._first = self._last
        self._tokens += 1

    def _take_call(self, part: Mapping[str, Any]) -> None:
        function = mapping(part.get("function"))
        name, call_id = text(function.get("name")), text(part.get("id"))
        position = part.get("index")
        call = self._known_call(position, call_id, name)
        if call is None:
            if not name:
                self._problems.append("The server sent arguments of a tool call without its name.")
                return
            call = self._begin_call(position, call_id, name)
        arguments = function.get("arguments")
        if isinstance(arguments, dict):  # some servers send the object itself
            arguments = json.dumps(arguments, ensure_ascii=False)
        written = text(arguments)
        if written:
            call.arguments.append(written)
            self._emit(ArgumentsDelta(call.index, written))

    def _known_call(self, position: object, call_id: str, name: str) -> _GrowingCall | None:
        """The call that a part goes on with; None if it begins one.

        Ollama gives several calls one index, and others give none: a new id with a name is a new
        call wherever it stands.
        """
        known = None
        if isinstance(position, int):
            known = self._by_index.get(position)
        elif call_id:
            known = next((each for each in self._calls if each.id == call_id), None)
        elif self._calls and not name:
            known = self._calls[-1]
        if known is not None and name and call_id and known.id != call_id:
            return None
        return known

    def _begin_call(self, position: object, call_id: str, name: str) -> _GrowingCall:
        if len(self._calls) >= _MOST_CALLS:
            raise ServerFailed(
                f"The server sent more than {_MOST_CALLS} tool calls in one reply.",
                "Try again, or use another model.",
            )
        self._finish_calls()  # one call is written after the other
        call = _GrowingCall(len(self._calls), call_id or f"call_{uuid.uuid4().hex[:12]}", name)
        self._calls.append(call)
        if isinstance(position, int):
            self._by_index[position] = call
        self._emit(ToolCallBegun(call.index, name))
        return call

    def _finish_calls(self) -> None:
        for call in self._calls:
            if not call.is_done:
                call.is_done = True
                self._finish_call(call)

    def _finish_call(self, call: _GrowingCall) -> None:
        written = "".join(call.arguments).strip()
        try:
            arguments = json.loads(written) if written else {}
        except (ValueError, RecursionError):
            arguments = None
        if not isinstance(arguments, dict):
            self._problems.append(f"The arguments of the call to “{call.name}” are no JSON object.")
            return
        whole_call = ToolCall(call.id, call.name, arguments)
        self._done.append(whole_call)
        self._emit(ToolCallDone(call.index, whole_call))

    def _end(self, reason: str) -> None:
        self._finish_calls()
        self._finish = _FINISH.get(reason, FinishReason.END)
        if reason == "content_filter":
            self._problems.append("A filter on the server ended the reply.")
        if self._finish is FinishReason.END and self._calls:
            self._finish = FinishReason.TOOL_CALLS

    def generated(self, finish: FinishReason | None = None) -> Generated:
        """What has come so far as a reply; `finish` overrides the reason of the server."""
        timings = self._timings()
        return Generated(
            self.text,
            finish or self._finish or FinishReason.FAILED,
            timings,
            reasoning="".join(self._reasoning),
            tool_calls=tuple(self._done),
            raw=self.text,
            problem=" ".join(dict.fromkeys(self._problems)),
            scores=tuple(self._scores),
            # Nobody knows what else a server computes in the same batch.
            rounding=Rounding(batched=True, reused=timings.reused_tokens > 0),
        )

    def _timings(self) -> Timings:
        details = mapping(self._usage.get("prompt_tokens_details"))
        reused = whole(details.get("cached_tokens"), whole(self._native.get("cache_n")))
        computed = whole(self._native.get("prompt_n"))
        # Without a count by the server, most send each token as a chunk of its own.
        tokens = whole(self._usage.get("completion_tokens"), self._tokens)
        first = self._first
        per_token = 0.0
        if first is not None and tokens > 1:
            per_token = (self._last - first) / (tokens - 1)
        return Timings(
            ttft_s=first - self._began if first is not None else 0.0,
            per_token_s=per_token,
            prompt_tokens=whole(self._usage.get("prompt_tokens"), computed + reused),
            reused_tokens=reused,
            output_tokens=tokens,
            guessed_tokens=whole(self._native.get("draft_n")),
            accepted_tokens=whole(self._native.get("draft_n_accepted")),
        )
