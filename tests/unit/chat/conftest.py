"""Documents in the library, and a model file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.bootstrap import Services
from app.library.entities import DocumentId
from tests.doubles.scripted_gguf import scripted_gguf


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
