"""Services as bootstrap builds them, with scripted children."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from app.base.paths import DataPaths
from app.bootstrap import Children, Services, build
from tests.doubles.scripted_engine import Script, scripted_engine
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
