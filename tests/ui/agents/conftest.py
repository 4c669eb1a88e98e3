"""The real agents, runs and tools, with a model that says what a test lets it say."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.agents.approvals import Desk
from app.agents.drafts import AgentDraft
from app.agents.entities import Agent, GrantedFolder, Policy, ToolPolicy
from app.agents.grants import GrantBook
from app.agents.running.runner import Runner
from app.agents.runs import RunService
from app.agents.service import AgentService
from app.agents.trace import Run
from app.base.changes import Notices
from app.base.paths import DataPaths
from app.prompts.service import PromptService
from app.settings.store import SettingsStore
from app.storage.db import Database
from app.ui.agents.pane import AgentsPane
from app.ui.notices import NoticeRelay
from app.ui.pane import PaneContext
from tests.unit.agents.doubles import ModelDouble, ToolDouble, says


class Bench:
    """What the pane works with.

    Attributes:
        model: answers; `model.replies` is what it says.
        served: the tools of servers.
    """

    def __init__(self, paths: DataPaths, database: Database) -> None:
        self.model = ModelDouble(says("Done."))
        self.served: list[ToolDouble] = []
        self.notices = Notices()
        self.settings = SettingsStore(paths.settings)
        self.grants = GrantBook(database)
        self.agents = AgentService(database, self.notices, self.grants)
        self.library = SimpleNamespace(collections=tuple)
        self._database = database
        self.runs = self.open_runs()
        self.services: Any = SimpleNamespace(
            agents=self.agents,
            agent_runs=self.runs,
            prompts=PromptService(database, self.notices),
            library=self.library,
            settings=self.settings,
            notices=self.notices,
            models=SimpleNamespace(in_use=None, models=tuple),
            endpoints=SimpleNamespace(endpoints=tuple),
            tool_servers=SimpleNamespace(all_tools=lambda: tuple(self.served)),
        )

    def open_runs(self) -> RunService:
        """The runs, served as after a start of Cairn."""
        lending: Any = self.model
        library: Any = self.library
        runner = Runner(
            self.settings, self._database, lending, library, self.grants, lambda: self.served
        )
        return RunService(self._database, self.notices, runner)

    def agent(self, *names: str, policy: Policy = Policy.ASK, **more: Any) -> Agent:
        """Keep an agent that has tools of these names."""
        tools = tuple(ToolPolicy(name, policy) for name in names)
        return self.agents.create_like(AgentDraft(more.pop("name", "Worker"), tools=tools, **more))

    def interrupt(self, agent: Agent, task: str) -> Run:
        """Have Cairn end while a run of the agent waits for the person."""
        is_asked = threading.Event()
        desk = Desk(lambda _request: is_asked.set(), lambda _question: is_asked.set())
        work = threading.Thread(target=lambda: self.runs.run(agent, task, desk))
        work.start()
        assert is_asked.wait(20)
        self.runs.close()
        work.join()
        self.runs = self.services.agent_runs = self.open_runs()
        return self.runs.runs()[0]


@pytest.fixture
def quick_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cards can be answered soon after they appear; the test of the guard does without this."""
    for module in ("approval_card", "question_card"):
        monkeypatch.setattr(f"app.ui.agents.{module}.GUARD_MS", 20)


@pytest.fixture
def bench(paths: DataPaths) -> Iterator[Bench]:
    database = Database(paths.database)
    database.open()
    bench = Bench(paths, database)
    yield bench
    bench.runs.close()
    database.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to work in, with a few files."""
    made = tmp_path / "papers"
    made.mkdir()
    (made / "notes.md").write_text("# Notes\nBuy tea\nCall Ada\n")
    return made


@pytest.fixture
def writer(bench: Bench, folder: Path) -> Agent:
    """An agent that asks before it reads and writes in the folder."""
    return bench.agent("read_file", "write_file", folders=(GrantedFolder(folder, can_write=True),))


@pytest.fixture
def open_pane(qtbot, context: PaneContext, bench: Bench) -> Iterator[Callable[..., AgentsPane]]:
    """Make the pane, and wait until it shows what there is."""
    relay = NoticeRelay()

    def open_it(width: int = 1204, height: int = 840) -> AgentsPane:
        pane = AgentsPane(context)
        qtbot.addWidget(pane)
        context.actions.add(pane.actions_offered())
        pane.resize(width, height)
        pane.show()
        pane.attach(bench.services)
        relay.changed.connect(pane.notice)
        relay.listen(bench.notices)
        qtbot.waitUntil(lambda: pane.view.empty.isVisible() or pane.view.run_page.isVisible())
        qtbot.waitUntil(lambda: context.jobs.running == 0)
        pane.activateWindow()
        return pane

    yield open_it
    relay.close()
    relay.deleteLater()
