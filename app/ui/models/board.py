"""What each model's card says: the state machine behind the cards. No Qt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from app.base.errors import AppError
from app.engine.options import LoadOptions
from app.modelhub.entities import LocalModel, ModelId
from app.modelhub.fit import Fit

if TYPE_CHECKING:
    from app.engine.host import EngineState
    from app.engine.protocol import ModelFacts
    from app.modelhub.service import LoadedModel

_DEFAULTS = LoadOptions()


class CardStatus(StrEnum):
    """What can be said of a model, and so what can be done with it."""

    IDLE = "idle"
    LOADING = "loading"
    CANCELLING = "cancelling"
    IN_USE = "in use"
    UNLOADING = "unloading"
    MISSING = "missing"


class LoadStep(StrEnum):
    """How far a load is, as far as the engine says."""

    CHECKING = "checking"
    READING = "reading"


@dataclass(frozen=True, slots=True)
class CardState:
    """All that a card shows.

    Attributes:
        problem: why the last load failed or the engine stopped.
        facts: what the engine says of a model in use.
        may_load: False while another model is being loaded.
        can_cancel: the load under way was started here.
        options: how it is, or would be, loaded.
        fit: what it needs with these options; None while that is not known.
        no_fit: why that cannot be told.
        expected_bytes: what was expected of a model in use; 0 if nobody asked.
        smaller: options to offer after a load that failed for want of memory.
        has_died: the engine stopped while this model was in use.
        step: of the load under way.
        is_lent: it is loaded beside the model in use, for work such as an evaluation.
    """

    model: LocalModel
    status: CardStatus
    problem: AppError | None = None
    facts: ModelFacts | None = None
    may_load: bool = True
    can_cancel: bool = False
    options: LoadOptions = _DEFAULTS
    fit: Fit | None = None
    no_fit: str = ""
    expected_bytes: int = 0
    smaller: LoadOptions | None = None
    has_died: bool = False
    step: LoadStep = LoadStep.CHECKING
    is_lent: bool = False


class ModelBoard:
    """Keeps what happened to each model and says what its card shows."""

    def __init__(self) -> None:
        self._models: tuple[LocalModel, ...] = ()
        self._loaded: LoadedModel | None = None
        self._lent: frozenset[ModelId] = frozenset()
        self._busy: tuple[ModelId, CardStatus] | None = None
        self._problems: dict[ModelId, AppError] = {}
        self._died: set[ModelId] = set()
        self._smaller: dict[ModelId, LoadOptions] = {}
        self._fits: dict[ModelId, Fit] = {}
        self._no_fits: dict[ModelId, str] = {}
        self._defaults = _DEFAULTS
        self._engine: EngineState | None = None
        self._is_held = False
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
        """Whether a model is being put in or out of use, from here or from elsewhere."""
        return self._is_held or self.is_loading

    @property
    def is_loading(self) -> bool:
        """Whether that is a model file."""
        return self._busy is not None or self._loading_path is not None

    def hold(self, is_held: bool) -> None:
        """Note whether a server is being put in use or left."""
        self._is_held = is_held

    def take(
        self,
        models: Iterable[LocalModel],
        loaded: LoadedModel | None,
        engine: EngineState,
        defaults: LoadOptions = _DEFAULTS,
        lent: frozenset[ModelId] = frozenset(),
    ) -> None:
        """Note what the service says now.

        Args:
            models: all of them.
            loaded: the model that answers.
            engine: what it is doing.
            defaults: load options of models without their own.
            lent: models that are loaded beside it.
        """
        self._models = tuple(models)
        self._loaded = loaded
        self._lent = lent
        self._engine = engine
        self._defaults = defaults
        known = {model.id for model in self._models}
        for gone in self._problems.keys() | self._fits.keys() | self._no_fits.keys():
            if gone not in known:
                self._forget(gone)
                self._fits.pop(gone, None)
                self._no_fits.pop(gone, None)
        if engine.problem and engine != self._read:
            why = AppError(engine.problem, "Nothing else was lost.")
            for model in self._models:
                if model.path == engine.path and model.id not in self._problems:
                    self._problems[model.id] = why
                    self._died.add(model.id)

    def options_of(self, model: LocalModel) -> LoadOptions:
        """How a model is loaded."""
        return model.options if model.options is not None else self._defaults

    def take_fit(self, model_id: ModelId, fit: Fit) -> None:
        """Note what a model needs."""
        self._fits[model_id] = fit
        self._no_fits.pop(model_id, None)

    def take_no_fit(self, model_id: ModelId, why: str) -> None:
        """Note that it cannot be told what a model needs."""
        self._no_fits[model_id] = why
        self._fits.pop(model_id, None)

    def offer(self, model_id: ModelId, smaller: LoadOptions) -> None:
        """Offer smaller options beside the problem of a model that could not be loaded."""
        if model_id in self._problems:
            self._smaller[model_id] = smaller

    def load_began(self, model_id: ModelId) -> None:
        """A model is being loaded; what went wrong with it before is history."""
        self._busy = (model_id, CardStatus.LOADING)
        self._forget(model_id)

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
        self._forget(model_id)

    def cards(self) -> tuple[CardState, ...]:
        """What every card shows now."""
        return tuple(self._card(model) for model in self._models)

    @property
    def _loading_path(self) -> Path | None:
        engine = self._engine
        return engine.path if engine is not None and engine.status == "loading" else None

    def _forget(self, model_id: ModelId) -> None:
        self._problems.pop(model_id, None)
        self._smaller.pop(model_id, None)
        self._died.discard(model_id)

    def _card(self, model: LocalModel) -> CardState:
        loaded = self._loaded
        in_use = loaded if loaded is not None and loaded.model.id == model.id else None
        facts = in_use.facts if in_use is not None else None
        status = self._status(model, facts)
        options = in_use.options if in_use is not None else self.options_of(model)
        fit = self._fits.get(model.id)
        fit = fit if fit is not None and fit.options == options else None
        expected = in_use.expected if in_use is not None else None
        if expected is None and fit is not None:
            expected = fit.need
        return CardState(
            model,
            status,
            self._problems.get(model.id) if facts is None else None,
            facts,
            may_load=not self.is_busy,
            can_cancel=status is CardStatus.LOADING and self._busy is not None,
            options=options,
            fit=fit,
            no_fit=self._no_fits.get(model.id, ""),
            expected_bytes=expected.main_memory + expected.graphics_memory if expected else 0,
            smaller=self._smaller.get(model.id) if facts is None else None,
            has_died=model.id in self._died,
            step=LoadStep.READING if self._loading_path == model.path else LoadStep.CHECKING,
            is_lent=model.id in self._lent,
        )

    def _status(self, model: LocalModel, facts: ModelFacts | None) -> CardStatus:
        if self._busy is not None and self._busy[0] == model.id:
            return self._busy[1]
        if self._loading_path == model.path:
            return CardStatus.LOADING
        if facts is not None:
            return CardStatus.IN_USE
        return CardStatus.IDLE if model.is_present else CardStatus.MISSING
