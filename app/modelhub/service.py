"""The model hub's use cases: import, inspect, load and unload. Files stay where they lie."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from app.base.changes import Notices, Topic
from app.base.errors import NotFound
from app.base.jobs import CancelToken
from app.engine.engine import Engine
from app.engine.errors import NoModelLoaded, NotEnoughMemory
from app.engine.host import EngineHost, EngineState
from app.engine.local import LocalEngine
from app.engine.options import Adapter, LoadOptions
from app.engine.protocol import Device, MemoryNeed
from app.modelhub import store
from app.modelhub.entities import GgufFacts, LocalModel, ModelId
from app.modelhub.errors import GgufError, OptionsRefused
from app.modelhub.estimates import MemoryEstimates
from app.modelhub.fit import Fit
from app.modelhub.gguf import read_gguf_facts
from app.modelhub.hashing import FileHasher
from app.modelhub.in_use import LoadedModel, ModelInUse, ServedModel
from app.modelhub.options import conflict, default_options
from app.modelhub.serving import ServedModels
from app.settings.store import SettingsStore
from app.storage.db import Database

__all__ = ["LoadedModel", "ModelInUse", "ModelService", "ServedModel"]


@dataclass(frozen=True, slots=True)
class _Used:
    model: LocalModel
    options: LoadOptions
    expected: MemoryNeed | None


class ModelService:
    """Knows the GGUF files and which one answers."""

    def __init__(
        self,
        settings: SettingsStore,
        database: Database,
        notices: Notices,
        engine: EngineHost,
        served: ServedModels,
    ) -> None:
        self._settings = settings
        self._database = database
        self._notices = notices
        self._engine = engine
        self._served = served
        self._used: _Used | None = None
        self._hasher = FileHasher(database)
        self._estimates = MemoryEstimates(engine, self._in_use)

    def close(self) -> None:
        """Stop hashing; it starts over at the next import or start."""
        self._hasher.close()

    @property
    def loaded(self) -> LoadedModel | None:
        """The model file in use; None when none is loaded, its engine died, or a server answers."""
        state, used = self._engine.state, self._used
        # What runs on a server has no path.
        if state.facts is None or used is None or state.path != used.model.path:
            return None
        return LoadedModel(used.model, state.facts, used.options, used.expected)

    @property
    def in_use(self) -> ModelInUse | None:
        """The model that answers, here or on a server; None when there is none."""
        return self.loaded or self._served.in_use

    @property
    def state(self) -> EngineState:
        """What the engine is doing, with the path of the file it is about."""
        return self._engine.state

    def models(self) -> tuple[LocalModel, ...]:
        """Every imported model, newest first."""
        with self._database.read() as session:
            return store.models(session)

    def inspect(self, path: Path) -> GgufFacts:
        """Read the header of any GGUF file.

        Raises:
            GgufError: it is not a whole, well-formed GGUF file.
        """
        return read_gguf_facts(Path(os.path.abspath(path.expanduser())))  # noqa: PTH100 - keeps links

    def import_file(self, path: Path) -> LocalModel:
        """Put a GGUF file on the list, referenced where it lies.

        Raises:
            GgufError: it is not a whole, well-formed GGUF file.
        """
        facts = self.inspect(path)
        part = _kind(facts)
        if part != "model":
            raise GgufError(
                f"{path.name} is a part for another model ({part}), not a model of its own.",
                "Import the model it belongs to.",
            )
        model = self._database.write(lambda session: store.put(session, facts))
        self._notices.changed(Topic.MODELS)
        self.hash_in_background()
        return model

    def matching(self, name: str) -> tuple[LocalModel, ...]:
        """The imported models with this name, id, or file name."""
        wanted = name.casefold()
        return tuple(
            model
            for model in self.models()
            if wanted in (str(model.id), model.name.casefold(), model.path.name.casefold())
        )

    def find(self, name: str) -> LocalModel:
        """An imported model by name, id, or file name.

        Raises:
            NotFound: there is none, or more than one.
        """
        hits = self.matching(name)
        if not hits:
            raise NotFound(
                f"There is no model “{name}”.", "`models list` names them; a file path works too."
            )
        if len(hits) > 1:
            raise NotFound(f"“{name}” names {len(hits)} models.", "Use the number or the file.")
        return hits[0]

    def remove(self, model_id: ModelId) -> None:
        """Take a model off the list, unloading it first. Its file stays."""
        used = self._used
        if used is not None and used.model.id == model_id and used.model.path == self.state.path:
            self.unload()
        self._database.write(lambda session: store.remove(session, model_id))
        self._notices.changed(Topic.MODELS)

    def load(
        self,
        model_id: ModelId,
        cancel: CancelToken | None = None,
        options: LoadOptions | None = None,
    ) -> LoadedModel:
        """Load a model in place of the one in use, which stays if the new file is no good.

        Args:
            model_id: of the list.
            cancel: breaks the load off.
            options: instead of the model's own, for this time.

        Raises:
            ModelLoadError: it cannot be loaded, or the engine crashed on it; why.
            TemplateError: its chat template cannot be used.
            NotFound: the file is gone.
            OptionsRefused: its load options do not go together, or name a file that is gone.
            Cancelled: `cancel` was.
        """
        model, options = self.to_open(model_id, options)
        try:
            facts = self._engine.load(model.path, options, cancel, identity=model.sha256 or "")
            expected = self._estimates.known_need(model.path, options)
            self._used = _Used(model, options, expected)
        finally:
            self._notices.changed(Topic.MODELS)
        return LoadedModel(model, facts, options, expected)

    def to_open(
        self, model_id: ModelId, options: LoadOptions | None = None
    ) -> tuple[LocalModel, LoadOptions]:
        """A model that is there, and how to load it: its own options if none are given.

        Raises:
            NotFound: the file is gone.
            OptionsRefused: its load options do not go together, or name a file that is gone.
        """
        model = self._present(model_id)
        options = options or self._options(model)
        _check_usable(options)
        return model, options

    def engine_of(self, used: ModelInUse, *, sends_passages: bool) -> Engine:
        """The engine of the model in use, and of no other that takes its place meanwhile.

        Raises:
            NoModelLoaded: it is not in use any more.
            NotAgreed: passages would go to another computer and nobody has agreed to that.
        """
        if isinstance(used, ServedModel):
            if sends_passages:
                self._served.check_may_send(used)
            if self._served.in_use is used:
                return used.engine
        else:
            engine = self._engine.engine
            if isinstance(engine, LocalEngine) and engine.path == used.model.path:
                return engine
        raise NoModelLoaded(f"{used.name} is not in use any more.", "Ask again.")

    def unload(self) -> None:
        """Give the memory of the model in use back."""
        self._engine.unload()
        self._used = None
        self._notices.changed(Topic.MODELS)

    def options(self, model_id: ModelId) -> LoadOptions:
        """How a model is loaded: its own options, or the defaults in Settings."""
        return self._options(self._model(model_id))

    def default_options(self) -> LoadOptions:
        """How a model without options of its own is loaded."""
        return default_options(self._settings.current.engine)

    def set_options(self, model_id: ModelId, options: LoadOptions) -> None:
        """Keep these for the next load. What equals the defaults goes on following them.

        Raises:
            OptionsRefused: they cannot be used together, or name a file that cannot be used.
            NotFound: the model is not on the list.
        """
        self._check(self._model(model_id), options)
        kept = options if options != self.default_options() else None
        self._database.write(lambda session: store.set_options(session, model_id, kept))
        self._notices.changed(Topic.MODELS)

    def reset_options(self, model_id: ModelId) -> None:
        """Let a model follow the defaults in Settings again."""
        self._database.write(lambda session: store.set_options(session, model_id, None))
        self._notices.changed(Topic.MODELS)

    def set_adapters(self, model_id: ModelId, adapters: tuple[Adapter, ...]) -> None:
        """Keep these adapters, and use them at once if the model is loaded.

        Raises:
            OptionsRefused: a file cannot be used.
            EngineError: the engine cannot use them with this model; nothing was kept.
            NotFound: the model is not on the list.
        """
        options = replace(self.options(model_id), adapters=adapters)
        self._check(self._model(model_id), options)
        used = self._used
        if used is not None and used.model.id == model_id and self.loaded is not None:
            self._engine.set_adapters(adapters)
            self._used = replace(used, options=replace(used.options, adapters=adapters))
        self.set_options(model_id, options)

    def estimate(
        self,
        model_id: ModelId,
        options: LoadOptions | None = None,
        cancel: CancelToken | None = None,
    ) -> Fit:
        """What a model needs beside what is free now; with its own options if none are given.

        Raises:
            ModelLoadError, NotFound, OptionsRefused, Cancelled: as `load`.
        """
        model = self._present(model_id)
        options = options or self._options(model)
        return self.estimate_file(model.path, options, cancel, trained=model.context_length)

    def estimate_file(
        self,
        path: Path,
        options: LoadOptions,
        cancel: CancelToken | None = None,
        *,
        trained: int = 0,
    ) -> Fit:
        """The same for any GGUF file; `trained`: tokens its model was trained for, 0 if unknown."""
        _check_usable(options)
        return self._estimates.fit(path, options, cancel, trained=trained)

    def proposal(
        self,
        model_id: ModelId,
        failure: Exception,
        options: LoadOptions | None = None,
        cancel: CancelToken | None = None,
    ) -> LoadOptions | None:
        """Smaller options that would fit, after a load failed for want of memory; else None.

        Raises:
            ModelLoadError, NotFound, OptionsRefused, Cancelled: as `load`.
        """
        model = self._present(model_id)
        options = options or self._options(model)
        trained = model.context_length
        if isinstance(failure, NotEnoughMemory):
            return self._estimates.after_failure(model.path, options, cancel, trained=trained)
        return self.estimate_file(model.path, options, cancel, trained=trained).smaller

    def devices(self) -> tuple[Device, ...]:
        """The graphics cards that the engine can use, with what is free on them now."""
        return self._estimates.graphics_cards()

    def hash_in_background(self) -> None:
        """Compute the SHA-256 of files that have none yet; answers name it in their record."""
        self._hasher.start()

    def sha256(self, model_id: ModelId) -> str:
        """The hash of a model's file, empty while it is not known yet."""
        return self._model(model_id).sha256 or ""

    def _model(self, model_id: ModelId) -> LocalModel:
        with self._database.read() as session:
            return store.get(session, model_id)

    def _present(self, model_id: ModelId) -> LocalModel:
        model = self._model(model_id)
        if not model.is_present:
            raise NotFound(
                f"{model.path.name} is not in {model.path.parent} any more.",
                "Put it back, or import it from where it is now.",
            )
        return model

    def _options(self, model: LocalModel) -> LoadOptions:
        return model.options if model.options is not None else self.default_options()

    def _in_use(self) -> tuple[Path, LoadOptions] | None:
        loaded = self.loaded
        return (loaded.model.path, loaded.options) if loaded is not None else None

    def _check(self, model: LocalModel, options: LoadOptions) -> None:
        """Refuse what the engine would refuse, while a person is still looking at it."""
        if problem := conflict(options):
            raise OptionsRefused(problem)
        for adapter in options.adapters:
            _check_part(Path(adapter.path), "adapter", "a LoRA adapter", model.architecture)
        if options.projector:
            _check_part(Path(options.projector), "mmproj", "a vision projector")
        if options.speculation.draft_model:
            _check_part(Path(options.speculation.draft_model), "model", "a model")


def _check_usable(options: LoadOptions) -> None:
    if problem := conflict(options):
        raise OptionsRefused(problem, "Change it under Load options.")
    parts = (
        *(each.path for each in options.adapters),
        options.projector,
        options.speculation.draft_model,
    )
    for part in filter(None, parts):
        if not Path(part).is_file():
            raise OptionsRefused(
                f"{Path(part).name}, which the load options name, is not there any more.",
                "Put it back, or choose another file under Load options.",
            )


def _check_part(path: Path, kind: str, words: str, architecture: str = "") -> None:
    """See that a file is what it is to be used as."""
    facts = read_gguf_facts(path)
    found = _kind(facts)
    if found != kind:
        raise OptionsRefused(f"{path.name} is not {words}.", f"It says that it is: {found}.")
    if architecture and facts.architecture != architecture:
        raise OptionsRefused(
            f"{path.name} was made for another model ({facts.architecture}, not {architecture}).",
            "Choose an adapter that was trained on this model.",
        )


def _kind(facts: GgufFacts) -> str:
    """What a file is: "model", "adapter", "mmproj" or whatever else it says."""
    if facts.architecture == "clip":  # older projectors say it only so
        return "mmproj"
    return dict(facts.metadata).get("general.type", "model")
