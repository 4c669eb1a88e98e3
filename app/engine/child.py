"""The engine child: a program of its own that loads one model and answers with it."""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from app.base.child_side import CallContext
from app.engine.errors import NoModelLoaded
from app.engine.options import LoadOptions
from app.engine.protocol import (
    Check,
    CountPrompt,
    CountTokens,
    Embed,
    Estimate,
    ForgetParked,
    Generate,
    ListDevices,
    Load,
    ModelFacts,
    ScoreChoices,
    ScoreText,
    SetAdapters,
    ShowPieces,
    ShowPrompt,
)
from app.engine.waiting import cores, environment

if TYPE_CHECKING:
    from app.engine.llama.model import LlamaModel

# A chat template is stopped by its own budget after two seconds. Should it find a way around that,
# the child ends, because nothing else can interrupt it.
_TEMPLATE_LIMIT_S = 30


class EngineHandler:
    """Serves every request of `app.engine.protocol`.

    Answers are computed by the model's own thread, many at a time; the lanes only prepare them.
    """

    def __init__(self) -> None:
        self._loaded: LlamaModel | None = None

    def lane(self, body: object) -> str:
        """Counting needs only the vocabulary, so it does not wait for anything."""
        match body:
            case CountTokens() | CountPrompt() | ShowPrompt() | ShowPieces():
                return "count"
            case Generate() | ScoreText() | ScoreChoices() | Embed():
                return "requests"
        return "model"

    def handle(self, body: object, context: CallContext) -> object:
        """Do one request."""
        match body:
            case Load():
                return self._load(body, context)
            case Check() | Estimate() | ListDevices():
                return self._look(body, context)
            case CountTokens() | CountPrompt() | ShowPrompt() | ShowPieces():
                return self._count(body)
            case Generate():
                return self._model().generate(body, context.emit, context.cancel)
            case ScoreText():
                return self._model().score_text(body, context.cancel)
            case ScoreChoices():
                return self._model().score_choices(body, context.cancel)
            case Embed(texts):
                return self._model().embed(texts, context.cancel)
            case SetAdapters(adapters):
                return self._model().set_adapters(adapters)
            case ForgetParked():
                return self._model().forget_parked()
        raise TypeError(f"the engine does not know {type(body).__name__}")

    def close(self) -> None:
        """Let go of the model."""
        if self._loaded is not None:
            self._loaded.close()

    def _model(self) -> LlamaModel:
        if self._loaded is None:
            raise NoModelLoaded("No model is loaded.", "Load one under Models.")
        return self._loaded

    def _count(self, body: CountTokens | CountPrompt | ShowPrompt | ShowPieces) -> object:
        model = self._model()
        match body:
            case CountTokens(texts):
                return model.count_tokens(texts)
            case CountPrompt(turns, tools, template):
                return model.count_prompt(turns, tools, template)
            case ShowPrompt(turns, tools, template):
                return model.show_prompt(turns, tools, template)
            case ShowPieces(turns, tools, template):
                return model.prompt_pieces(turns, tools, template)

    def _look(self, body: Check | Estimate | ListDevices, context: CallContext) -> object:
        """Answer about files and devices without loading anything."""
        _prepare(body.options if isinstance(body, Estimate) else LoadOptions())
        # The native library, which only the child loads.
        from app.engine.llama.fitting.devices import devices
        from app.engine.llama.fitting.estimate import estimate
        from app.engine.llama.model import check

        match body:
            case Check(path, options):
                check(Path(path), options, context.cancel, _template_guard)
                return None
            case Estimate(path, options):
                return estimate(Path(path), options, cancel=context.cancel)
            case ListDevices():
                return devices()

    def _load(self, load: Load, context: CallContext) -> ModelFacts:
        if self._loaded is not None:
            raise RuntimeError("one child, one model")
        _prepare(load.options)
        from app.engine.llama.model import LlamaModel  # as above

        self._loaded = LlamaModel(load, context.cancel, _template_guard)
        return self._loaded.facts


def _prepare(options: LoadOptions) -> None:
    """Say how threads wait, which the native library reads once, when it is loaded."""
    os.environ.update(environment(options.wait_policy, cores()))


@contextmanager
def _template_guard() -> Iterator[None]:
    faulthandler.dump_traceback_later(_TEMPLATE_LIMIT_S, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def engine_child() -> EngineHandler:
    """Entry of the child process."""
    return EngineHandler()
