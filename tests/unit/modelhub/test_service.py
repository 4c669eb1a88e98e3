from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from app.base.errors import NotFound
from app.base.jobs import CancelToken
from app.bootstrap import Services
from app.engine.errors import ModelLoadError
from app.engine.host import EngineStatus
from app.library.entities import Scope
from app.modelhub.entities import LocalModel, ModelId
from app.modelhub.errors import GgufError
from tests.doubles.scripted_engine import Script
from tests.doubles.scripted_gguf import bad_magic, scripted_gguf, truncated


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.gguf"
    scripted_gguf(path, {"": "Hello."})
    return path


def in_use(services: Services) -> ModelId | None:
    loaded = services.models.loaded
    return loaded.model.id if loaded else None


def hashed(services: Services, model: LocalModel) -> str:
    for _attempt in range(2000):
        if found := services.models.sha256(model.id):
            return found
        threading.Event().wait(0.005)
    raise AssertionError("never hashed")


def test_import_refers_to_the_file_and_hashes_it_in_the_background(start, file: Path) -> None:
    services = start()
    before = file.read_bytes()
    model = services.models.import_file(file)
    assert (model.path, model.size_bytes, model.is_present) == (file, len(before), True)
    assert hashed(services, model) == hashlib.sha256(before).hexdigest()
    assert file.read_bytes() == before


def test_import_twice_is_one_model(start, file: Path) -> None:
    services = start()
    assert services.models.import_file(file).id == services.models.import_file(file).id
    assert len(services.models.models()) == 1


@pytest.mark.parametrize("damage", [bad_magic, truncated])
def test_damaged_file_is_refused_and_not_listed(start, tmp_path: Path, file: Path, damage) -> None:
    services = start()
    with pytest.raises(GgufError):
        services.models.import_file(damage(tmp_path / "bad.gguf", file))
    assert services.models.models() == ()


def test_adapter_is_refused_as_no_model_of_its_own(start, tmp_path: Path) -> None:
    path = tmp_path / "lora.gguf"
    scripted_gguf(path, {"": "Hello."}, metadata={"general.type": "adapter"})
    with pytest.raises(GgufError, match="adapter"):
        start().models.import_file(path)


def test_load_and_unload_say_which_is_in_use(start, file: Path) -> None:
    services = start()
    model = services.models.import_file(file)
    assert in_use(services) is None
    assert services.models.load(model.id).model.id == model.id
    assert in_use(services) is not None
    services.models.unload()
    assert in_use(services) is None


def test_failed_load_keeps_the_model_in_use(start, tmp_path: Path, file: Path) -> None:
    services = start()
    model = services.models.import_file(file)
    services.models.load(model.id)
    gone = tmp_path / "gone.gguf"
    gone.write_bytes(file.read_bytes())
    other = services.models.import_file(gone)
    gone.unlink()
    with pytest.raises(NotFound, match="not in"):
        services.models.load(other.id)
    assert in_use(services) == model.id
    assert not next(each for each in services.models.models() if each.id == other.id).is_present


def test_crash_while_loading_is_an_error_with_the_native_reason(start, file: Path) -> None:
    services = start(Script(abort_on_load=True))
    model = services.models.import_file(file)
    with pytest.raises(ModelLoadError, match="scripted"):
        services.models.load(model.id)
    assert in_use(services) is None
    assert services.models.models()[0].id == model.id


def test_remove_unloads_and_keeps_the_file(start, file: Path) -> None:
    services = start()
    model = services.models.import_file(file)
    services.models.load(model.id)
    services.models.remove(model.id)
    assert in_use(services) is None
    assert services.models.models() == ()
    assert file.exists()


def test_find_by_name_number_or_file(start, tmp_path: Path, file: Path) -> None:
    services = start()
    model = services.models.import_file(file)
    for name in (model.name, model.name.upper(), str(model.id), "tiny.gguf"):
        assert services.models.find(name).id == model.id
    with pytest.raises(NotFound, match="no model"):
        services.models.find("other")
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(file.read_bytes())
    twin = services.models.import_file(copy)
    if twin.name == model.name:
        with pytest.raises(NotFound, match="2 models"):
            services.models.find(model.name)


def test_imported_models_are_there_after_a_restart(start, file: Path) -> None:
    model = start().models.import_file(file)
    services = start()
    assert [each.id for each in services.models.models()] == [model.id]
    assert in_use(services) is None


def test_engine_that_dies_leaves_the_model_named_with_the_reason(start, file: Path) -> None:
    services = start(Script(abort_after=1))
    model = services.models.import_file(file)
    services.models.load(model.id)
    services.chat.ask_once("a question", Scope(), lambda _event: None, CancelToken())
    assert in_use(services) is None
    state = services.models.state
    assert (state.status, state.path) == (EngineStatus.STOPPED, file)
    assert "SIGABRT" in state.problem
    services.models.load(model.id)
    assert in_use(services) == model.id
