"""The page of tool servers in a window, with real servers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from app.agents.mcp.entities import Limits
from app.agents.mcp.service import McpServers
from app.base.changes import Notices, Topic
from app.base.paths import DataPaths
from app.engine.remote.keys import Keys
from app.settings.schema import Theme
from app.ui.agents.servers.page import ServersPage
from app.ui.notices import NoticeRelay
from app.ui.pane import PaneContext
from tests.doubles.keyring import KeyringDouble
from tests.doubles.mcp_servers import RAW
from tests.ui.agents.servers.driving import served

LIMITS = Limits(start_s=20.0, call_s=20.0, end_s=0.3, relist_s=0.01)


@pytest.fixture
def keyring() -> KeyringDouble:
    return KeyringDouble()


@pytest.fixture
def servers(paths: DataPaths, keyring: KeyringDouble) -> Iterator[McpServers]:
    servers = McpServers(paths, Keys(keyring), limits=LIMITS)
    yield servers
    servers.close()


@pytest.fixture
def page(
    qtbot, context: PaneContext, servers: McpServers, paths: DataPaths
) -> Iterator[ServersPage]:
    """The page in a window of usual size, told of changes as the window does; no services yet."""
    notices = Notices()
    forget = servers.on_change(lambda: notices.changed(Topic.AGENTS))
    page = ServersPage(context)
    relay = NoticeRelay(page)
    relay.listen(notices)
    relay.changed.connect(page.agents_changed)
    qtbot.addWidget(page)
    page.resize(1128, 800)
    page.show()
    yield page
    forget()
    relay.close()


@pytest.fixture
def open_page(page: ServersPage, servers: McpServers, paths: DataPaths, qtbot):
    def open_it() -> ServersPage:
        page.attach(served(tool_servers=servers, paths=paths))
        qtbot.waitUntil(lambda: not page.is_reading)
        return page

    return open_it


@pytest.fixture
def add_raw(servers: McpServers) -> Callable[..., None]:
    def add(name: str = "raw", start: str = "", *, agreed: bool = False, **entry: Any) -> None:
        servers.add(name, {"command": sys.executable, "args": [str(RAW), start], **entry})
        if agreed:
            servers.agree(name, servers.to_agree(name).seal)

    return add


LOOKS = {
    "light": (Theme.LIGHT, 1128, 800),
    "dark": (Theme.DARK, 1128, 800),
    "narrow": (Theme.DARK, 684, 560),
}


@pytest.fixture(params=LOOKS)
def look(request, theme, page) -> str:
    wanted, width, height = LOOKS[request.param]
    theme.apply(wanted, 100, reduce_motion=True)
    page.resize(width, height)
    return str(request.param)


@pytest.fixture
def shoot(screenshot, look):
    """Take the picture once all pending layout is done."""

    def settle_and_save(widget: QWidget, name: str) -> None:
        for _round in range(4):  # a layout may ask for another one
            QApplication.sendPostedEvents()
            QApplication.processEvents()
        screenshot(widget, f"servers_{name}_{look}")

    return settle_and_save
