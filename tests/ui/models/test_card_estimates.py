from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QObject

from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.engine.options import LoadOptions
from app.modelhub.fit import Fit
from app.ui.models.card_estimates import CardEstimates
from tests.ui.models.fakes import FakeModels, make_model

ONE, TWO = make_model(1), make_model(2)


@pytest.fixture
def owner(qapp):
    owner = QObject()
    yield owner
    owner.deleteLater()


@pytest.fixture
def estimates(jobs, models, owner) -> CardEstimates:
    models.listed = {ONE.id: ONE, TWO.id: TWO}
    return CardEstimates(jobs, models, owner)


def told(signal) -> list[int]:
    seen: list[int] = []
    signal.connect(lambda model_id, _what: seen.append(model_id))
    return seen


def test_models_are_estimated_one_after_the_other(estimates, models, qtbot, monkeypatch):
    at_once: list[int] = []
    most: list[int] = []
    real = models.estimate

    def estimate(model_id, options, cancel) -> Fit:
        at_once.append(model_id)
        most.append(len(at_once))
        fit: Fit = real(model_id, options, cancel)
        at_once.remove(model_id)
        return fit

    monkeypatch.setattr(models, "estimate", estimate, raising=False)
    seen = told(estimates.estimated)
    estimates.want((ONE, TWO))
    qtbot.waitUntil(lambda: seen == [1, 2])
    assert most == [1, 1]


def test_missing_file_is_left_out_and_a_failure_does_not_stop_the_rest(estimates, models, qtbot):
    models.no_estimate[ONE.id] = AppError("The file is damaged.")
    seen, failed = told(estimates.estimated), told(estimates.failed)
    estimates.want((make_model(3, is_present=False), ONE, TWO))
    qtbot.waitUntil(lambda: (seen, failed) == ([2], [1]))


def test_hold_breaks_off_the_one_under_way_and_forgets_the_others(
    estimates, models: FakeModels, qtbot, monkeypatch
):
    asked: list[int] = []
    is_asked = threading.Event()
    is_over = threading.Event()

    def estimate(model_id, _options: LoadOptions | None, cancel: CancelToken) -> None:
        asked.append(model_id)
        is_asked.set()
        stopped = threading.Event()
        cancel.on_cancel(stopped.set)
        assert stopped.wait(10)
        is_over.set()
        cancel.check()

    with monkeypatch.context() as patch:
        patch.setattr(models, "estimate", estimate, raising=False)
        estimates.want((ONE, TWO))
        assert is_asked.wait(5)
        estimates.hold()
        assert is_over.wait(5)
    seen = told(estimates.estimated)
    estimates.want((TWO,))
    qtbot.waitUntil(lambda: seen == [2])
    assert asked == [1]
