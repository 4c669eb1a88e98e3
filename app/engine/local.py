"""One model in a child process of its own. Whatever happens to it stays there and becomes words."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from typing import Any

from app.base.child import ChildExit, ChildProcess, PendingCall
from app.base.errors import Cancelled, ChildStopped
from app.base.jobs import CancelToken
from app.base.log import tail
from app.engine.causes import dying_words, load_error
from app.engine.errors import EngineStopped
from app.engine.messages import Delta, PromptPiece, TextDelta, Tool, Turn
from app.engine.options import Adapter, LoadOptions
from app.engine.protocol import (
    Check,
    ChoiceScore,
    CountPrompt,
    CountTokens,
    Embed,
    FinishReason,
    ForgetParked,
    Generate,
    Generated,
    Load,
    ModelFacts,
    ScoreChoices,
    ScoreText,
    SetAdapters,
    ShowPieces,
    ShowPrompt,
    TemplateOptions,
    TextScore,
    Timings,
)

log = logging.getLogger(__name__)

_CANCEL_GRACE_S = 2.0  # a child that does not react to Stop for so long hangs, and is killed
_SEND_GRACE_S = 0.5
_LOG_LINES = 200  # enough to hold the reason above the tracebacks of all threads
# Parked conversations are written to disk when a model is unloaded; see `SequencePool.save_parked`.
_UNLOAD_GRACE_S = 8.0

_AS_THE_TEMPLATE_HAS_IT = TemplateOptions()
OnDelta = Callable[[Delta], None]


class LocalEngine:
    """A model in a child process. Implements `Engine`; all methods block, on any thread.

    Attributes:
        path: of the model file.
        number: tells engines that live at the same time apart.
        problem: why the child ended without having been asked to; empty while all is well.
    """

    def __init__(
        self,
        child: ChildProcess,
        path: Path,
        number: int,
        on_stopped: Callable[[LocalEngine], None],
    ) -> None:
        """Take a child that has loaded nothing yet.

        Args:
            child: started by the first call.
            path: of the model file.
            number: tells engines that live at the same time apart.
            on_stopped: called once, on any thread, when the child is gone without having been
                asked to go.
        """
        self.path = path
        self.number = number
        self.problem = ""
        self._child = child
        self._on_stopped = on_stopped
        self._facts: ModelFacts | None = None
        self._stop_noted = False
        child.on_exit = self._child_ended

    @property
    def loaded(self) -> ModelFacts | None:
        """What the model is; None before it is loaded and after its child ended."""
        return None if self.problem else self._facts

    @property
    def pid(self) -> int | None:
        """The process that has the model."""
        return self._child.pid

    def check(self, options: LoadOptions, cancel: CancelToken) -> None:
        """Read the file without taking memory for its weights.

        Raises:
            ModelLoadError, TemplateError, Cancelled: as `load`.
        """
        self._load_step(Check(str(self.path), options), cancel)

    def load(self, request: Load, cancel: CancelToken) -> ModelFacts:
        """Load the model.

        Raises:
            ModelLoadError: the file cannot be loaded, or the engine crashed on it; why.
            TemplateError: its chat template cannot be used.
            Cancelled: `cancel` was.
        """
        facts: ModelFacts = self._load_step(request, cancel)
        self._facts = facts
        if (died := self._child.last_exit) is not None:
            raise load_error(self.path.name, died.last_lines, died.reason)
        return facts

    def generate(
        self,
        request: Generate,
        on_delta: OnDelta = lambda _delta: None,
        cancel: CancelToken | None = None,
    ) -> Generated:
        """Answer the last turn. A cancelled answer ends with its partial text and STOPPED.

        Args:
            request: the turns and how to answer.
            on_delta: called for each piece of the reply, on another thread; must return at once.
            cancel: stops the answer, in the middle of reading the prompt too.

        Raises:
            PromptTooLong: the turns do not fit into the context.
            TemplateError: the chat template fails on these turns.
            EngineStopped: the engine died; the text so far is in the error.
        """
        cancel = cancel or CancelToken()
        pieces: list[str] = []

        def take(delta: Delta) -> None:
            if isinstance(delta, TextDelta):
                pieces.append(delta.text)
            on_delta(delta)

        try:
            answer: Generated = self._finish(self._call(request, cancel, take), cancel)
        except (Cancelled, ChildStopped) as error:
            text = "".join(pieces)
            if isinstance(error, Cancelled) or cancel.is_cancelled:
                return Generated(text, FinishReason.STOPPED, Timings())
            raise self._stopped(text) from error
        return answer

    def count_tokens(self, texts: tuple[str, ...]) -> tuple[int, ...]:
        """Tokens of each text as part of a message."""
        counts: tuple[int, ...] = self._ask(CountTokens(texts))
        return counts

    def count_prompt(
        self,
        turns: tuple[Turn, ...],
        tools: tuple[Tool, ...] = (),
        template: TemplateOptions = _AS_THE_TEMPLATE_HAS_IT,
    ) -> int:
        """Tokens of the whole prompt that these turns become."""
        count: int = self._ask(CountPrompt(turns, tools, template))
        return count

    def show_prompt(
        self,
        turns: tuple[Turn, ...],
        tools: tuple[Tool, ...] = (),
        template: TemplateOptions = _AS_THE_TEMPLATE_HAS_IT,
    ) -> str:
        """The prompt that these turns become, control tokens visible."""
        text: str = self._ask(ShowPrompt(turns, tools, template))
        return text

    def prompt_pieces(
        self,
        turns: tuple[Turn, ...],
        tools: tuple[Tool, ...] = (),
        template: TemplateOptions = _AS_THE_TEMPLATE_HAS_IT,
    ) -> tuple[PromptPiece, ...]:
        """The same without pictures, cut at control tokens."""
        pieces: tuple[PromptPiece, ...] = self._ask(ShowPieces(turns, tools, template))
        return pieces

    def score_text(self, request: ScoreText, cancel: CancelToken | None = None) -> TextScore:
        """How likely the model finds a text. Raises `Cancelled` when it was."""
        score: TextScore = self._ask(request, cancel)
        return score

    def score_choices(
        self, request: ScoreChoices, cancel: CancelToken | None = None
    ) -> tuple[ChoiceScore, ...]:
        """How likely each continuation of a prompt is. Raises `Cancelled` when it was."""
        scores: tuple[ChoiceScore, ...] = self._ask(request, cancel)
        return scores

    def embed(
        self, texts: tuple[str, ...], cancel: CancelToken | None = None
    ) -> tuple[tuple[float, ...], ...]:
        """Vectors of texts, normalised to length 1. Raises `Cancelled` when it was."""
        vectors: tuple[tuple[float, ...], ...] = self._ask(Embed(texts), cancel)
        return vectors

    def set_adapters(self, adapters: tuple[Adapter, ...]) -> ModelFacts:
        """Use these LoRA adapters from the next request on.

        Raises:
            AdapterError: one of them is damaged or for another model; the former stay in use.
        """
        facts: ModelFacts = self._ask(SetAdapters(adapters))
        self._facts = facts
        return facts

    def forget_parked(self) -> None:
        """Forget every conversation that is not being answered."""
        self._ask(ForgetParked())

    def close(self) -> None:
        """Give the memory back. An answer under way ends as if stopped."""
        self._end(_UNLOAD_GRACE_S)

    def abandon(self) -> None:
        """End the child at once, such as in the middle of a load that nobody wants any more."""
        self._end(grace_s=0)

    def _end(self, grace_s: float) -> None:
        # A child that hangs may not even take the request to end; then sending it does not return.
        insist = threading.Timer(grace_s + _SEND_GRACE_S, self._child.kill)
        insist.start()
        try:
            self._child.stop(grace_s)
        finally:
            insist.cancel()

    def _child_ended(self, ended: ChildExit) -> None:
        if not ended.expected and self._facts is not None:
            self._note_stop(_words(ended, self._child.log_path))

    def _load_step(self, body: object, cancel: CancelToken) -> Any:
        return ask_about_file(self._child, self.path, body, cancel)

    def _ask(self, body: object, cancel: CancelToken | None = None) -> Any:
        try:
            cancel = cancel or CancelToken()
            return self._finish(self._call(body, cancel), cancel)
        except ChildStopped as error:
            raise self._stopped("") from error

    def _call(
        self, body: object, cancel: CancelToken, on_event: OnDelta = lambda _delta: None
    ) -> PendingCall:
        """Send a request. A child that hangs may not take it, and then a Stop ends the child."""
        insist = threading.Timer(_CANCEL_GRACE_S, self._hangs)
        forget = cancel.on_cancel(insist.start)
        try:
            return self._child.call(body, on_event)
        except TypeError as error:  # so sending ends when the reader closes the pipe meanwhile
            if self._child.last_exit is None:
                raise
            raise ChildStopped("The model engine ended.") from error
        finally:
            forget()
            insist.cancel()

    def _finish(self, pending: PendingCall, cancel: CancelToken) -> Any:
        return answer_or_stop(pending, cancel, self._hangs)

    def _hangs(self) -> None:
        self._note_stop("The model engine did not react to Stop and was ended.")

    def _note_stop(self, problem: str) -> None:
        """Note, once, that the model is gone without having been asked to go."""
        if self._stop_noted:
            return
        self._stop_noted, self.problem = True, problem
        self._child.kill()
        self._child.stop()  # or the next call would start an engine that has no model
        self._on_stopped(self)

    def _stopped(self, text: str) -> EngineStopped:
        ended = self._child.last_exit
        if not self.problem and (ended is None or ended.expected):
            return EngineStopped("The model was unloaded.", "Load a model, then ask again.", text)
        if not self.problem and ended is not None:
            self._note_stop(_words(ended, self._child.log_path))
        return EngineStopped(self.problem, "Load the model again, then ask again.", text)


def ask_about_file(child: ChildProcess, path: Path, body: object, cancel: CancelToken) -> Any:
    """Let a child do something with a model file that may kill it.

    Raises:
        ModelLoadError: the file cannot be used, or the child died of it; why.
        TemplateError: its chat template cannot be used.
        Cancelled: `cancel` was.
    """
    try:
        return answer_or_stop(child.call(body), cancel, child.kill)
    except ChildStopped as error:
        if cancel.is_cancelled:
            raise Cancelled from error
        ended = child.last_exit
        lines = tail(child.log_path, _LOG_LINES)
        raise load_error(path.name, lines, ended.reason if ended else "") from error


def answer_or_stop(pending: PendingCall, cancel: CancelToken, on_hang: Callable[[], None]) -> Any:
    """Wait for the answer of a child, or for a Stop.

    Args:
        pending: the call.
        cancel: the Stop.
        on_hang: ends a child that takes no notice of Stop for some seconds.

    Raises:
        Cancelled, ChildStopped, AppError: as `PendingCall.result`.
    """
    stop: Future[None] = Future()
    forget = cancel.on_cancel(lambda: stop.set_result(None))
    try:
        wait((pending.future, stop), return_when=FIRST_COMPLETED)
        if not pending.future.done():
            pending.cancel()
            wait((pending.future,), timeout=_CANCEL_GRACE_S)
        if not pending.future.done():
            log.warning("the engine does not react to Stop; killing it")
            on_hang()
        return pending.result()
    finally:
        forget()


def _words(ended: ChildExit, log_path: Path) -> str:
    said = dying_words(tail(log_path))
    return f"The model engine {ended.reason}." + (f" It said: {said}." if said else "")
