"""An agent, the model that it speaks with, and a database for its runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.agents.approvals import Person
from app.agents.drafts import AgentDraft
from app.agents.entities import Budgets, Policy, ToolPolicy
from app.agents.grants import GrantBook
from app.agents.running.runner import Runner
from app.agents.runs import RunService
from app.agents.service import AgentService
from app.agents.trace import Run, RunEvent, Step, StepDetail
from app.base.changes import Notices
from app.base.jobs import CancelToken
from app.base.paths import DataPaths
from app.settings.store import SettingsStore
from app.storage.db import Database
from tests.unit.agents.doubles import ModelDouble, PersonDouble, Said, ToolDouble


@pytest.fixture
def database(data_paths: DataPaths) -> Iterator[Database]:
    database = Database(data_paths.database)
    database.open()
    yield database
    database.close()


class Bench:
    """Runs an agent with the tools and the model of a test."""

    def __init__(self, database: Database, paths: DataPaths) -> None:
        self.model = ModelDouble()
        self.tools: list[ToolDouble] = []
        self.events: list[RunEvent] = []
        self.grants = GrantBook(database)
        self.agents = AgentService(database, Notices(), self.grants)
        self._database = database
        self._paths = paths
        self.restart()

    def restart(self, tool_seconds: float = 20.0) -> None:
        """Serve the runs anew, as after a crash."""
        lending: Any = self
        library: Any = None
        self.runs = RunService(
            self._database,
            Notices(),
            Runner(
                SettingsStore(self._paths.settings),
                self._database,
                lending,
                library,
                self.grants,
                lambda: self.tools,
                tool_seconds,
            ),
        )

    def borrow(self, *wanted: Any, **more: Any) -> Any:
        return self.model.borrow(*wanted, **more)

    def agent(self, *tools: ToolDouble, policy: Policy = Policy.ALLOW, **more: Any) -> Any:
        """Keep an agent that has these tools."""
        self.tools = list(tools)
        policies = tuple(ToolPolicy(each.name, policy) for each in tools)
        draft = AgentDraft("Worker", tools=(*policies, *more.pop("also", ())), **more)
        return self.agents.create_like(draft)

    def run(
        self,
        *replies: Said,
        tools: tuple[ToolDouble, ...] = (),
        person: Person | None = None,
        policy: Policy = Policy.ALLOW,
        budgets: Budgets | None = None,
        cancel: CancelToken | None = None,
        **more: Any,
    ) -> Run:
        """Have a fresh agent do a task with a model that says these replies."""
        self.model.replies = list(replies)
        agent = self.agent(*tools, policy=policy, budgets=budgets or Budgets(), **more)
        answering = person or PersonDouble()
        return self.runs.run(agent, "Do it.", answering, self.events.append, cancel)

    def details(self, run: Run, kind: type[StepDetail]) -> list[Any]:
        """What happened of one kind, as it was stored."""
        return [each.detail for each in self.steps(run) if isinstance(each.detail, kind)]

    def steps(self, run: Run) -> tuple[Step, ...]:
        return self.runs.steps(run.id)


@pytest.fixture
def bench(database: Database, data_paths: DataPaths) -> Iterator[Bench]:
    bench = Bench(database, data_paths)
    yield bench
    bench.runs.close()
