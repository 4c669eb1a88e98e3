"""Models for work beside the chat: the one in use where it is wanted, else one opened for the time.

An evaluation or an agent names a model. If that is the one in use, both share it and its engine
batches them; if not, it is opened in a process of its own and closed when the work is done.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.base.changes import Notices, Topic
from app.base.jobs import CancelToken
from app.engine.engine import Engine
from app.engine.errors import NoModelLoaded
from app.engine.host import EngineHost
from app.engine.options import LoadOptions
from app.modelhub.endpoints import EndpointService
from app.modelhub.entities import EndpointId, ModelId
from app.modelhub.in_use import LoadedModel, ModelInUse, ServedModel
from app.modelhub.service import ModelService
from app.modelhub.serving import ServedModels


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which model some work needs.

    Attributes:
        model, endpoint: a file of the list, or a model on a server; with neither, the one in use.
        options: how the file is loaded; None as the list has it, or as it is loaded already.
    """

    model: ModelId | None = None
    endpoint: EndpointId | None = None
    options: LoadOptions | None = None


@dataclass(frozen=True, slots=True)
class Borrowed:
    """A model for the time of some work.

    Attributes:
        used: its name, quantization level, facts and where it runs.
        engine: asks this model and no other that takes its place.
        sha256: of its file; empty while it is not known, and for a server.
        is_shared: it is the one in use, so others may be asking it too.
    """

    used: ModelInUse
    engine: Engine
    sha256: str
    is_shared: bool


class ModelLending:
    """Lends models. Opening one blocks; keep it off the GUI thread."""

    def __init__(
        self,
        models: ModelService,
        endpoints: EndpointService,
        served: ServedModels,
        engine: EngineHost,
        notices: Notices,
    ) -> None:
        self._models = models
        self._endpoints = endpoints
        self._served = served
        self._engine = engine
        self._notices = notices
        self._lock = threading.Lock()
        self._opened: list[LoadedModel] = []

    @property
    def opened(self) -> tuple[LoadedModel, ...]:
        """The model files that are loaded beside the one in use, in the order they came."""
        with self._lock:
            return tuple(self._opened)

    @contextmanager
    def borrow(
        self, wanted: Wanted, cancel: CancelToken | None = None, *, sends_passages: bool = False
    ) -> Iterator[Borrowed]:
        """Have a model until the end of the `with` block.

        Args:
            wanted: which one.
            cancel: breaks loading it off.
            sends_passages: texts of the library will be sent to it.

        Raises:
            NoModelLoaded: the one in use was wanted and there is none.
            NotAgreed: passages would go to another computer and nobody has agreed to that.
            ModelLoadError, TemplateError, NotFound, OptionsRefused, Cancelled: as
                `ModelService.load`.
            RemoteError, KeyringTrouble: the server cannot be asked.
        """
        used = self._models.in_use
        if used is not None and _is(used, wanted):
            engine = self._models.engine_of(used, sends_passages=sends_passages)
            sha256 = used.model.sha256 or "" if isinstance(used, LoadedModel) else ""
            yield Borrowed(used, engine, sha256, is_shared=True)
        elif wanted.endpoint is not None:
            yield self._from_server(wanted.endpoint, cancel, sends_passages=sends_passages)
        elif wanted.model is not None:
            with self._from_file(wanted.model, wanted.options, cancel) as borrowed:
                yield borrowed
        else:
            raise NoModelLoaded("No model is loaded.", "Load one under Models.")

    def _from_server(
        self, endpoint_id: EndpointId, cancel: CancelToken | None, *, sends_passages: bool
    ) -> Borrowed:
        engine = self._endpoints.open(endpoint_id, cancel)
        facts = engine.loaded
        if facts is None:
            raise NoModelLoaded("The server has no model.", "Choose another model or server.")
        served = ServedModel(self._endpoints.get(endpoint_id), facts, engine)
        if sends_passages:
            self._served.check_may_send(served)
        return Borrowed(served, engine, "", is_shared=False)

    @contextmanager
    def _from_file(
        self, model_id: ModelId, options: LoadOptions | None, cancel: CancelToken | None
    ) -> Iterator[Borrowed]:
        model, options = self._models.to_open(model_id, options)
        sha256 = model.sha256 or ""
        engine = self._engine.open(model.path, options, cancel, identity=sha256)
        facts = engine.loaded
        try:
            if facts is None:
                raise NoModelLoaded("The model engine ended.", "Try again.")
            loaded = LoadedModel(model, facts, options)
            with self._noted(loaded):
                yield Borrowed(loaded, engine, sha256, is_shared=False)
        finally:
            self._engine.release(engine)

    @contextmanager
    def _noted(self, loaded: LoadedModel) -> Iterator[None]:
        with self._lock:
            self._opened.append(loaded)
        self._notices.changed(Topic.MODELS)
        try:
            yield
        finally:
            with self._lock:
                self._opened.remove(loaded)
            self._notices.changed(Topic.MODELS)


def _is(used: ModelInUse, wanted: Wanted) -> bool:
    if wanted.model is None and wanted.endpoint is None:
        return True
    if isinstance(used, ServedModel):
        return used.endpoint.id == wanted.endpoint
    return used.model.id == wanted.model and wanted.options in (None, used.options)
