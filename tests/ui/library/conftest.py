from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from app.base.changes import Notices
from app.base.paths import DataPaths
from app.settings.store import SettingsStore
from app.ui.library.pane import LibraryPane
from app.ui.notices import NoticeRelay
from app.ui.pane import PaneContext
from tests.ui.library.fakes import FakeLibrary


@pytest.fixture
def notices() -> Notices:
    return Notices()


@pytest.fixture
def library(notices: Notices) -> FakeLibrary:
    return FakeLibrary(notices)


@pytest.fixture
def services(paths: DataPaths, notices: Notices, library: FakeLibrary) -> Any:
    settings = SettingsStore(paths.settings)
    return SimpleNamespace(settings=settings, notices=notices, library=library)


@pytest.fixture
def bare_pane(qtbot, context: PaneContext, notices: Notices) -> Iterator[LibraryPane]:
    """The pane in a window of usual size, with notices relayed as the window does; no services."""
    pane = LibraryPane(context)
    relay = NoticeRelay(pane)
    relay.listen(notices)
    relay.changed.connect(pane.notice)
    qtbot.addWidget(pane)
    pane.resize(1204, 840)
    pane.show()
    qtbot.waitExposed(pane)
    yield pane
    relay.close()


@pytest.fixture
def open_pane(bare_pane: LibraryPane, services: Any, qtbot):
    """Attach the services and wait until the pane shows the library."""

    def open_it() -> LibraryPane:
        bare_pane.attach(services)
        qtbot.waitUntil(lambda: not bare_pane.is_loading)
        return bare_pane

    return open_it
