"""The engine as the rest of Cairn sees it: load a model, ask it, and survive whatever it does.

Each model is loaded by a child process of its own. A model that crashes, hangs or is killed costs
that child and one clear error.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.base.child import ChildExit, ChildProcess, PendingCall
from app.base.child_side import Entry
from app.base.errors import Cancelled, ChildStopped
from app.base.jobs import CancelToken
from app.base.log import tail
from app.engine.causes import last_words, load_error
from app.engine.child import engine_child
from app.engine.errors import EngineStopped, NoModelLoaded
from app.engine.messages import TextDelta, Turn
from app.engine.options import LoadOptions
from app.engine.protocol import (
    Check,
    CountPrompt,
    CountTokens,
    FinishReason,
    Generate,
    Generated,
    Load,
    ModelFacts,
    Timings,
)

log = logging.getLogger(__name__)

_CANCEL_GRACE_S = 2.0  # a child that does not react to Stop for so long hangs, and is killed
_LOG_LINES = 200  # enough to hold the reason above the tracebacks of all threads


class EngineStatus(StrEnum):
    """What the engine is doing."""

    EMPTY = "empty"
    LOADING = "loading"
    LOADED = "loaded"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class EngineState:
    """The engine at one moment.

    Attributes:
        path: of the model that is loaded, is being loaded, or was loaded when the engine stopped.
        facts: of the loaded model.
        problem: why it stopped, in words.
    """

    status: EngineStatus = EngineStatus.EMPTY
    path: Path | None = None
    facts: ModelFacts | None = None
    problem: str = ""


class EngineHost:
    """One loaded model at a time. All methods may be called from any thread; they block."""

    def __init__(
        self,
        logs: Path,
        entry: Entry = engine_child,
        *args: object,
        on_change: Callable[[EngineState], None] = lambda _state: None,
    ) -> None:
        """Start nothing yet.

        Args:
            logs: folder for the native logs of the engine children.
            entry: what a child runs, called with `args`; tests give a scripted one.
            on_change: called with each new state, on any thread; must return at once.
        """
        self._logs = logs
        self._entry = entry
        self._args = args
        self._on_change = on_change
        self._lock = threading.Lock()  # guards the fields below, held only for moments
        self._load_lock = threading.Lock()  # one load, unload or close at a time
        self._state = EngineState()
        self._child: ChildProcess | None = None
        self._loading: ChildProcess | None = None
        self._children = 0
        self._closed = False

    @property
    def state(self) -> EngineState:
        """What the engine is doing now."""
        return self._state

    @property
    def loaded(self) -> ModelFacts | None:
        """The model that answers now; None when there is none."""
        return self._state.facts

    def load(
        self, path: Path, options: LoadOptions | None = None, cancel: CancelToken | None = None
    ) -> ModelFacts:
        """Load a model in place of the one that is loaded, if any.

        The old one goes on answering until the new file has been checked, and stays if that fails.

        Raises:
            ModelLoadError: the file cannot be loaded, or the engine crashed on it; why.
            TemplateError: its chat template cannot be used.
            Cancelled: `cancel` was.
        """
        cancel = cancel or CancelToken()
        with self._load_lock:
            child = self._new_child()
            try:
                if self._child is not None:
                    self._load_step(child, path, Check(str(path)), cancel)
                    self._drop()
                self._change(EngineState(EngineStatus.LOADING, path))
                request = Load(str(path), options or LoadOptions())
                facts: ModelFacts = self._load_step(child, path, request, cancel)
                self._take(child, path, facts)
            except BaseException:
                child.stop()
                if self._state.status is EngineStatus.LOADING:
                    self._change(EngineState())
                raise
            finally:
                self._loading = None
        return facts

    def unload(self) -> None:
        """Give the model's memory back. An answer under way ends as if stopped."""
        with self._load_lock:
            self._drop()
            self._change(EngineState())

    def close(self) -> None:
        """End the engine for good; a load under way is broken off."""
        with self._lock:
            self._closed = True
            loading = self._loading
        if loading is not None:
            loading.stop(grace_s=0)
        with self._load_lock:
            self._drop()

    def generate(
        self,
        request: Generate,
        on_text: Callable[[str], None] = lambda _text: None,
        cancel: CancelToken | None = None,
    ) -> Generated:
        """Answer the last turn. A cancelled answer ends with its partial text and STOPPED.

        Args:
            request: the turns and how to answer.
            on_text: called for each piece of text, on another thread; must return at once.
            cancel: stops the answer, in the middle of reading the prompt too.

        Raises:
            NoModelLoaded: nothing is loaded.
            PromptTooLong: the turns do not fit into the context.
            TemplateError: the chat template fails on these turns.
            EngineStopped: the engine died; the text so far is in the error.
        """
        cancel = cancel or CancelToken()
        pieces: list[str] = []

        def take(delta: TextDelta) -> None:
            pieces.append(delta.text)
            on_text(delta.text)

        child = self._answering()
        try:
            answer: Generated = self._finish(child, child.call(request, take), cancel)
        except (Cancelled, ChildStopped) as error:
            text = "".join(pieces)
            if isinstance(error, Cancelled) or cancel.is_cancelled:
                return Generated(text, FinishReason.STOPPED, Timings())
            raise self._stopped(child, text) from error
        return answer

    def count_tokens(self, texts: tuple[str, ...]) -> tuple[int, ...]:
        """Tokens of each text as part of a message.

        Raises:
            NoModelLoaded, EngineStopped: as `generate`.
        """
        counts: tuple[int, ...] = self._count(CountTokens(texts))
        return counts

    def count_prompt(self, turns: tuple[Turn, ...]) -> int:
        """Tokens of the whole prompt that these turns become.

        Raises:
            NoModelLoaded, EngineStopped, TemplateError: as `generate`.
        """
        count: int = self._count(CountPrompt(turns))
        return count

    def _count(self, body: object) -> Any:
        child = self._answering()
        try:
            return child.call(body).result()
        except ChildStopped as error:
            raise self._stopped(child, "") from error

    def _answering(self) -> ChildProcess:
        child = self._child
        if child is None:
            raise NoModelLoaded("No model is loaded.", "Load one under Models.")
        return child

    def _new_child(self) -> ChildProcess:
        with self._lock:
            if self._closed:
                raise ChildStopped("Cairn is shutting down.")
            self._children += 1
            # Two names in turn: while a file is checked, two children live.
            log_path = self._logs / f"engine-{self._children % 2 + 1}.log"
            child = ChildProcess(
                "model engine",
                self._entry,
                *self._args,
                log_path=log_path,
                on_exit=self._on_exit,
            )
            self._loading = child
        return child

    def _load_step(self, child: ChildProcess, path: Path, body: object, cancel: CancelToken) -> Any:
        try:
            return self._finish(child, child.call(body), cancel)
        except ChildStopped as error:
            if cancel.is_cancelled:
                raise Cancelled from error
            ended = child.last_exit.reason if child.last_exit is not None else ""
            raise load_error(path.name, tail(child.log_path, _LOG_LINES), ended) from error

    def _take(self, child: ChildProcess, path: Path, facts: ModelFacts) -> None:
        with self._lock:
            died = child.last_exit
            if died is None:
                self._child = child
                self._state = EngineState(EngineStatus.LOADED, path, facts)
        if died is not None:
            raise load_error(path.name, died.last_lines, died.reason)
        self._on_change(self._state)

    def _drop(self) -> None:
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.stop()

    def _finish(self, child: ChildProcess, pending: PendingCall, cancel: CancelToken) -> Any:
        """Wait for an answer or for a Stop; end a child that takes no notice of Stop."""
        stop: Future[None] = Future()
        forget = cancel.on_cancel(lambda: stop.set_result(None))
        try:
            wait((pending.future, stop), return_when=FIRST_COMPLETED)
            if not pending.future.done():
                pending.cancel()
                wait((pending.future,), timeout=_CANCEL_GRACE_S)
            if not pending.future.done():
                log.warning("the engine does not react to Stop; killing it")
                self._mark_stopped(child, "The model engine did not react to Stop and was ended.")
                child.kill()
            return pending.result()
        finally:
            forget()

    def _on_exit(self, ended: ChildExit) -> None:
        with self._lock:
            child = self._child
        if child is not None and child.last_exit is ended:
            self._mark_stopped(child, _words(ended, child.log_path))

    def _mark_stopped(self, child: ChildProcess, problem: str) -> None:
        """Note, once, that the loaded model is gone without having been asked to go."""
        with self._lock:
            if self._child is not child:
                return
            self._child = None
            self._state = EngineState(EngineStatus.STOPPED, self._state.path, problem=problem)
        child.kill()
        child.stop()  # or the next call would start an engine that has no model
        self._on_change(self._state)

    def _stopped(self, child: ChildProcess, text: str) -> EngineStopped:
        ended = child.last_exit
        if ended is None or ended.expected:
            return EngineStopped("The model was unloaded.", "Load a model, then ask again.", text)
        words = _words(ended, child.log_path)
        self._mark_stopped(child, words)
        return EngineStopped(words, "Load the model again, then ask again.", text)

    def _change(self, state: EngineState) -> None:
        with self._lock:
            if state == self._state:
                return
            self._state = state
        self._on_change(state)


def _words(ended: ChildExit, log_path: Path) -> str:
    said = last_words(tail(log_path, _LOG_LINES))
    return f"The model engine {ended.reason}." + (f" It said: {said}." if said else "")
