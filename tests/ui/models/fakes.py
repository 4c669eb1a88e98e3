"""Models to show, and the services of the pane in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.base.changes import Notices, Topic
from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.engine.host import EngineState, EngineStatus
from app.engine.options import Adapter, LoadOptions
from app.engine.protocol import Device, DeviceNeed, MemoryNeed, ModelFacts
from app.engine.remote.engine import RemoteEngine
from app.engine.remote.probe import OfferedModel, ServerFacts
from app.engine.remote.server import RemoteModel, ServerKind
from app.modelhub.endpoints import EndpointDraft
from app.modelhub.entities import Endpoint, EndpointId, GgufFacts, LocalModel, ModelId
from app.modelhub.errors import GgufError
from app.modelhub.fit import Fit, FreeMemory, smaller
from app.modelhub.in_use import LoadedModel, ServedModel


def make_model(number: int, **changes: Any) -> LocalModel:
    """A model of a plausible shape; `changes` are fields of LocalModel."""
    model = LocalModel(
        id=ModelId(number),
        name=f"Qwen3 {number}B",
        path=Path(f"/models/qwen3-{number}b-q4_k_m.gguf"),
        size_bytes=number * 612_000_000,
        architecture="qwen3",
        quantization="Q4_K_M",
        parameters=number * 1_020_000_000,
        context_length=40_960,
        has_chat_template=True,
        sha256=None,
        added_at=datetime(2026, 11, 20, tzinfo=UTC),
    )
    return replace(model, **changes)


def make_facts(model: LocalModel) -> ModelFacts:
    """What the engine says of a model once it is loaded."""
    return ModelFacts(
        name=model.name,
        architecture=model.architecture,
        quantization=model.quantization,
        context_length=4096,
        trained_context_length=model.context_length,
        threads=2,
        template_sha256="0" * 64,
        engine_build="test",
        prefill_threads=2,
        wait_policy="passive",
        streams=8,
        memory_bytes=model.size_bytes + 850_000_000,
        dialect="hermes",
        has_tools=True,
        thinks=True,
    )


def make_need(model: LocalModel, options: LoadOptions) -> MemoryNeed:
    """A need of a plausible size: the file, 100 kB a token, and some more."""
    kv = options.context_length * 100_000
    return MemoryNeed((DeviceNeed("CPU", model.size_bytes, kv, 300_000_000),), 90_000_000)


CARDS = (
    Device("CUDA0", "NVIDIA GeForce RTX 4070", "gpu", 10_400_000_000, 12_000_000_000),
    Device("CUDA1", "NVIDIA GeForce RTX 3060", "gpu", 11_900_000_000, 12_900_000_000),
)


def make_gguf_facts(model: LocalModel) -> GgufFacts:
    """What the header of the model's file says."""
    template = "{% for message in messages %}\n<|im_start|>{{ message.role }}\n{% endfor %}"
    return GgufFacts(
        path=model.path,
        size_bytes=model.size_bytes,
        version=3,
        name=model.name,
        architecture=model.architecture,
        quantization=model.quantization,
        parameters=model.parameters,
        context_length=model.context_length,
        layers=36,
        embedding_length=4096,
        vocabulary=151_936,
        has_chat_template=True,
        metadata=(
            ("general.architecture", model.architecture),
            ("general.license", "apache-2.0"),
            ("qwen3.block_count", "36"),
            ("tokenizer.ggml.tokens", "[151936 values]"),
            ("tokenizer.chat_template", template),
            *((f"general.tag.{number}", f"value {number}") for number in range(20)),
        ),
    )


