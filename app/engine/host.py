"""The engine as the rest of Cairn sees it: load a model, ask it, and survive whatever it does.

One model is in use: chat asks it. Others can be opened beside it, each in a child process of its
own, for as long as somebody needs them. What happens to one leaves the others alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.base.child import ChildProcess
from app.base.child_side import Entry
from app.base.errors import ChildStopped
from app.base.jobs import CancelToken
from app.engine.child import engine_child
from app.engine.engine import Engine
from app.engine.errors import EngineError, NoModelLoaded, NotSupported
from app.engine.local import LocalEngine, OnDelta, ask_about_file
from app.engine.messages import PromptPiece, Tool, Turn
from app.engine.options import Adapter, LoadOptions
from app.engine.protocol import (
    ChoiceScore,
    Device,
    Estimate,
    Generate,
    Generated,
    ListDevices,
    Load,
    MemoryNeed,
    ModelFacts,
    ScoreChoices,
    ScoreText,
    TemplateOptions,
    TextScore,
)

_AS_THE_TEMPLATE_HAS_IT = TemplateOptions()


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
        path: of the model that is loaded, is being loaded, or was loaded when the engine stopped;
            None for a server.
        facts: of the loaded model.
        problem: why it stopped, in words.
    """

    status: EngineStatus = EngineStatus.EMPTY
    path: Path | None = None
    facts: ModelFacts | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Children:
    """How engine children are started."""

    logs: Path
    entry: Entry
    args: tuple[object, ...]


