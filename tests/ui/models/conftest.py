from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from app.base.changes import Notices
from app.ui.models.pane import ModelsPane
from app.ui.notices import NoticeRelay
from app.ui.pane import PaneContext
from tests.ui.models.fakes import FakeModels, FakeServers


@pytest.fixture
def notices() -> Notices:
    return Notices()


@pytest.fixture
def models(notices: Notices) -> FakeModels:
    return FakeModels(notices)


@pytest.fixture
def servers(notices: Notices, models: FakeModels) -> FakeServers:
    return FakeServers(notices, models)


@pytest.fixture
def services(notices: Notices, models: FakeModels, servers: FakeServers) -> Any:
    return SimpleNamespace(
        notices=notices,
        models=models,
        endpoints=servers,
        served=servers,
        lending=SimpleNamespace(opened=()),
    )


@pytest.fixture
def bare_pane(qtbot, context: PaneContext, notices: Notices) -> Iterator[ModelsPane]:
    """The pane in a window of usual size, with notices relayed as the window does; no services."""
    pane = ModelsPane(context)
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
def open_pane(bare_pane: ModelsPane, services: Any, qtbot):
    """Attach the services and wait until the pane shows the models."""

    def open_it() -> ModelsPane:
        bare_pane.attach(services)
        qtbot.waitUntil(lambda: not bare_pane.is_reading)
        return bare_pane

    return open_it
