"""An engine that follows a script, behind the same child protocol as the real one.

`EngineHost(logs, scripted_engine, Script(...))`. It paces, stalls, dies and stammers on request,
which the real llama.cpp does only when it wants to.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.base.child_side import CallContext
from app.engine.errors import ModelLoadError, PromptTooLong
from app.engine.messages import PromptPiece, ReasoningDelta, TextDelta, Turn
from app.engine.protocol import (
    Check,
    CountPrompt,
    CountTokens,
    Device,
    DeviceNeed,
    Estimate,
    FinishReason,
    ForgetParked,
    Generate,
    Generated,
    ListDevices,
    Load,
    MemoryNeed,
    ModelFacts,
    Rounding,
    SetAdapters,
    ShowPieces,
    ShowPrompt,
    Timings,
)
from app.engine.reply import Heard, ReplyText

CITED = "The notice period is three months [1]."


@dataclass(frozen=True, slots=True)
class Script:
    """What the engine does.

    Attributes:
        replies: needle in the last message -> reply; "" is for all others.
        reasoning: the same, for what it thinks first, unless the request switches that off.
        tokens_per_s: 0 is as fast as it goes; a token is four bytes.
        prefill_s: how long it reads the prompt.
        stall_after: tokens after which nothing comes any more, until Stop.
        hang_after: tokens after which Stop is not noticed either.
        abort_after: tokens after which the process calls abort().
        load_s: how long loading takes.
        load_error: the message of a ModelLoadError.
        abort_on_load: the process calls abort() while it loads.
        context_length: longer prompts are refused, four characters a token.
        thinks: it says that it has a switch for reasoning.
        sees: it says that it sees pictures, each of which costs it 100 tokens.
        template: any text; another one is another chat template.
        rounding: what it says of the last digits, unless the request is exact.
    """

    replies: Mapping[str, str | bytes] = field(default_factory=lambda: {"": CITED})
    tokens_per_s: float = 0
    prefill_s: float = 0
    stall_after: int | None = None
    hang_after: int | None = None
    abort_after: int | None = None
    load_s: float = 0
    load_error: str = ""
    abort_on_load: bool = False
    context_length: int = 8192
    reasoning: Mapping[str, str] = field(default_factory=dict)
    thinks: bool = False
    sees: bool = False
    template: str = "scripted"
    rounding: Rounding = field(default_factory=Rounding)


class ScriptedEngine:
    """Serves the engine protocol."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._never = threading.Event()

    def lane(self, body: object) -> str:
        return "count" if isinstance(body, (CountTokens, CountPrompt)) else "model"

    def handle(self, body: object, context: CallContext) -> object:
        match body:
            case Check() | ForgetParked():
                return None
            case Load(path):
                return self._load(Path(path), context)
            case Generate():
                return self._generate(body, context)
            case CountTokens(texts):
                return tuple(_tokens(text) for text in texts)
            case CountPrompt(turns):
                return _prompt_tokens(turns)
            case ShowPrompt(turns) | ShowPieces(turns):
                shown = "\n".join(turn.content for turn in turns)
                return shown if isinstance(body, ShowPrompt) else (PromptPiece(shown),)
            case Estimate(_path, options):
                return MemoryNeed((DeviceNeed("CPU", kv_cache=options.context_length << 10),))
            case ListDevices():
                return (Device("CPU", "scripted", "CPU", 1 << 40, 1 << 40),)
            case SetAdapters(adapters):
                return replace(self._facts, adapters=adapters)
        raise TypeError(f"the engine does not know {type(body).__name__}")

    def close(self) -> None:
        pass

    def _load(self, path: Path, context: CallContext) -> ModelFacts:
        script = self._script
        _pause(script.load_s, context)
        context.cancel.check()
        if script.abort_on_load:
            _abort("GGML_ASSERT(scripted) failed")
        if script.load_error:
            raise ModelLoadError(script.load_error, "Choose another file.")
        sha256 = hashlib.sha256(script.template.encode()).hexdigest()
        length = script.context_length
        self._facts = ModelFacts(
            path.stem,
            "scripted",
            "F16",
            length,
            length,
            1,
            sha256,
            "scripted",
            thinks=script.thinks,
            sees=script.sees,
            dialect="plain",
        )
        return self._facts

    def _generate(self, request: Generate, context: CallContext) -> Generated:
        started = time.perf_counter()
        prompt = _prompt_tokens(request.turns)
        if prompt >= self._script.context_length:
            raise PromptTooLong(f"The prompt has {prompt} tokens.", "Ask less.")
        reply = ReplyText(lambda text: context.emit(TextDelta(text)), request.stop)
        _pause(self._script.prefill_s, context)
        finish = FinishReason.END
        times: list[float] = []
        thoughts: list[str] = []
        for index, piece in enumerate(self._pieces(request)):
            self._misbehave(index, context)
            if context.cancel.is_cancelled:
                finish = FinishReason.STOPPED
                break
            if index >= request.max_tokens:
                finish = FinishReason.LENGTH
                break
            self._wait_for_turn(index, times, context)
            times.append(time.perf_counter())
            if isinstance(piece, str):
                thoughts.append(piece)
                context.emit(ReasoningDelta(piece))
            elif reply.add(piece) is Heard.STOP:
                break
        return Generated(
            reply.finish(),
            finish,
            _timings(started, times, prompt),
            reasoning="".join(thoughts),
            rounding=Rounding() if request.exact else self._script.rounding,
        )

    def _pieces(self, request: Generate) -> Iterator[str | bytes]:
        """Thoughts as text, then the reply as bytes; four of them are a token."""
        said = request.turns[-1].content
        script = self._script
        if request.template.thinking is not False:
            thoughts = script.reasoning.get(_needle(script.reasoning, said), "")
            for start in range(0, len(thoughts), 4):
                yield thoughts[start : start + 4]
        reply = script.replies.get(_needle(script.replies, said), CITED)
        data = reply if isinstance(reply, bytes) else reply.encode()
        for start in range(0, len(data), 4):
            yield data[start : start + 4]

    def _wait_for_turn(self, index: int, times: list[float], context: CallContext) -> None:
        """Pace against the first token, so that delays do not add up."""
        if self._script.tokens_per_s > 0 and times:
            due = times[0] + index / self._script.tokens_per_s
            _pause(due - time.perf_counter(), context)

    def _misbehave(self, index: int, context: CallContext) -> None:
        if index == self._script.abort_after:
            _abort("GGML_ASSERT(scripted) failed")
        if index == self._script.hang_after:
            self._never.wait()
        if index == self._script.stall_after:
            _pause(3600, context)


def _needle(table: Mapping[str, object], said: str) -> str:
    return next((each for each in table if each and each in said), "")


def _timings(started: float, times: list[float], prompt: int) -> Timings:
    per_token = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 0.0
    ttft = times[0] - started if times else 0.0
    return Timings(ttft, per_token, prompt, 0, len(times))


def _pause(seconds: float, context: CallContext) -> None:
    """Wait, but not longer than until Stop."""
    if seconds > 0:
        stopped = threading.Event()
        forget = context.cancel.on_cancel(stopped.set)
        stopped.wait(seconds)
        forget()


def _abort(last_words: str) -> None:
    sys.stderr.write(f"{last_words}\n")
    os.abort()


def _tokens(text: str) -> int:
    return (len(text) + 3) // 4


def _prompt_tokens(turns: tuple[Turn, ...]) -> int:
    return sum(_tokens(turn.content) + 4 + 100 * len(turn.images) for turn in turns)


def scripted_engine(script: Script | None = None) -> ScriptedEngine:
    """Entry of the child process."""
    return ScriptedEngine(script or Script())
