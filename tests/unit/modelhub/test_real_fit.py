"""The memory fit with the real engine behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.paths import DataPaths
from app.bootstrap import Children, Services, build
from app.engine.errors import ModelLoadError
from app.engine.options import KvType, LoadOptions
from app.modelhub.fit import Verdict
from tests.doubles.random_gguf import tiny_random
from tests.doubles.scripted_library import scripted_library


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_random(tmp_path_factory.mktemp("gguf") / "random.gguf")


@pytest.fixture
def services(data_paths: DataPaths) -> Iterator[Services]:
    services = build(data_paths, Children(scripted_library))
    yield services
    services.close()


def test_estimate_before_a_load_is_what_the_loaded_model_is_measured_by(
    services: Services, file: Path
) -> None:
    model = services.models.import_file(file)
    fit = services.models.estimate(model.id)
    assert fit.verdict is Verdict.FITS
    (part,) = fit.need.devices
    assert min(part.weights, part.kv_cache, part.compute, fit.need.process) > 0
    loaded = services.models.load(model.id)
    assert loaded.expected == fit.need
    assert loaded.facts.options == loaded.options == LoadOptions()


def test_denser_cache_is_estimated_smaller(services: Services, file: Path) -> None:
    model = services.models.import_file(file)
    dense = LoadOptions(kv_type_k=KvType.Q8_0, kv_type_v=KvType.Q8_0)
    usual, smaller = (services.models.estimate(model.id, each) for each in (LoadOptions(), dense))
    assert smaller.need.devices[0].kv_cache < 0.6 * usual.need.devices[0].kv_cache


def test_estimate_of_a_damaged_file_says_why(services: Services, file: Path) -> None:
    bad = file.with_name("bad.gguf")
    bad.write_bytes(file.read_bytes()[:4096])
    with pytest.raises(ModelLoadError, match=r"bad\.gguf"):
        services.models.estimate_file(bad, LoadOptions())


def test_this_computer_has_only_real_graphics_cards(services: Services) -> None:
    assert all(each.kind in ("gpu", "igpu") for each in services.models.devices())
