from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
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
from tests.ui.evals.judges import Judges

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
def judges() -> Judges:
    return Judges()


@contextmanager
def serving(
    file: Path, notices: Notices, models: Models, judges: Judges | None = None
) -> Iterator[EvalService]:
    """The real service on a real database; `models` answer and `judges` judge."""
    database = Database(file)
    database.open()
    metrics = ModelMetrics(None, judges, judges, judges)  # type: ignore[arg-type]  # doubles
    suites = SuiteService(database, notices)
    parts = Parts(SimpleNamespace(), models, models, metrics)  # type: ignore[arg-type]  # doubles
    service = EvalService(database, notices, suites, parts)
    yield service
    models.gate.set()
    service.close()
    database.close()


def right(name: str, question: str) -> str:
    """The first candidate always says yes, the other what is right."""
    is_even = int(question.split()[1].strip(":")) % 2 == 0
    return "yes" if name.endswith("Q8_0") or is_even else "no"


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An empty one, one with a suite, and one with a run that is done; made once, to be copied."""
    folder = tmp_path_factory.mktemp("evals")
    file, models = folder / "growing.db", Models()
    models.answer = right
    made: dict[str, Path] = {}

    def put_by(name: str) -> None:
        made[name] = folder / name
        shutil.copy(file, made[name])

    with serving(file, Notices(), models):
        pass
    put_by("empty")
    with serving(file, Notices(), models) as evals:
        evals.suites.create("Even numbers", QUESTIONS, metrics=(EXACT, SIMILAR))
    put_by("suite")
    with serving(file, Notices(), models) as evals:
        run = evals.start(RunPlan(evals.suites.suites()[0].id))
        assert evals.wait(run.id, WAIT_S)
    put_by("finished")
    return made


@pytest.fixture
def evals(
    request: pytest.FixtureRequest,
    paths: DataPaths,
    databases: dict[str, Path],
    notices: Notices,
    models: Models,
    judges: Judges,
) -> Iterator[EvalService]:
    """The real service; on a database that has what the test asks for."""
    asked = request.fixturenames
    has = next((each for each in ("finished", "suite") if each in asked), "empty")
    shutil.copy(databases[has], paths.database)
    with serving(paths.database, notices, models, judges) as service:
        yield service


@pytest.fixture
def suite(evals: EvalService) -> StoredSuite:
    return evals.suites.find("Even numbers")


@pytest.fixture
def finished(evals: EvalService, suite: StoredSuite, models: Models) -> Callable[..., Run]:
    """The run that is done, or another one like it."""
    models.answer = right
    given: list[Run] = []

    def make(**more: Any) -> Run:
        if not more and not given:
            given.append(evals.runs()[0])
            return given[0]
        run = evals.start(RunPlan(suite.id, **more))
        assert evals.wait(run.id, WAIT_S)
        return evals.run(run.id)

    return make


@pytest.fixture
def services(paths: DataPaths, evals: EvalService, notices: Notices, judges: Judges) -> Any:
    return SimpleNamespace(
        evals=evals,
        notices=notices,
        settings=SettingsStore(paths.settings),
        models=judges,
        endpoints=judges,
    )


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
