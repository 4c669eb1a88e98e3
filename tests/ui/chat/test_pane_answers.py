"""What can be done with an answer that is there: see how it was made, repeat it, mend it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from app.base.changes import Topic
from app.base.errors import AppError
from app.chat.entities import MessageId, Repeat
from app.chat.repeat import CannotRepeat
from app.engine.errors import ModelLoadError
from app.engine.host import EngineState, EngineStatus
from app.ui.chat.answer_actions import AnswerActions
from app.ui.chat.details_sheet import DetailsSheet
from app.ui.chat.pane import ChatPane
from tests.ui.chat.driving import open_chat, shown, words
from tests.ui.chat.fakes import (
    LOCAL_MODEL,
    MODEL_RECORD,
    FakeLoaded,
    FakeServices,
    Script,
)
from tests.ui.chat.samples import SENT, died, quoted, thoughtful
from tests.ui.text.finding import button, child, has_button

OpenPane = Callable[..., ChatPane]


def choose(pane: ChatPane, title: str) -> None:
    """Choose an entry of the menu of the last answer."""
    menu: QMenu = pane.view.transcript.findChildren(AnswerActions)[-1].menu()
    action = next(each for each in menu.actions() if each.text() == title)
    action.trigger()
    menu.close()


def lost(services: FakeServices) -> None:
    services.models.loaded = None
    services.models.state = EngineState(EngineStatus.STOPPED, LOCAL_MODEL.path)


def test_details_show_the_record_and_what_was_sent(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    services.chat.sent = SENT
    services.chat.add("A", thoughtful())
    pane = open_pane()
    open_chat(qtbot, pane, services)
    button(pane, "How this answer was made").click()
    sheet = child(pane, DetailsSheet)
    assert "12.5 tokens/s" in words(sheet)
    qtbot.waitUntil(lambda: "How long is the notice period?" in sheet.prompt.toPlainText())
    assert sheet.prompt.isVisible()
    button(sheet, "Copy all").click()
    copied = QGuiApplication.clipboard().text()
    assert "Seed: 1234567" in copied
    assert "Contract.pdf, page 3" in copied
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_details_of_what_cannot_be_read_say_why(
    qtbot, open_pane: OpenPane, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_message_id: MessageId) -> None:
        raise AppError("The database is gone.", "Restore it.")

    monkeypatch.setattr(services.chat, "whole_record", fail)
    services.chat.add("A", thoughtful())
    pane = open_pane()
    open_chat(qtbot, pane, services)
    choose(pane, "How this answer was made")
    sheet = child(pane, DetailsSheet)
    qtbot.waitUntil(lambda: "The database is gone." in words(sheet))
    assert "Q4_K_M" in words(sheet)
    sheet.dismiss()


def test_run_again_exactly_adds_an_answer_that_says_how_it_came_out(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    services.models.loaded = FakeLoaded(LOCAL_MODEL)
    services.chat.add("A", thoughtful())
    pane = open_pane()
    open_chat(qtbot, pane, services)
    first = shown(pane)[-1]
    again = replace(MODEL_RECORD, repeat=Repeat(first.id, is_same=True))
    services.chat.script = Script((first.text,), again)
    choose(pane, "Run again exactly")
    qtbot.waitUntil(lambda: len(shown(pane)) == 2 and shown(pane)[-1].id != first.id)
    assert services.chat.repeated == [first.id]
    qtbot.waitUntil(lambda: "it came out the same, word for word" in words(pane))
    assert "2 of 2" in words(pane)


def test_run_again_that_is_refused_says_what_differs_and_keeps_the_answer(
    qtbot, open_pane: OpenPane, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> None:
        raise CannotRepeat("Loaded is another model.", "Load the first one.")

    monkeypatch.setattr(services.chat, "repeat", refuse)
    services.chat.add("A", thoughtful())
    pane = open_pane()
    open_chat(qtbot, pane, services)
    before = shown(pane)
    choose(pane, "Run again exactly")
    qtbot.waitUntil(lambda: "Loaded is another model." in words(pane))
    qtbot.waitUntil(lambda: shown(pane) == before)
    assert not has_button(pane, "Answer it")


def test_quoted_answer_cannot_be_run_again(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    services.chat.add("A", quoted())
    pane = open_pane()
    open_chat(qtbot, pane, services)
    menu = pane.view.transcript.findChildren(AnswerActions)[-1].menu()
    assert "Run again exactly" not in [each.text() for each in menu.actions()]
    menu.close()
    assert has_button(pane, "How this answer was made")


def test_after_the_engine_died_one_click_loads_the_model_and_the_next_answers(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    lost(services)
    services.models.gate = threading.Event()
    services.chat.add("A", died())
    pane = open_pane()
    open_chat(qtbot, pane, services)
    qtbot.waitUntil(lambda: has_button(pane, "Load the model again"))
    button(pane, "Load the model again").click()
    qtbot.waitUntil(lambda: has_button(pane, "Loading the model"))
    assert not button(pane, "Loading the model").isEnabled()
    services.models.gate.set()
    bars = pane.view.transcript
    qtbot.waitUntil(lambda: not has_button(bars, "Loading the model"))
    assert services.models.loaded == FakeLoaded(LOCAL_MODEL)
    qtbot.waitUntil(lambda: has_button(pane.view.header, "Qwen3 8B"))
    services.chat.script = Script(("Three months.",), MODEL_RECORD)
    again = [
        each
        for each in bars.findChildren(type(button(pane, "New chat")))
        if each.property("kind") == "bar" and each.isVisible()
    ]
    assert [each.text() for each in again] == ["Regenerate"]
    again[0].click()
    qtbot.waitUntil(lambda: shown(pane)[-1].text == "Three months.")


def test_model_that_cannot_be_loaded_again_says_why_and_can_be_tried_again(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    lost(services)
    services.models.fail = ModelLoadError("There is not enough memory.", "Close something.")
    services.chat.add("A", died())
    pane = open_pane()
    open_chat(qtbot, pane, services)
    qtbot.waitUntil(lambda: has_button(pane, "Load the model again"))
    button(pane, "Load the model again").click()
    qtbot.waitUntil(lambda: "There is not enough memory." in words(pane))
    qtbot.waitUntil(lambda: has_button(pane, "Load the model again"))


def test_model_that_is_no_longer_listed_says_so(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    lost(services)
    services.models.imported = []
    services.chat.add("A", died())
    pane = open_pane()
    open_chat(qtbot, pane, services)
    qtbot.waitUntil(lambda: has_button(pane, "Load the model again"))
    button(pane, "Load the model again").click()
    qtbot.waitUntil(lambda: "not among your models any more" in words(pane))


def test_model_lost_while_the_answer_is_shown_changes_only_its_bar(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    services.models.loaded = FakeLoaded(LOCAL_MODEL)
    services.chat.add("A", died())
    pane = open_pane()
    open_chat(qtbot, pane, services)
    widgets = pane.view.transcript.widgets
    assert not has_button(pane, "Load the model again")
    lost(services)
    services.notices.changed(Topic.MODELS)
    qtbot.waitUntil(lambda: has_button(pane, "Load the model again"))
    assert pane.view.transcript.widgets == widgets
