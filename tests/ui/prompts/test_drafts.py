"""Saving what is typed: in order, together, and never forgotten."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import QObject

from app.base.errors import AppError
from app.prompts.entities import Content, Prompt, PromptId
from app.ui.jobs import JobRunner
from app.ui.prompts.drafts import DraftKeeper
from tests.ui.prompts.driving import text

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ONE, TWO = PromptId(1), PromptId(2)
WAIT_S = 5.0


class SlowPrompts:
    """Saves once its gate is open; fails while it has a problem."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.problem: AppError | None = None
        self.saved: list[tuple[PromptId, Content]] = []
        self.begun = 0

    def save_draft(self, prompt_id: PromptId, content: Content) -> bool:
        self.begun += 1
        assert self.gate.wait(WAIT_S)
        if self.problem is not None:
            raise self.problem
        self.saved.append((prompt_id, content))
        return True

    def get(self, prompt_id: PromptId) -> Prompt:
        return Prompt(prompt_id, f"prompt-{prompt_id}", NOW, NOW, has_draft=True)


class Desk:
    """A keeper, and somebody who types."""

    def __init__(self, jobs: JobRunner, owner: QObject) -> None:
        self.keeper = DraftKeeper(jobs, owner)

    def type_into(self, prompt_id: PromptId, words: str) -> None:
        self.keeper.touch(prompt_id, text(words))


@pytest.fixture
def service() -> SlowPrompts:
    return SlowPrompts()


@pytest.fixture
def desk(qtbot, jobs: JobRunner, service: SlowPrompts) -> Iterator[Desk]:
    owner = QObject()
    desk = Desk(jobs, owner)
    desk.keeper.attach(service)  # type: ignore[arg-type]  # stands in for the service
    yield desk
    owner.deleteLater()


@pytest.fixture
def keeper(desk: Desk) -> DraftKeeper:
    return desk.keeper


def test_keeper_typing_on_saves_once_after_a_rest(desk, keeper, service, qtbot):
    for words in ("a", "ab", "abc"):
        desk.type_into(ONE, words)
    assert keeper.is_unsaved(ONE)
    with qtbot.waitSignal(keeper.saved):
        pass
    assert service.saved == [(ONE, text("abc"))]
    assert not keeper.is_unsaved(ONE)


def test_keeper_typing_while_a_save_is_under_way_saves_the_last_words_last(
    desk, keeper, service, qtbot
):
    service.gate.clear()
    desk.type_into(ONE, "first")
    keeper.flush()
    qtbot.waitUntil(lambda: service.begun == 1)
    desk.type_into(ONE, "second")
    keeper.flush()
    desk.type_into(TWO, "other")
    keeper.flush()
    service.gate.set()
    qtbot.waitUntil(lambda: len(service.saved) == 3)
    assert service.saved == [(ONE, text("first")), (ONE, text("second")), (TWO, text("other"))]


def test_save_now_waits_for_the_save_under_way_and_adds_the_last_words(
    desk, keeper, service, qtbot
):
    service.gate.clear()
    desk.type_into(ONE, "first")
    keeper.flush()
    qtbot.waitUntil(lambda: service.begun == 1)
    desk.type_into(ONE, "second")
    opener = threading.Timer(0.05, service.gate.set)
    opener.start()
    keeper.save_now()
    opener.join()
    assert service.saved == [(ONE, text("first")), (ONE, text("second"))]


def test_failed_save_is_held_and_saved_at_the_next_change(desk, keeper, service, qtbot):
    service.problem = AppError("No room.")
    desk.type_into(ONE, "first")
    with qtbot.waitSignal(keeper.failed) as failed:
        pass
    assert failed.args == [ONE, service.problem]
    assert keeper.problem(ONE) is service.problem
    assert keeper.unsaved(ONE) == text("first")
    with pytest.raises(AppError):
        keeper.save_now()
    service.problem = None
    desk.type_into(ONE, "second")
    with qtbot.waitSignal(keeper.saved):
        pass
    assert service.saved == [(ONE, text("second"))]
    assert keeper.problem(ONE) is None


def test_then_runs_after_what_was_typed_is_saved(desk, keeper, service, qtbot):
    desk.type_into(ONE, "first")
    outcome: list[object] = []
    keeper.then(lambda: tuple(service.saved), outcome.append, outcome.append)
    qtbot.waitUntil(lambda: len(outcome) == 1)
    assert outcome == [((ONE, text("first")),)]


def test_then_fails_with_the_save_before_it(desk, keeper, service, qtbot):
    service.problem = AppError("No room.")
    desk.type_into(ONE, "first")
    done: list[object] = []
    failed: list[AppError] = []
    keeper.then(lambda: None, done.append, failed.append)
    qtbot.waitUntil(lambda: len(failed) == 1)
    assert failed == [service.problem]
    assert done == []


def test_forget_lets_go_of_what_was_typed(desk, keeper, service, qtbot):
    desk.type_into(ONE, "first")
    keeper.forget(ONE)
    outcome: list[object] = []
    keeper.then(lambda: None, outcome.append, outcome.append)
    qtbot.waitUntil(lambda: len(outcome) == 1)
    assert service.saved == []
