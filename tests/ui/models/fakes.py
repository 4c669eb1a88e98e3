"""Models to show, and a model service in memory."""

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
from app.engine.protocol import ModelFacts
from app.modelhub.entities import GgufFacts, LocalModel, ModelId
from app.modelhub.errors import GgufError
from app.modelhub.service import LoadedModel


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

    def put(self, *models: LocalModel) -> None:
        self.listed |= {each.id: each for each in models}
        self.notices.changed(Topic.MODELS)

    def use(self, model: LocalModel) -> None:
        self.loaded = LoadedModel(model, make_facts(model))
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

    def load(self, model_id: ModelId, cancel: CancelToken | None = None) -> LoadedModel:
        self.calls.append(("load", model_id))
        try:
            self.during_load(cancel or CancelToken())
            self.loaded = LoadedModel(self.listed[model_id], make_facts(self.listed[model_id]))
            self.state = EngineState(
                EngineStatus.LOADED, self.listed[model_id].path, self.loaded.facts
            )
        finally:
            self.notices.changed(Topic.MODELS)
        return self.loaded

    def unload(self) -> None:
        self.calls.append(("unload",))
        self.loaded = None
        self.state = EngineState()
        self.notices.changed(Topic.MODELS)


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
