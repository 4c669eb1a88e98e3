from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from app.base.changes import Notices
from app.base.paths import DataPaths
from app.prompts.service import PromptService
from app.settings.store import SettingsStore
from app.storage.db import Database
from app.ui.notices import NoticeRelay
from app.ui.pane import PaneContext
from app.ui.prompts.pane import PromptsPane


@pytest.fixture
def notices() -> Notices:
    return Notices()


@pytest.fixture
def prompts(paths: DataPaths, notices: Notices) -> Iterator[PromptService]:
    """The real prompts, of an empty database."""
    database = Database(paths.database)
    database.open()
    yield PromptService(database, notices)
    database.close()


@pytest.fixture
def services(paths: DataPaths, notices: Notices, prompts: PromptService) -> Any:
    """No model is in use, and there are no documents."""
    models = SimpleNamespace(in_use=None, models=tuple)
    return SimpleNamespace(
        prompts=prompts,
        settings=SettingsStore(paths.settings),
        notices=notices,
        models=models,
        endpoints=SimpleNamespace(endpoints=tuple),
        library=SimpleNamespace(),
        lending=SimpleNamespace(),
        evals=SimpleNamespace(last_score=lambda _prompt_id, _number: None),
    )


@pytest.fixture
def open_pane(
    qtbot, context: PaneContext, services: Any, notices: Notices
) -> Iterator[Callable[..., PromptsPane]]:
    """Make the pane with what a test has put into the services, and wait until it rests."""
    relay = NoticeRelay()
    panes: list[PromptsPane] = []

    def open_it(width: int = 1204, height: int = 840) -> PromptsPane:
        pane = PromptsPane(context)
        panes.append(pane)
        qtbot.addWidget(pane)
        context.actions.add(pane.actions_offered())
        pane.resize(width, height)
        pane.show()
        pane.attach(services)
        relay.changed.connect(pane.notice)
        relay.listen(notices)
        qtbot.waitUntil(lambda: pane.view.empty.isVisible() or pane.view.page.isVisible())
        pane.activateWindow()
        return pane

    yield open_it
    relay.close()
    relay.deleteLater()
