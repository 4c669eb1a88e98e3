"""Which model shall answer."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest
from PySide6.QtWidgets import QComboBox

from app.base.changes import Notices
from app.bootstrap import Services
from app.modelhub.borrowing import Wanted
from app.modelhub.in_use import ModelInUse
from app.ui.forms.model_choice import ModelChoice
from tests.ui.models.fakes import FakeModels, FakeServers, make_endpoint, make_model
from tests.ui.text.finding import child


class Models(FakeModels):
    """Files only: what is loaded is what is in use."""

    @property
    def in_use(self) -> ModelInUse | None:
        return self.loaded


@pytest.fixture
def services() -> SimpleNamespace:
    notices = Notices()
    models = Models(notices)
    return SimpleNamespace(models=models, endpoints=FakeServers(notices, models))


@pytest.fixture
def choice(qtbot, context, services) -> ModelChoice:
    made = ModelChoice(context, "Model")
    qtbot.addWidget(made)
    return made


def titles(choice: ModelChoice) -> list[str]:
    box = child(choice, QComboBox)
    return [box.itemText(at) for at in range(box.count())]


def read(qtbot, choice: ModelChoice, services: SimpleNamespace, *expected: str) -> None:
    """Have it read the list, until it shows these."""
    choice.attach(cast(Services, services))
    qtbot.waitUntil(lambda: titles(choice) == list(expected))


NONE = "The model in use: none yet"


def test_files_that_are_called_alike_are_told_apart_by_their_file_names(qtbot, choice, services):
    one, two = (make_model(each, name="Qwen3 8B", quantization="Q4_K_M") for each in (1, 2))
    services.models.put(one)
    services.models.put(two)
    shown = [f"Qwen3 8B · Q4_K_M · {each.path.name}" for each in services.models.models()]
    assert len(set(shown)) == 2
    read(qtbot, choice, services, NONE, *shown)


def test_everything_that_can_answer_is_listed(qtbot, choice, services):
    model, server = make_model(1, name="Qwen3 8B", quantization="Q4_K_M"), make_endpoint(5)
    services.models.put(model)
    services.endpoints.put(server)
    services.models.load(model.id)
    in_use = "The model in use: Qwen3 8B · Q4_K_M"
    read(qtbot, choice, services, in_use, "Qwen3 8B · Q4_K_M", server.name)
    assert choice.wanted == Wanted()
    choice.choose(Wanted(endpoint=server.id))
    assert choice.wanted == Wanted(endpoint=server.id)


def test_no_model_in_use_is_said_and_cannot_answer(qtbot, choice, services):
    assert choice.chosen.can_answer  # nothing is missed before it is known
    with qtbot.waitSignal(choice.changed):
        read(qtbot, choice, services, NONE)
    assert not choice.chosen.can_answer


def test_choice_stays_when_the_list_is_read_again(qtbot, choice, services):
    one, two = make_model(1, name="One"), make_model(2, name="Two")
    listed = f"Two · {two.quantization}", f"One · {one.quantization}"
    services.models.put(one)
    services.models.put(two)
    read(qtbot, choice, services, NONE, *listed)
    choice.choose(Wanted(model=one.id))
    services.models.load(two.id)
    read(qtbot, choice, services, f"The model in use: {listed[0]}", *listed)
    assert choice.wanted == Wanted(model=one.id)


def test_missing_file_is_named_as_such(qtbot, choice, services):
    model = replace(make_model(1, name="One"), is_present=False)
    services.models.put(model)
    read(qtbot, choice, services, NONE, f"One · {model.quantization} · file is missing")
    choice.choose(Wanted(model=model.id))
    assert not choice.chosen.can_answer


def test_model_that_was_removed_gives_way_to_the_one_in_use(qtbot, choice, services):
    model = make_model(1, name="One")
    services.models.put(model)
    read(qtbot, choice, services, NONE, f"One · {model.quantization}")
    choice.choose(Wanted(model=model.id))
    services.models.remove(model.id)
    read(qtbot, choice, services, NONE)
    assert choice.wanted == Wanted()
