"""The chat pane as a person asks in it: type, click, stop, ask again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListView, QWidget

from app.base.errors import AppError
from app.engine.messages import Role
from app.engine.protocol import FinishReason
from app.library.entities import Scope
from app.ui.actions import ActionSpec, ActionTable
from app.ui.chat.pane import ChatPane
from app.ui.pane import PaneContext
from tests.ui.chat.driving import answer_text, ask, open_chat, question, shown, words
from tests.ui.chat.fakes import (
    LOCAL_MODEL,
    MODEL_RECORD,
    QUOTED_RECORD,
    FakeLoaded,
    FakeServices,
    Script,
    make_citation,
)
from tests.ui.chat.samples import quoted
from tests.ui.text.finding import button, child, has_button

OpenPane = Callable[..., ChatPane]
CITED = replace(QUOTED_RECORD, citations=(make_citation(1),))


def test_first_question_makes_a_chat_and_shows_its_answer(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    services.chat.script = Script(("Three months [1].",), CITED)
    pane = open_pane()
    ask(qtbot, pane, "How long?")
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)
    assert [each.role for each in shown(pane)] == [Role.USER, Role.ASSISTANT]
    assert answer_text(pane) == "Three months  1 ."
    assert "Quoted answer" in words(pane)
    assert question(pane).toPlainText() == ""
    qtbot.waitUntil(lambda: "How long?" in words(pane.view.header))
    assert pane.view.sidebar.items.index_of(next(iter(services.chat.stored))).isValid()


def test_chat_that_is_shown_stays_marked_in_the_list(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    services.chat.add("Other")
    pane = open_pane()
    ask(qtbot, pane, "How long?")
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)
    chats = child(pane.view.sidebar, QListView)
    qtbot.waitUntil(lambda: chats.currentIndex().data() == "How long?")
    services.chat.rename(list(services.chat.stored)[-1], "Renamed")
    qtbot.waitUntil(lambda: chats.currentIndex().data() == "Renamed")


def test_question_and_stage_are_seen_before_any_answer(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    gate = threading.Event()
    services.chat.script = Script(("", "Done."), QUOTED_RECORD, gate)
    pane = open_pane()
    ask(qtbot, pane, "How long?")
    assert len(pane.view.transcript.widgets) == 2
    assert "Searching your documents" in words(pane) or "Quoted answer" in words(pane)
    assert button(pane, "Stop").isEnabled()
    gate.set()
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)
    assert button(pane, "Send")


def test_answer_of_a_model_is_labelled_with_it(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    services.models.loaded = FakeLoaded(LOCAL_MODEL)
    services.chat.script = Script(("Yes.",), MODEL_RECORD)
    pane = open_pane()
    qtbot.waitUntil(lambda: has_button(pane.view.header, "Qwen3 8B"))
    ask(qtbot, pane, "Sure?")
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)
    assert "Q4_K_M · 12.5 tok/s · 312 tokens" in words(pane)


def test_stop_is_seen_at_once(qtbot, open_pane: OpenPane, services: FakeServices) -> None:
    services.chat.script = Script(("One ", "two"), MODEL_RECORD, threading.Event())
    pane = open_pane()
    ask(qtbot, pane, "Count")
    qtbot.waitUntil(lambda: "One" in answer_text(pane))
    began = time.perf_counter()
    qtbot.mouseClick(button(pane, "Stop"), Qt.MouseButton.LeftButton)
    assert not button(pane, "Stop").isEnabled()
    assert "Stopping" in words(pane)
    assert time.perf_counter() - began < 0.2
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)
    record = shown(pane)[-1].record
    assert record is not None
    assert record.finish is FinishReason.STOPPED
    assert "You stopped this answer." in words(pane)
    assert answer_text(pane) == "One"


def _enabled(spec: ActionSpec) -> bool:
    return spec.is_enabled


def test_stop_by_its_shortcut(
    qtbot, open_pane: OpenPane, services: FakeServices, context: PaneContext
) -> None:
    services.chat.script = Script(("One ", "two"), MODEL_RECORD, threading.Event())
    pane = open_pane()
    actions: ActionTable = context.actions
    stop = next(each for each in actions.specs if each.id == "chat.stop")
    assert stop.shortcut == "Ctrl+."
    assert not _enabled(stop)
    ask(qtbot, pane, "Count")
    qtbot.waitUntil(lambda: "One" in answer_text(pane))
    assert _enabled(stop)
    actions.run("chat.stop")
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)


def test_regenerate_adds_an_answer_and_arrows_go_between(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    services.chat.script = Script(("First.",))
    pane = open_pane()
    ask(qtbot, pane, "Say")
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)
    services.chat.script = Script(("Second.",))
    button(pane.view.transcript, "Regenerate").click()
    qtbot.waitUntil(lambda: shown(pane)[-1].text == "Second.")
    assert "2 of 2" in words(pane)
    assert not button(pane, "Next answer").isEnabled()
    button(pane, "Previous answer").click()
    qtbot.waitUntil(lambda: shown(pane)[-1].text == "First.")
    assert "1 of 2" in words(pane)


def test_regenerating_survives_a_reload_in_between(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    services.chat.script = Script(("First.",))
    pane = open_pane()
    ask(qtbot, pane, "Say")
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)
    qtbot.waitUntil(lambda: has_button(pane.view.transcript, "Regenerate"))
    gate = threading.Event()
    services.chat.script = Script(("Second, ", "at last."), gate=gate)
    button(pane.view.transcript, "Regenerate").click()
    qtbot.waitUntil(lambda: "Second" in answer_text(pane))
    first = next(iter(services.chat.stored))
    services.chat.rename(first, "Another title")
    qtbot.waitUntil(lambda: "Another title" in words(pane.view.header))
    qtbot.waitUntil(lambda: pane.context.jobs.running == 1)
    assert answer_text(pane) == "Second,"
    gate.set()
    qtbot.waitUntil(lambda: shown(pane)[-1].text == "Second, at last.")


def test_answer_goes_on_while_another_chat_is_shown(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    services.chat.add("Other", quoted())
    gate = threading.Event()
    services.chat.script = Script(("One ", "two."), gate=gate)
    pane = open_pane()
    ask(qtbot, pane, "Count")
    qtbot.waitUntil(lambda: "One" in answer_text(pane))
    asked = list(services.chat.stored)[1]
    open_chat(qtbot, pane, services, at=0)
    assert not has_button(pane, "Stop")
    pane.show_conversation(asked)
    qtbot.waitUntil(lambda: len(pane.view.transcript.widgets) == 2)
    assert button(pane, "Stop")
    assert answer_text(pane) == "One"
    gate.set()
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)
    assert answer_text(pane) == "One two."


def test_failure_is_said_and_the_question_can_be_answered_again(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    services.chat.script = Script(fail=AppError("The disk is full.", "Free some space."))
    pane = open_pane()
    ask(qtbot, pane, "How long?")
    qtbot.waitUntil(lambda: "The disk is full." in words(pane))
    qtbot.waitUntil(lambda: "This question has no answer yet." in words(pane))
    services.chat.script = Script(("Three months.",))
    button(pane, "Answer it").click()
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)
    assert "This question has no answer yet." not in words(pane)


def test_failure_before_anything_is_stored_gives_the_question_back(
    qtbot, open_pane: OpenPane, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(scope: Scope | None = None, persona: object = None) -> None:
        raise AppError("The disk is full.")

    monkeypatch.setattr(services.chat, "create", refuse)
    pane = open_pane()
    ask(qtbot, pane, "How long?")
    qtbot.waitUntil(lambda: "The disk is full." in words(pane))
    assert question(pane).toPlainText() == "How long?"
    assert pane.view.shows_start


def test_question_that_could_not_be_stored_in_an_old_chat_is_given_back(
    qtbot, open_pane: OpenPane, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_named: object) -> None:
        raise AppError("The disk is full.")

    pane = open_pane()
    ask(qtbot, pane, "How long?")
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)
    monkeypatch.setattr(services.chat, "ask", refuse)
    ask(qtbot, pane, "And how much?")
    qtbot.waitUntil(lambda: question(pane).toPlainText() == "And how much?")
    assert "The disk is full." in words(pane)
    assert len(shown(pane)) == 2
    assert "This question has no answer yet." not in words(pane)


def test_broken_off_answer_keeps_its_text_and_offers_to_try_again(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    broken = replace(MODEL_RECORD, finish=FinishReason.FAILED, error="The model ran out of memory.")
    services.chat.script = Script(("Three mon",), broken)
    pane = open_pane()
    ask(qtbot, pane, "How long?")
    qtbot.waitUntil(lambda: "The answer broke off." in words(pane))
    assert "The model ran out of memory." in words(pane)
    assert answer_text(pane) == "Three mon"
    services.chat.script = Script(("Three months.",))
    again = [
        each
        for each in pane.view.transcript.findChildren(QWidget)
        if each.property("kind") == "bar" and each.isVisible()
    ]
    qtbot.mouseClick(again[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: shown(pane)[-1].text == "Three months.")


def test_nothing_found_is_said_plainly(qtbot, open_pane: OpenPane, services: FakeServices) -> None:
    nothing = replace(QUOTED_RECORD, found_nothing=True)
    services.chat.script = Script(("Nothing in your documents answers this.",), nothing)
    pane = open_pane()
    ask(qtbot, pane, "What is love?")
    qtbot.waitUntil(lambda: "Try other words" in words(pane))
    assert words(pane).count("Nothing in your documents answers this.") == 1
