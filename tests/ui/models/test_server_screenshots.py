"""Pictures of the models pane with servers in every state, for a person to look at."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from app.engine.remote.errors import CannotConnect
from app.settings.schema import Theme
from app.ui.models.endpoint_board import ServerStatus
from app.ui.models.endpoint_card import EndpointCard
from app.ui.models.pane import ModelsPane
from app.ui.widgets.confirm import ConfirmSheet
from tests.ui.models.fakes import FakeModels, FakeServers, hold_until_cancelled, make_endpoint
from tests.ui.models.fakes import make_model as model
from tests.ui.text.finding import child

LOOKS = {
    "light": (Theme.LIGHT, 1204, 840),
    "dark": (Theme.DARK, 1204, 840),
    "narrow": (Theme.DARK, 824, 600),
}
EARLIER = datetime(2026, 11, 19, tzinfo=UTC)


def fill(models: FakeModels, servers: FakeServers) -> None:
    given = (model(8), model(1, name="Llama 3.2 1B Instruct", architecture="llama"))
    models.listed = {each.id: each for each in given}
    long = "A connection whose name " + "goes on and " * 9 + "on"
    here = make_endpoint(3, name="llama3 on 127.0.0.1:11434", base_url="http://127.0.0.1:11434/v1")
    servers.listed = {
        each.id: each
        for each in (
            make_endpoint(1, name="The big one", context_length=65_536),
            make_endpoint(2, name=long, base_url="http://models.example.com/v1"),
            replace(here, model="llama3", added_at=EARLIER),
        )
    }


@pytest.fixture(params=LOOKS)
def look(request, theme, bare_pane) -> str:
    wanted, width, height = LOOKS[request.param]
    theme.apply(wanted, 100, reduce_motion=True)
    bare_pane.resize(width, height)
    return str(request.param)


@pytest.fixture
def shoot(screenshot):
    """Take the picture once all pending layout is done."""

    def settle_and_save(widget: QWidget, name: str) -> None:
        for _round in range(4):  # a layout may ask for another one
            QApplication.sendPostedEvents()
            QApplication.processEvents()
        screenshot(widget, name)

    return settle_and_save


def card(pane: ModelsPane, number: int) -> EndpointCard:
    found = pane.findChildren(EndpointCard)
    return next(each for each in found if each.state.endpoint.id == number)


def test_screenshot_in_use(look, open_pane, shoot, models, servers, qtbot):
    fill(models, servers)
    servers.use(servers.listed[1])
    pane = open_pane()
    qtbot.waitUntil(lambda: card(pane, 1).state.status is ServerStatus.IN_USE)
    shoot(pane, f"models_servers_{look}")


def test_screenshot_connecting_and_failed(look, open_pane, shoot, models, servers, qtbot):
    fill(models, servers)

    def fail(_cancel) -> None:
        raise CannotConnect(
            "models.example.com does not answer (connection refused).",
            "See that the server is running and that the address is right.",
        )

    servers.during = fail
    pane = open_pane()
    card(pane, 2).use_requested.emit(2)
    qtbot.waitUntil(lambda: card(pane, 2).state.problem is not None)
    servers.during = hold_until_cancelled
    card(pane, 1).use_requested.emit(1)
    qtbot.waitUntil(card(pane, 1).progress.isVisible)
    shoot(pane, f"models_servers_failed_{look}")
    card(pane, 1).cancel_requested.emit(1)
    qtbot.waitUntil(lambda: card(pane, 1).state.status is ServerStatus.IDLE)


def test_screenshot_removal(look, open_pane, shoot, models, servers):
    fill(models, servers)
    pane = open_pane()
    card(pane, 1).removal_requested.emit(1)
    shoot(pane, f"models_servers_remove_{look}")
    child(pane, ConfirmSheet).dismiss()
