from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from app.base.changes import Notices
from app.base.paths import DataPaths
from app.evals.opening import ModelMetrics
from app.evals.runs.entities import Run, RunPlan, StoredSuite
from app.evals.service import EvalService, Parts
from app.evals.suites.service import SuiteService
from app.settings.store import SettingsStore
from app.storage.db import Database
from app.ui.evals.pane import EvalsPane
from app.ui.notices import NoticeRelay
from app.ui.pane import PaneContext
from tests.ui.evals.doubles import Models, item

EXACT = {"metric": "exact_match"}
SIMILAR = {"metric": "rouge_l"}
QUESTIONS = tuple(
    item(f"q-{number:02}", f"Question {number}: is {number} even?", "yes" if number % 2 == 0 else
         "no", tags=("even",) if number % 2 == 0 else ())
    for number in range(1, 13)
)  # fmt: skip
WAIT_S = 20


@pytest.fixture
def notices() -> Notices:
    return Notices()


@pytest.fixture
def models() -> Models:
    return Models()


@pytest.fixture
def evals(paths: DataPaths, notices: Notices, models: Models) -> Iterator[EvalService]:
    """The real service on a real database; `models` answer."""
    database = Database(paths.database)
    database.open()
    metrics = ModelMetrics(None, None, None, None)  # type: ignore[arg-type]  # no model judges
    suites = SuiteService(database, notices)
    parts = Parts(SimpleNamespace(), models, models, metrics)  # type: ignore[arg-type]  # doubles
    service = EvalService(database, notices, suites, parts)
    yield service
    models.gate.set()
    service.close()
    database.close()


@pytest.fixture
def suite(evals: EvalService) -> StoredSuite:
    return evals.suites.create("Even numbers", QUESTIONS, metrics=(EXACT, SIMILAR))


@pytest.fixture
def finished(evals: EvalService, suite: StoredSuite, models: Models) -> Callable[..., Run]:
    """Make a run that is done: the first candidate says yes, the other what is right."""

    def make(**more: Any) -> Run:
        run = evals.start(RunPlan(suite.id, **more))
        assert evals.wait(run.id, WAIT_S)
        return evals.run(run.id)

    models.answer = lambda name, question: (
        "yes" if name.endswith("Q8_0") or int(question.split()[1].strip(":")) % 2 == 0 else "no"
    )
    return make


@pytest.fixture
def services(paths: DataPaths, evals: EvalService, notices: Notices) -> Any:
    return SimpleNamespace(evals=evals, notices=notices, settings=SettingsStore(paths.settings))


@pytest.fixture
def open_pane(
    qtbot, context: PaneContext, services: Any, notices: Notices
) -> Iterator[Callable[..., EvalsPane]]:
    """Make the pane with what a test has put into the services, and wait until it rests."""
    relay = NoticeRelay()

    def open_it(width: int = 1204, height: int = 840) -> EvalsPane:
        pane = EvalsPane(context)
        qtbot.addWidget(pane)
        context.actions.add(pane.actions_offered())
        pane.resize(width, height)
        pane.show()
        pane.attach(services)
        relay.changed.connect(pane.notice)
        relay.listen(notices)
        qtbot.waitUntil(lambda: not pane.is_reading)
        pane.activateWindow()
        return pane

    yield open_it
    relay.close()
    relay.deleteLater()
