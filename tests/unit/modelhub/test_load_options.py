"""Load options of a model: kept, checked, and used by the load."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from app.base.changes import Notices, Topic
from app.base.errors import AppError, NotFound
from app.base.jobs import CancelToken
from app.base.paths import DataPaths
from app.engine.errors import ModelLoadError, NotEnoughMemory
from app.engine.host import EngineState, EngineStatus
from app.engine.options import Adapter, KvType, LoadOptions, Speculation, Switch
from app.engine.protocol import ModelFacts
from app.modelhub.endpoints import EndpointService
from app.modelhub.entities import LocalModel, ModelId
from app.modelhub.errors import GgufError, OptionsRefused
from app.modelhub.service import ModelService
from app.modelhub.serving import ServedModels
from app.settings.store import SettingsStore
from app.storage.db import Database
from tests.doubles.memory import MemoryEngine
from tests.doubles.scripted_gguf import scripted_gguf

OWN = LoadOptions(context_length=2048, streams=2, kv_type_k=KvType.Q8_0)


@dataclass
class Engine(MemoryEngine):
    """Loads at once and notes with which options."""

    loads: list[LoadOptions] = field(default_factory=list)
    identities: list[str] = field(default_factory=list)
    state: EngineState = field(default_factory=EngineState)

    def load(
        self, path: Path, options: LoadOptions, _cancel: CancelToken | None, *, identity: str
    ) -> ModelFacts:
        self.loads.append(options)
        self.identities.append(identity)
        facts = ModelFacts(path.stem, "llama", "F16", options.context_length, 0, 1, "", "t")
        self.state = EngineState(EngineStatus.LOADED, path, facts)
        return facts

    def unload(self) -> None:
        self.state = EngineState()


@pytest.fixture
def engine() -> Engine:
    return Engine(weights=1)


@pytest.fixture
def settings(data_paths: DataPaths) -> SettingsStore:
    return SettingsStore(data_paths.settings)


@pytest.fixture
def notices() -> Notices:
    return Notices()


@pytest.fixture
def service(
    data_paths: DataPaths, settings: SettingsStore, notices: Notices, engine: Engine
) -> Iterator[ModelService]:
    database = Database(data_paths.database)
    database.open()
    served = ServedModels(EndpointService(database, notices), engine, notices)  # type: ignore[arg-type]  # a double
    service = ModelService(settings, database, notices, engine, served)  # type: ignore[arg-type]  # a double
    yield service
    service.close()
    database.close()


def gguf(path: Path, **metadata: str) -> Path:
    named = {key.replace("_", "."): value for key, value in metadata.items()}
    scripted_gguf(path, {"": "Hello."}, metadata=named)
    return path


@pytest.fixture
def model(service: ModelService, tmp_path: Path) -> LocalModel:
    return service.import_file(gguf(tmp_path / "tiny.gguf"))


@pytest.fixture
def adapter(tmp_path: Path) -> Adapter:
    return Adapter(str(gguf(tmp_path / "lora.gguf", general_type="adapter")), 0.5)


def test_model_without_options_follows_the_settings(service, settings, model):
    assert service.options(model.id) == LoadOptions()
    settings.change("engine", "context_length", 8192)
    assert service.options(model.id).context_length == 8192
    assert service.models()[0].options is None


def test_own_options_are_kept_and_told(service, settings, notices, model):
    told: list[object] = []
    notices.subscribe(told.append)
    service.set_options(model.id, OWN)
    settings.change("engine", "context_length", 8192)
    assert service.options(model.id) == OWN
    assert service.models()[0].options == OWN
    assert told == [frozenset({Topic.MODELS})]


def test_own_options_survive_an_import_of_the_same_file(service, model):
    service.set_options(model.id, OWN)
    service.import_file(model.path)
    assert service.options(model.id) == OWN


def test_reset_goes_back_to_the_settings(service, model):
    service.set_options(model.id, OWN)
    service.reset_options(model.id)
    assert service.options(model.id) == LoadOptions()


def test_options_that_equal_the_defaults_go_on_following_them(service, settings, model):
    service.set_options(model.id, OWN)
    service.set_options(model.id, service.default_options())
    settings.change("engine", "threads", 3)
    assert service.options(model.id).threads == 3


def test_options_of_an_unknown_model_are_told(service):
    with pytest.raises(NotFound):
        service.set_options(ModelId(99), OWN)
    with pytest.raises(NotFound):
        service.reset_options(ModelId(99))


def test_load_uses_the_models_own_options(service, engine, model):
    service.set_options(model.id, OWN)
    assert service.load(model.id).options == OWN
    assert engine.loads == [OWN]
    assert service.loaded.options == OWN


def test_load_with_other_options_leaves_the_models_own(service, engine, model):
    service.set_options(model.id, OWN)
    other = replace(OWN, context_length=512)
    assert service.load(model.id, None, other).options == other
    assert service.options(model.id) == OWN


def test_load_says_whose_file_it_is_once_that_is_known(service, engine, model):
    service.close()  # the hashing is over, or will not come to an end
    service.load(model.id)
    assert engine.identities == [service.sha256(model.id)]


def test_model_is_not_in_use_when_the_engine_took_another(service, engine, model):
    service.load(model.id)
    assert service.loaded.model.id == model.id
    engine.state = EngineState(EngineStatus.LOADED, None, service.loaded.facts)
    assert service.loaded is None


def test_loaded_model_says_what_was_expected_if_it_was_estimated(service, model):
    assert service.load(model.id).expected is None
    need = service.estimate(model.id).need
    assert service.load(model.id).expected == need
    assert service.loaded.expected == need


@pytest.mark.parametrize(
    "options",
    [
        LoadOptions(kv_type_v=KvType.Q4_0, flash_attention=Switch.OFF),
        LoadOptions(batch=64, micro_batch=512),
    ],
)
def test_options_that_do_not_go_together_are_refused(service, model, options):
    with pytest.raises(OptionsRefused):
        service.set_options(model.id, options)
    with pytest.raises(OptionsRefused):
        service.estimate(model.id, options)
    assert service.options(model.id) == LoadOptions()


def test_files_are_checked_for_what_they_are(service, model, adapter, tmp_path):
    projector = gguf(tmp_path / "mmproj.gguf", general_type="mmproj")
    service.set_options(model.id, LoadOptions(adapters=(adapter,), projector=str(projector)))
    refused = [
        LoadOptions(adapters=(Adapter(str(model.path)),)),
        LoadOptions(projector=str(model.path)),
        LoadOptions(projector=adapter.path),
        LoadOptions(speculation=Speculation(draft_model=adapter.path)),
    ]
    for options in refused:
        with pytest.raises(OptionsRefused, match="is not a"):
            service.set_options(model.id, options)
    with pytest.raises(AppError, match="cannot be read"):
        service.set_options(model.id, LoadOptions(projector=str(tmp_path / "gone.gguf")))


def test_projector_of_an_older_kind_is_known_by_its_architecture(service, model, tmp_path):
    projector = gguf(tmp_path / "old.gguf", general_architecture="clip")
    service.set_options(model.id, LoadOptions(projector=str(projector)))
    with pytest.raises(GgufError, match="mmproj"):
        service.import_file(projector)


def test_adapter_for_another_kind_of_model_is_refused(service, model, tmp_path):
    path = gguf(tmp_path / "other.gguf", general_type="adapter", general_architecture="gemma")
    with pytest.raises(OptionsRefused, match="another model"):
        service.set_adapters(model.id, (Adapter(str(path)),))


def test_load_with_a_file_that_is_gone_is_told_before_anything_is_unloaded(
    service, engine, model, adapter
):
    service.set_options(model.id, LoadOptions(adapters=(adapter,)))
    Path(adapter.path).unlink()
    with pytest.raises(OptionsRefused, match=r"lora\.gguf"):
        service.load(model.id)
    assert engine.loads == []


def test_adapters_of_the_loaded_model_change_at_once(service, engine, model, adapter):
    service.load(model.id)
    service.set_adapters(model.id, (adapter,))
    assert engine.adapters == [(adapter,)]
    assert service.options(model.id).adapters == (adapter,)
    assert service.loaded.options.adapters == (adapter,)
    assert len(engine.loads) == 1


def test_adapters_of_a_model_that_is_not_loaded_wait_for_the_load(service, engine, model, adapter):
    service.set_adapters(model.id, (adapter,))
    assert engine.adapters == []
    service.load(model.id)
    assert engine.loads[0].adapters == (adapter,)


def test_adapters_the_engine_refuses_are_not_kept(service, engine, model, adapter, monkeypatch):
    def refuse(_adapters: object) -> None:
        raise ModelLoadError("The adapter does not fit this model.")

    service.load(model.id)
    monkeypatch.setattr(engine, "set_adapters", refuse, raising=False)
    with pytest.raises(ModelLoadError):
        service.set_adapters(model.id, (adapter,))
    assert service.options(model.id).adapters == ()
    assert service.loaded.options.adapters == ()


def test_proposal_after_memory_ran_out_is_smaller(service, model):
    found = service.proposal(model.id, NotEnoughMemory("There is not enough memory."))
    assert found is not None
    assert found != service.options(model.id)


def test_no_proposal_when_something_else_went_wrong(service, model):
    assert service.proposal(model.id, ModelLoadError("The file is damaged.")) is None


def test_no_options_leak_into_a_database_that_holds_nonsense(service, model):
    def damage(session) -> None:
        from sqlalchemy import text

        session.execute(text("UPDATE models SET load_options = '[1, 2]'"))

    service._database.write(damage)
    assert service.options(model.id) == LoadOptions()
