from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QApplication

from app.base.paths import DataPaths
from app.ui.chat.pane import ChatPane
from app.ui.chat.transcript import Transcript
from app.ui.icons import Icons
from app.ui.notices import NoticeRelay
from app.ui.pane import PaneContext
from app.ui.theme import ThemeKeeper
from tests.ui.chat.fakes import FakeServices, fake_services


@pytest.fixture
def services(paths: DataPaths) -> FakeServices:
    return fake_services(paths.settings)


@pytest.fixture
def open_pane(
    qtbot, context: PaneContext, services: FakeServices
) -> Iterator[Callable[..., ChatPane]]:
    """Make the pane, with what a test has put into the services by then."""
    relay = NoticeRelay()

    def open_it(width: int = 1204, height: int = 840) -> ChatPane:
        pane = ChatPane(context)
        qtbot.addWidget(pane)
        context.actions.add(pane.actions_offered())
        pane.resize(width, height)
        pane.show()
        pane.attach(services)  # type: ignore[arg-type]  # the fakes stand for app.bootstrap.Services
        relay.changed.connect(pane.notice)
        relay.listen(services.notices)
        # Widgets made while their parent is being shown appear a turn later.
        qtbot.waitUntil(lambda: pane.view.isVisible() and context.jobs.running == 0)
        QApplication.processEvents()  # what the jobs found is on its way then
        pane.activateWindow()
        return pane

    yield open_it
    relay.close()
    relay.deleteLater()


@pytest.fixture
def transcript(qtbot, theme: ThemeKeeper, icons: Icons) -> Transcript:
    shown = Transcript(theme, icons)
    qtbot.addWidget(shown)
    shown.resize(900, 700)
    shown.show()
    return shown