@dataclass
class FakeModels:
    """Does what ModelService does. `during_load` runs on the job's thread and may wait or raise."""

    notices: Notices
    listed: dict[ModelId, LocalModel] = field(default_factory=dict)
    calls: list[tuple[object, ...]] = field(default_factory=list)
    loaded: LoadedModel | None = None
    state: EngineState = field(default_factory=EngineState)
    bad_files: dict[str, AppError] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    during_load: Callable[[CancelToken], None] = lambda _cancel: None
    defaults: LoadOptions = field(default_factory=LoadOptions)
    free_bytes: int = 11_400_000_000
    cards: tuple[Device, ...] = ()
    no_estimate: dict[ModelId, AppError] = field(default_factory=dict)
    refuse_options: AppError | None = None
    proposed: LoadOptions | None = None

    def put(self, *models: LocalModel) -> None:
        self.listed |= {each.id: each for each in models}
        self.notices.changed(Topic.MODELS)

    def use(self, model: LocalModel) -> None:
        options = model.options or self.defaults
        self.loaded = LoadedModel(model, make_facts(model), options, make_need(model, options))
        self.state = EngineState(EngineStatus.LOADED, model.path, self.loaded.facts)
        self.notices.changed(Topic.MODELS)

    def die(self, reason: str) -> None:
        """The engine of the model in use ends by itself."""
        path = self.state.path
        self.loaded = None
        self.state = EngineState(EngineStatus.STOPPED, path, problem=reason)
        self.notices.changed(Topic.MODELS)

    def models(self) -> tuple[LocalModel, ...]:
        return tuple(sorted(self.listed.values(), key=lambda model: -model.id))

    def inspect(self, path: Path) -> GgufFacts:
        if (error := self.bad_files.get(path.name)) is not None:
            raise error
        number = len(self.listed) + 1
        size = self.sizes.get(path.name, 612_000_000 * number)
        model = make_model(number, name=path.stem, path=path, size_bytes=size)
        known = next((each for each in self.listed.values() if each.path == path), model)
        return make_gguf_facts(known)

    def import_file(self, path: Path) -> LocalModel:
        self.calls.append(("import_file", path))
        facts = self.inspect(path)
        number = max(self.listed, default=0) + 1
        model = make_model(number, name=facts.name, path=path, size_bytes=facts.size_bytes)
        self.put(model)
        return model

    def remove(self, model_id: ModelId) -> None:
        self.calls.append(("remove", model_id))
        if self.loaded is not None and self.loaded.model.id == model_id:
            self.unload()
        del self.listed[model_id]
        self.notices.changed(Topic.MODELS)

    def load(
        self,
        model_id: ModelId,
        cancel: CancelToken | None = None,
        options: LoadOptions | None = None,
    ) -> LoadedModel:
        self.calls.append(("load", model_id) if options is None else ("load", model_id, options))
        try:
            self.during_load(cancel or CancelToken())
            model = self.listed[model_id]
            used = options or model.options or self.defaults
            self.loaded = LoadedModel(model, make_facts(model), used, make_need(model, used))
            self.state = EngineState(EngineStatus.LOADED, model.path, self.loaded.facts)
        finally:
            self.notices.changed(Topic.MODELS)
        return self.loaded

    def default_options(self) -> LoadOptions:
        return self.defaults

    def set_options(self, model_id: ModelId, options: LoadOptions) -> None:
        self.calls.append(("set_options", model_id, options))
        if self.refuse_options is not None:
            raise self.refuse_options
        kept = None if options == self.defaults else options
        self.listed[model_id] = replace(self.listed[model_id], options=kept)
        self.notices.changed(Topic.MODELS)

    def set_adapters(self, model_id: ModelId, adapters: tuple[Adapter, ...]) -> None:
        self.calls.append(("set_adapters", model_id, adapters))
        if self.refuse_options is not None:
            raise self.refuse_options
        if self.loaded is not None:
            used = replace(self.loaded.options, adapters=adapters)
            self.loaded = replace(self.loaded, options=used)

    def estimate(
        self,
        model_id: ModelId,
        options: LoadOptions | None = None,
        cancel: CancelToken | None = None,
    ) -> Fit:
        (cancel or CancelToken()).check()
        if (error := self.no_estimate.get(model_id)) is not None:
            raise error
        model = self.listed[model_id]
        wanted = options or model.options or self.defaults
        need, free = make_need(model, wanted), FreeMemory(self.free_bytes)
        fits = need.main_memory <= free.main
        offered = None if fits else smaller(wanted, need, free)
        return Fit(wanted, need, free, wanted.context_length, offered)

    def proposal(
        self, _model_id: ModelId, _failure: AppError, _options: LoadOptions | None = None
    ) -> LoadOptions | None:
        return self.proposed

    def devices(self) -> tuple[Device, ...]:
        return self.cards

    def unload(self) -> None:
        self.calls.append(("unload",))
        self.loaded = None
        self.state = EngineState()
        self.notices.changed(Topic.MODELS)


