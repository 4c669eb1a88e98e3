"""Services with a scripted engine, a small suite, and models by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import Services
from app.engine.messages import Role, Turn
from app.evals.entities import Item
from app.evals.runs.entities import ModelChoice, Run, RunPlan, StoredSuite
from app.modelhub.entities import LocalModel
from tests.doubles.scripted_gguf import scripted_gguf

EXACT = {"metric": "exact_match"}
WAIT_S = 60

Import = Callable[[str], LocalModel]
Finish = Callable[..., Run]


def item(key: str, question: str, *targets: str, **metadata: object) -> Item:
    """An item with one question."""
    return Item(key, (Turn(Role.USER, question),), targets, ("odd",) * (key == "a"), metadata)


ITEMS = (item("a", "Say yes.", "yes"), item("b", "Say no.", "no"), item("c", "Say it.", "perhaps"))


@pytest.fixture
def import_model(tmp_path: Path) -> Callable[[Services, str], LocalModel]:
    """Put a model on the list; the scripted engine answers for all of them."""

    def make(services: Services, name: str = "one") -> LocalModel:
        path = tmp_path / f"{name}.gguf"
        if not path.exists():
            scripted_gguf(path, {"": name})
        return services.models.import_file(path)

    return make


def suite_of(services: Services, *items: Item) -> StoredSuite:
    """A suite of these items, or of the three of every test."""
    return services.evals.suites.create("Words", items or ITEMS, metrics=(EXACT,))


def finished(services: Services, plan: RunPlan) -> Run:
    """A run, when it is done."""
    run = services.evals.start(plan)
    assert services.evals.wait(run.id, WAIT_S)
    return services.evals.run(run.id)


def plan_for(suite: StoredSuite, *models: LocalModel, **more: Any) -> RunPlan:
    """A plan over these models."""
    return RunPlan(suite.id, tuple(ModelChoice(each.id) for each in models), **more)