class EngineHost:
    """The model in use, and those opened beside it. All methods block, on any thread."""

    def __init__(
        self,
        logs: Path,
        entry: Entry = engine_child,
        *args: object,
        states: Path | None = None,
        on_change: Callable[[EngineState], None] = lambda _state: None,
    ) -> None:
        """Start nothing yet.

        Args:
            logs: folder for the native logs of the engine children.
            entry: what a child runs, called with `args`; tests give a scripted one.
            args: for `entry`.
            states: folder in which parked conversations survive the app; None for nowhere.
            on_change: called with each new state, on any thread; must return at once.
        """
        self._children = _Children(logs, entry, args)
        self._states = states
        self._on_change = on_change
        self._lock = threading.Lock()  # guards the fields below, held only for moments
        self._load_lock = threading.Lock()  # one load, unload or close at a time
        self._state = EngineState()
        self._used: Engine | None = None
        self._loading: list[LocalEngine] = []
        self._local: list[LocalEngine] = []
        self._asked: list[ChildProcess] = []
        self._closed = False

    @property
    def state(self) -> EngineState:
        """What the engine is doing now."""
        return self._state

    @property
    def loaded(self) -> ModelFacts | None:
        """The model that answers now; None when there is none."""
        return self._state.facts

    @property
    def engine(self) -> Engine | None:
        """What answers now; whoever holds it asks no other that takes its place meanwhile."""
        return self._used

    @property
    def pid(self) -> int | None:
        """The process of the model in use; None when there is none here."""
        engine = self._used
        return engine.pid if isinstance(engine, LocalEngine) else None

    def load(
        self,
        path: Path,
        options: LoadOptions | None = None,
        cancel: CancelToken | None = None,
        *,
        identity: str = "",
    ) -> ModelFacts:
        """Load a model in place of the one that is in use, if any.

        The old one goes on answering until the new file has been checked, and stays if that fails.

        Args:
            path: the file; of a model in several files the first.
            options: how to load it.
            cancel: gives up.
            identity: of the file's content; its parked conversations are kept under it.

        Raises:
            ModelLoadError: the file cannot be loaded, or the engine crashed on it; why.
            TemplateError: its chat template cannot be used.
            Cancelled: `cancel` was.
        """
        cancel = cancel or CancelToken()
        with self._load_lock:
            engine = self._new_engine(path)
            try:
                if self._used is not None:
                    engine.check(options or LoadOptions(), cancel)
                    self._drop_used()
                self._change(EngineState(EngineStatus.LOADING, path))
                facts = engine.load(self._request(path, options, identity), cancel)
                self._use(engine, EngineState(EngineStatus.LOADED, path, facts))
            except BaseException:
                self._forget(engine)
                engine.abandon()
                if self._state.status is EngineStatus.LOADING:
                    self._change(EngineState())
                raise
            finally:
                self._load_ended(engine)
        return facts

    def connect(self, engine: Engine) -> ModelFacts:
        """Use an engine that runs elsewhere in place of the one that is in use.

        Raises:
            NoModelLoaded: it has no model.
        """
        facts = engine.loaded
        if facts is None:
            raise NoModelLoaded("The server has no model.", "Choose another model or server.")
        with self._load_lock:
            self._drop_used()
            self._use(engine, EngineState(EngineStatus.LOADED, None, facts))
        return facts

    def open(
        self,
        path: Path,
        options: LoadOptions | None = None,
        cancel: CancelToken | None = None,
        *,
        identity: str = "",
    ) -> LocalEngine:
        """Load a model beside the one in use; whoever opened it closes it with `release`.

        Raises:
            ModelLoadError, TemplateError, Cancelled: as `load`.
        """
        engine = self._new_engine(path)
        try:
            engine.load(self._request(path, options, identity), cancel or CancelToken())
        except BaseException:
            self._forget(engine)
            engine.abandon()
            raise
        finally:
            self._load_ended(engine)
        return engine

    def release(self, engine: LocalEngine) -> None:
        """Give the memory of a model opened beside the one in use back."""
        self._forget(engine)
        engine.close()

    def unload(self) -> None:
        """Give the memory of the model in use back. An answer under way ends as if stopped."""
        with self._load_lock:
            self._drop_used()
            self._change(EngineState())

    def close(self) -> None:
        """End all engines for good; a load under way is broken off."""
        with self._lock:
            self._closed = True
            loading, asked = list(self._loading), list(self._asked)
        for engine in loading:
            engine.abandon()
        for child in asked:
            child.stop(grace_s=0)
        with self._load_lock:
            self._drop_used()
            with self._lock:
                left, self._local = self._local, []
        for engine in left:
            engine.close()

    def generate(
        self,
        request: Generate,
        on_delta: OnDelta = lambda _delta: None,
        cancel: CancelToken | None = None,
    ) -> Generated:
        """Answer the last turn with the model in use; see `LocalEngine.generate`.

        Raises:
            NoModelLoaded: there is none.
        """
        return self._engine().generate(request, on_delta, cancel)

    def count_tokens(self, texts: tuple[str, ...]) -> tuple[int, ...]:
        """Tokens of each text as part of a message."""
        return self._engine().count_tokens(texts)

    def count_prompt(
        self,
        turns: tuple[Turn, ...],
        tools: tuple[Tool, ...] = (),
        template: TemplateOptions = _AS_THE_TEMPLATE_HAS_IT,
    ) -> int:
        """Tokens of the whole prompt that these turns become."""
        return self._engine().count_prompt(turns, tools, template)

    def show_prompt(
        self,
        turns: tuple[Turn, ...],
        tools: tuple[Tool, ...] = (),
        template: TemplateOptions = _AS_THE_TEMPLATE_HAS_IT,
    ) -> str:
        """The prompt that these turns become, control tokens visible."""
        return self._engine().show_prompt(turns, tools, template)

    def prompt_pieces(
        self,
        turns: tuple[Turn, ...],
        tools: tuple[Tool, ...] = (),
        template: TemplateOptions = _AS_THE_TEMPLATE_HAS_IT,
    ) -> tuple[PromptPiece, ...]:
        """The same without pictures, cut at control tokens."""
        return self._engine().prompt_pieces(turns, tools, template)

    def score_text(self, request: ScoreText, cancel: CancelToken | None = None) -> TextScore:
        """How likely the model in use finds a text."""
        return self._engine().score_text(request, cancel)

    def score_choices(
        self, request: ScoreChoices, cancel: CancelToken | None = None
    ) -> tuple[ChoiceScore, ...]:
        """How likely each continuation of a prompt is."""
        return self._engine().score_choices(request, cancel)

    def embed(
        self, texts: tuple[str, ...], cancel: CancelToken | None = None
    ) -> tuple[tuple[float, ...], ...]:
        """Vectors of texts, normalised to length 1."""
        return self._engine().embed(texts, cancel)

    def set_adapters(self, adapters: tuple[Adapter, ...]) -> ModelFacts:
        """Use these LoRA adapters with the model in use, from the next request on.

        Raises:
            AdapterError: one is damaged or for another model; the former stay in use.
            NotSupported: the model runs on a server.
        """
        engine = self._engine()
        if not isinstance(engine, LocalEngine):
            raise NotSupported("A server chooses its adapters itself.", "Load a local model.")
        facts = engine.set_adapters(adapters)
        self._change(EngineState(EngineStatus.LOADED, engine.path, facts))
        return facts

    def forget_parked(self) -> None:
        """Leave no trace of conversations that are not being answered, in memory or on disk."""
        for engine in list(self._local):
            with suppress(EngineError):  # one that died has forgotten everything
                engine.forget_parked()
        if self._states is not None:
            for file in self._states.glob("*.state"):
                file.unlink(missing_ok=True)

    def estimate(
        self, path: Path, options: LoadOptions, cancel: CancelToken | None = None
    ) -> MemoryNeed:
        """How much memory loading would take. Nothing is loaded.

        Raises:
            ModelLoadError: the file cannot be loaded at all; why.
            Cancelled: `cancel` was.
        """
        body = Estimate(str(path), options)
        need: MemoryNeed = self._ask_once(path, body, cancel or CancelToken())
        return need

    def devices(self) -> tuple[Device, ...]:
        """What can compute on this computer."""
        found: tuple[Device, ...] = self._ask_once(Path(), ListDevices(), CancelToken())
        return found

    def _engine(self) -> Engine:
        engine = self._used
        if engine is None:
            raise NoModelLoaded("No model is loaded.", "Load one under Models.")
        return engine

    def _request(self, path: Path, options: LoadOptions | None, identity: str) -> Load:
        options = options or LoadOptions()
        folder = str(self._states) if self._states is not None and options.keep_on_disk else ""
        return Load(str(path), options, folder, identity)

    def _new_engine(self, path: Path) -> LocalEngine:
        with self._lock:
            if self._closed:
                raise ChildStopped("Cairn is shutting down.")
            # The lowest number that is free: while a file is checked, two children live.
            taken = {each.number for each in self._local}
            number = next(each for each in range(1, len(taken) + 2) if each not in taken)
            engine = LocalEngine(
                self._new_child(f"engine-{number}"), path, number, self._on_stopped
            )
            self._local.append(engine)
            self._loading.append(engine)
        return engine

    def _new_child(self, log: str) -> ChildProcess:
        children = self._children
        return ChildProcess(
            "model engine", children.entry, *children.args, log_path=children.logs / f"{log}.log"
        )

    def _ask_once(self, path: Path, body: object, cancel: CancelToken) -> Any:
        """Ask a child that is started for this question alone."""
        with self._lock:
            if self._closed:
                raise ChildStopped("Cairn is shutting down.")
            child = self._new_child(f"engine-asked-{len(self._asked) + 1}")
            self._asked.append(child)
        try:
            return ask_about_file(child, path, body, cancel)
        finally:
            child.stop(grace_s=0)
            with self._lock:
                self._asked.remove(child)

    def _load_ended(self, engine: LocalEngine) -> None:
        """Its load ended, well or not."""
        with self._lock:
            self._loading.remove(engine)

    def _forget(self, engine: LocalEngine) -> None:
        with self._lock:
            if engine in self._local:
                self._local.remove(engine)

    def _use(self, engine: Engine, state: EngineState) -> None:
        with self._lock:
            self._used = engine
        if engine.loaded is None:  # it died since
            with self._lock:
                self._used = None
            raise NoModelLoaded("The model engine ended.", "Load the model again.")
        self._change(state)

    def _drop_used(self) -> None:
        with self._lock:
            engine, self._used = self._used, None
        if isinstance(engine, LocalEngine):
            self._forget(engine)
            engine.close()

    def _on_stopped(self, engine: LocalEngine) -> None:
        self._forget(engine)
        with self._lock:
            if self._used is not engine:
                return
            self._used = None
        self._change(EngineState(EngineStatus.STOPPED, engine.path, problem=engine.problem))

    def _change(self, state: EngineState) -> None:
        with self._lock:
            if state == self._state:
                return
            self._state = state
        self._on_change(state)