def make_endpoint(number: int, **changes: Any) -> Endpoint:
    """A model on a server of the local network; `changes` are fields of Endpoint."""
    endpoint = Endpoint(
        id=EndpointId(number),
        name=f"Qwen3-{number}B on 192.168.1.20:8000",
        base_url="http://192.168.1.20:8000/v1",
        model=f"Qwen/Qwen3-{number}B",
        kind=ServerKind.VLLM,
        context_length=0,
        allow_plain_http=False,
        key_name=f"key-{number}",
        added_at=datetime(2026, 11, 21, tzinfo=UTC),
    )
    return replace(endpoint, **changes)


def make_remote(endpoint: Endpoint, **changes: Any) -> RemoteModel:
    """What the server says of the model."""
    remote = RemoteModel(
        endpoint.base_url,
        endpoint.model,
        endpoint.kind,
        "0.11.2",
        endpoint.context_length or 32_768,
        sees=True,
        allow_plain_http=endpoint.allow_plain_http,
    )
    return replace(remote, **changes)


def make_served(endpoint: Endpoint, **changes: Any) -> ServedModel:
    """A model on a server in use; `changes` are fields of RemoteModel."""
    engine = RemoteEngine(make_remote(endpoint, **changes))
    return ServedModel(endpoint, engine.loaded, engine)


@dataclass
class FakeServers:
    """Does what EndpointService and ServedModels do, in one.

    `during` runs on the job's thread while a server is asked, and may wait or raise.
    """

    notices: Notices
    models: FakeModels
    listed: dict[EndpointId, Endpoint] = field(default_factory=dict)
    calls: list[tuple[object, ...]] = field(default_factory=list)
    during: Callable[[CancelToken], None] = lambda _cancel: None
    served: ServedModel | None = None

    def put(self, *endpoints: Endpoint) -> None:
        self.listed |= {each.id: each for each in endpoints}
        self.notices.changed(Topic.MODELS)

    def use(self, endpoint: Endpoint, **changes: Any) -> ServedModel:
        served = self.served = make_served(endpoint, **changes)
        self.models.loaded = None
        self.models.state = EngineState(EngineStatus.LOADED, None, served.facts)
        self.notices.changed(Topic.MODELS)
        return served

    @property
    def in_use(self) -> ServedModel | None:
        state = self.models.state
        return self.served if state.facts is not None and state.path is None else None

    def endpoints(self) -> tuple[Endpoint, ...]:
        return tuple(sorted(self.listed.values(), key=lambda endpoint: -endpoint.id))

    def connect(self, endpoint_id: EndpointId, cancel: CancelToken | None = None) -> ServedModel:
        self.calls.append(("connect", endpoint_id))
        self.during(cancel or CancelToken())
        return self.use(self.listed[endpoint_id])

    def disconnect(self) -> None:
        self.calls.append(("disconnect",))
        self.models.state = EngineState()
        self.notices.changed(Topic.MODELS)

    def test(self, endpoint_id: EndpointId, cancel: CancelToken | None = None) -> RemoteModel:
        self.calls.append(("test", endpoint_id))
        self.during(cancel or CancelToken())
        return make_remote(self.listed[endpoint_id])

    def remove(self, endpoint_id: EndpointId) -> None:
        self.calls.append(("remove", endpoint_id))
        del self.listed[endpoint_id]
        self.notices.changed(Topic.MODELS)

    def look(self, _base_url: str, _key: str | None = None, **_more: object) -> ServerFacts:
        return ServerFacts(ServerKind.VLLM, "0.11.2", (OfferedModel("Qwen/Qwen3-32B"),))

    def add(self, draft: EndpointDraft, _key: str = "", **_more: object) -> Endpoint:
        number = max(self.listed, default=0) + 1
        endpoint = make_endpoint(number, model=draft.model, name=draft.name or "Qwen3-32B on gpu")
        self.put(endpoint)
        return endpoint

    def update(
        self,
        endpoint_id: EndpointId,
        draft: EndpointDraft,
        _key: str | None = None,
        **_more: object,
    ) -> Endpoint:
        changed = replace(self.listed[endpoint_id], name=draft.name, base_url=draft.base_url)
        self.put(changed)
        return changed


def hold_until_cancelled(cancel: CancelToken) -> None:
    """A load that goes on until it is cancelled."""
    stopped = threading.Event()
    cancel.on_cancel(stopped.set)
    stopped.wait(10)
    cancel.check()


NOT_A_MODEL = GgufError(
    "This file is not a GGUF model.",
    "Cairn runs models in the GGUF format. Look for a download that ends in .gguf.",
)
