"""What each model's card says: the state machine behind the cards. No Qt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from app.base.errors import AppError
from app.modelhub.entities import LocalModel, ModelId

if TYPE_CHECKING:
    from app.engine.host import EngineState
    from app.engine.protocol import ModelFacts
    from app.modelhub.service import LoadedModel


class CardStatus(StrEnum):
    """What can be said of a model, and so what can be done with it."""

    IDLE = "idle"
    LOADING = "loading"
    CANCELLING = "cancelling"
    IN_USE = "in use"
    UNLOADING = "unloading"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class CardState:
    """All that a card shows.

    Attributes:
        problem: why the last load failed or the engine stopped.
        facts: what the engine says of a model in use.
        may_load: False while another model is being loaded.
        can_cancel: the load under way was started here.
    """

    model: LocalModel
    status: CardStatus
    problem: AppError | None = None
    facts: ModelFacts | None = None
    may_load: bool = True
    can_cancel: bool = False


class ModelBoard:
    """Keeps what happened to each model and says what its card shows."""

    def __init__(self) -> None:
        self._models: tuple[LocalModel, ...] = ()
        self._loaded: LoadedModel | None = None
        self._busy: tuple[ModelId, CardStatus] | None = None
        self._problems: dict[ModelId, AppError] = {}
        self._engine: EngineState | None = None
        self._read: EngineState | None = None  # the stop of the engine that a person has read

    @property
    def models(self) -> tuple[LocalModel, ...]:
        """All models, in the order they are shown."""
        return self._models

    @property
    def in_use(self) -> LoadedModel | None:
        """The model that answers now."""
        return self._loaded

    @property
    def is_busy(self) -> bool:
        """Whether a model is being loaded or unloaded, from here or from elsewhere."""
        return self._busy is not None or self._loading_path is not None

    def take(
        self,
        models: Iterable[LocalModel],
        loaded: LoadedModel | None,
        engine: EngineState,
    ) -> None:
        """Note what the service says now."""
        self._models = tuple(models)
        self._loaded = loaded
        self._engine = engine
        known = {model.id for model in self._models}
        self._problems = {each: why for each, why in self._problems.items() if each in known}
        if engine.problem and engine != self._read:
            why = AppError(engine.problem, "Nothing else was lost. You can load it again.")
            for model in self._models:
                if model.path == engine.path:
                    self._problems.setdefault(model.id, why)

    def load_began(self, model_id: ModelId) -> None:
        """A model is being loaded; what went wrong with it before is history."""
        self._busy = (model_id, CardStatus.LOADING)
        self._problems.pop(model_id, None)

    def cancel_began(self) -> None:
        """The load under way was asked to stop."""
        if self._busy is not None:
            self._busy = (self._busy[0], CardStatus.CANCELLING)

    def unload_began(self, model_id: ModelId) -> None:
        """A model's memory is being given back."""
        self._busy = (model_id, CardStatus.UNLOADING)

    def ended(self, problem: AppError | None = None) -> None:
        """The load or unload under way ended, well or not."""
        if self._busy is not None and problem is not None:
            self._problems[self._busy[0]] = problem
        self._busy = None

    def forget_problem(self, model_id: ModelId) -> None:
        """A person has read it."""
        self._read = self._engine
        self._problems.pop(model_id, None)

    def cards(self) -> tuple[CardState, ...]:
        """What every card shows now."""
        return tuple(self._card(model) for model in self._models)

    @property
    def _loading_path(self) -> Path | None:
        engine = self._engine
        return engine.path if engine is not None and engine.status == "loading" else None

    def _card(self, model: LocalModel) -> CardState:
        loaded = self._loaded
        facts = loaded.facts if loaded is not None and loaded.model.id == model.id else None
        problem = self._problems.get(model.id) if facts is None else None
        status = self._status(model, facts)
        can_cancel = status is CardStatus.LOADING and self._busy is not None
        return CardState(model, status, problem, facts, not self.is_busy, can_cancel)

    def _status(self, model: LocalModel, facts: ModelFacts | None) -> CardStatus:
        if self._busy is not None and self._busy[0] == model.id:
            return self._busy[1]
        if self._loading_path == model.path:
            return CardStatus.LOADING
        if facts is not None:
            return CardStatus.IN_USE
        return CardStatus.IDLE if model.is_present else CardStatus.MISSING
