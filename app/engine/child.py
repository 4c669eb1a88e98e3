"""The engine child: a program of its own that loads one model and answers with it."""

from __future__ import annotations

import faulthandler
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from app.base.child_side import CallContext
from app.engine.errors import NoModelLoaded
from app.engine.messages import TextDelta
from app.engine.protocol import (
    Check,
    CountPrompt,
    CountTokens,
    Generate,
    Generated,
    Load,
    ModelFacts,
)

if TYPE_CHECKING:
    from app.engine.llama import LlamaModel

# A chat template is stopped by its own budget after two seconds. Should it find a way around that,
# the child ends, because nothing else can interrupt it.
_TEMPLATE_LIMIT_S = 30


class EngineHandler:
    """Serves Check, Load, Generate, CountTokens and CountPrompt."""

    def __init__(self) -> None:
        self._loaded: LlamaModel | None = None

    def lane(self, body: object) -> str:
        """Counting needs only the vocabulary, so it does not wait for an answer under way."""
        return "count" if isinstance(body, (CountTokens, CountPrompt)) else "model"

    def handle(self, body: object, context: CallContext) -> object:
        """Do one request."""
        match body:
            case Check(path):
                self._check(Path(path), context)
                return None
            case Load():
                return self._load(body, context)
            case Generate():
                return self._generate(body, context)
            case CountTokens(texts):
                return self._model().count_tokens(texts)
            case CountPrompt(turns):
                return self._model().count_prompt(turns)
        raise TypeError(f"the engine does not know {type(body).__name__}")

    def close(self) -> None:
        """Let go of the model."""
        if self._loaded is not None:
            self._loaded.close()

    def _model(self) -> LlamaModel:
        if self._loaded is None:
            raise NoModelLoaded("No model is loaded.", "Load one under Models.")
        return self._loaded

    def _check(self, path: Path, context: CallContext) -> None:
        from app.engine import llama  # the native library, which only the child loads

        llama.check(path, context.cancel, _template_guard)

    def _load(self, load: Load, context: CallContext) -> ModelFacts:
        from app.engine.llama import LlamaModel  # as above

        if self._loaded is not None:
            raise RuntimeError("one child, one model")
        self._loaded = LlamaModel(Path(load.path), load.options, context.cancel, _template_guard)
        return self._loaded.facts

    def _generate(self, request: Generate, context: CallContext) -> Generated:
        return self._model().generate(
            request, lambda text: context.emit(TextDelta(text)), context.cancel
        )


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
