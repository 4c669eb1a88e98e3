"""Services with a scripted library and a scripted engine, as bootstrap builds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.base.paths import DataPaths
from app.bootstrap import Children, Services, build
from app.library.entities import DocumentId
from tests.doubles.scripted_engine import Script, scripted_engine
from tests.doubles.scripted_gguf import scripted_gguf
from tests.doubles.scripted_library import scripted_library

Start = Callable[..., Services]


@pytest.fixture
def start(data_paths: DataPaths) -> Iterator[Start]:
    """Build services whose engine follows the script; a second call is a restart."""
    running: list[Services] = []

    def start(script: Script | None = None) -> Services:
        for services in running:
            services.close()
        children = Children(scripted_library, scripted_engine, (script or Script(),))
        running[:] = [build(data_paths, children)]
        running[0].library.start()
        return running[0]

    yield start
    for services in running:
        services.close()


@pytest.fixture
def add(tmp_path: Path) -> Callable[..., list[DocumentId]]:
    """Writes text files and waits until they are in the library."""

    def add(services: Services, **texts: str) -> list[DocumentId]:
        paths = []
        for name, text in texts.items():
            path = tmp_path / f"{name}.txt"
            path.write_text(text)
            paths.append(path)
        ids = [each.id for each in services.library.add(paths).added]
        assert services.library.wait(ids, 60)
        return ids

    return add


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small real GGUF file."""
    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    scripted_gguf(path, {"": "Hello."})
    return path
