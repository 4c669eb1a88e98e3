"""A model on a server in the chat: a person sees where it runs, and agrees before passages go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from app.base.changes import Topic
from app.chat.entities import AnswerServer, MessageId, Repeat
from app.settings.schema import Theme
from app.ui.chat.answer_facts import sections_of
from app.ui.chat.details_sheet import DetailsSheet
from app.ui.chat.pane import ChatPane
from app.ui.chat.words import answer_label, expected_label
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button
from app.ui.widgets.confirm import ConfirmSheet
from tests.ui.chat.driving import answer_text, ask, open_chat, question, shown, words
from tests.ui.chat.fakes import (
    LOCAL_MODEL,
    MODEL_RECORD,
    FakeLoaded,
    FakeServices,
    Script,
    make_document,
    make_message,
)
from tests.ui.text.finding import child

OpenPane = Callable[..., ChatPane]
SERVED = FakeLoaded(replace(LOCAL_MODEL, name="Qwen3 32B", quantization=""), "gpu.lan:8000")
SERVER = AnswerServer(
    "Qwen3 32B on gpu.lan:8000",
    "http://gpu.lan:8000/v1",
    "Qwen/Qwen3-32B",
    32_768,
    ("top-k", "min-p"),
    counts_exactly=False,
)
FROM_SERVER = replace(
    MODEL_RECORD,
    model_name="Qwen3 32B",
    quantization="",
    engine_build="vLLM 0.11.2",
    server=SERVER,
)


@pytest.fixture
def away(services: FakeServices) -> FakeServices:
    """A server in use, to which nobody has agreed, and documents."""
    services.models.loaded = SERVED
    services.served.to_ask_about = SERVED
    services.library.stored = [make_document(1, "Contract.pdf")]
    services.chat.script = Script(("Three months.",), FROM_SERVER)
    return services


def sheet_of(pane: ChatPane) -> ConfirmSheet | None:
    shown = [each for each in pane.findChildren(ConfirmSheet) if each.isVisible()]
    return shown[0] if shown else None


def click(qtbot, button: QWidget) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_question_waits_for_a_word_and_is_then_asked(qtbot, open_pane: OpenPane, away) -> None:
    pane = open_pane()
    ask(qtbot, pane, "How long?")
    sheet = sheet_of(pane)
    assert sheet is not None
    assert (
        "Passages from your documents and pictures you attach will be sent to gpu.lan:8000."
        in words(sheet)
    )
    assert not away.chat.stored
    assert question(pane).toPlainText() == "How long?"
    assert QApplication.focusWidget() is sheet.back  # Enter held down agrees to nothing
    click(qtbot, sheet.confirm)
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)
    assert away.served.agreed == [SERVED]
    assert question(pane).toPlainText() == ""
    assert answer_text(pane) == "Three months."


def test_question_that_is_not_sent_stays_to_be_changed(qtbot, open_pane: OpenPane, away) -> None:
    pane = open_pane()
    ask(qtbot, pane, "How long?")
    sheet = sheet_of(pane)
    assert sheet is not None
    click(qtbot, sheet.back)
    assert sheet_of(pane) is None
    assert question(pane).toPlainText() == "How long?"
    assert not away.chat.stored
    assert away.served.agreed == []
    qtbot.keyClick(question(pane), Qt.Key.Key_Return)  # and it is asked again
    assert sheet_of(pane) is not None


def test_word_is_asked_for_once(qtbot, open_pane: OpenPane, away) -> None:
    pane = open_pane()
    ask(qtbot, pane, "How long?")
    sheet = sheet_of(pane)
    assert sheet is not None
    click(qtbot, sheet.confirm)
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)
    ask(qtbot, pane, "And then?")
    assert sheet_of(pane) is None
    qtbot.waitUntil(lambda: len(shown(pane)) == 4)


def test_without_documents_a_first_question_needs_no_word(qtbot, open_pane: OpenPane, away) -> None:
    away.library.stored = []
    pane = open_pane()
    ask(qtbot, pane, "Hello?")
    assert sheet_of(pane) is None
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)


@pytest.mark.parametrize("signal", ["regenerate_requested", "repeat_requested"])
def test_answering_again_waits_for_a_word_too(
    signal: str, qtbot, open_pane: OpenPane, away
) -> None:
    away.library.stored = []
    away.chat.add("A", (make_message(0, "How long?"), make_message(1, "Long.", MODEL_RECORD)))
    pane = open_pane()
    open_chat(qtbot, pane, away)
    getattr(pane.view.transcript, signal).emit(shown(pane)[-1].id)
    sheet = sheet_of(pane)
    assert sheet is not None
    assert answer_text(pane) == "Long."
    click(qtbot, sheet.confirm)
    qtbot.waitUntil(lambda: answer_text(pane) == "Three months.")


def test_another_server_put_in_use_behind_the_sheet_is_asked_about_anew(
    qtbot, open_pane: OpenPane, away, monkeypatch
) -> None:
    other = FakeLoaded(SERVED.model, "elsewhere:1")
    pane = open_pane()
    ask(qtbot, pane, "How long?")
    first = sheet_of(pane)
    assert first is not None

    def agree(served: FakeLoaded) -> None:
        away.served.to_ask_about = other if served is SERVED else None

    monkeypatch.setattr(away.served, "agree", agree)
    click(qtbot, first.confirm)
    second = sheet_of(pane)
    assert second is not None
    assert "elsewhere:1" in words(second)
    assert not away.chat.stored
    click(qtbot, second.confirm)
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)


def test_header_and_start_page_say_where_the_model_runs(qtbot, open_pane: OpenPane, away) -> None:
    away.library.stored = []
    pane = open_pane()
    said = words(pane)
    assert "Qwen3 32B on gpu.lan:8000 writes the answers." in said
    assert "only passages go to gpu.lan:8000" in said
    assert "never leave it" not in said
    chip = next(
        each for each in pane.view.header.findChildren(Button) if "writes" in each.accessibleName()
    )
    assert chip.text().strip() == "Qwen3 32B · on gpu.lan:8000"


def test_local_model_after_a_server_is_said_as_before(qtbot, open_pane: OpenPane, away) -> None:
    pane = open_pane()
    away.models.loaded = FakeLoaded(LOCAL_MODEL)
    away.notices.changed(Topic.MODELS)
    qtbot.waitUntil(lambda: "Qwen3 8B writes the answers." in words(pane))


def test_labels_of_an_answer_name_the_server() -> None:
    assert answer_label(FROM_SERVER).meta == "on gpu.lan:8000 · 12.5 tok/s · 312 tokens"
    assert expected_label(SERVED).meta == "on gpu.lan:8000"  # type: ignore[arg-type]  # a double


def test_details_of_an_answer_name_the_server_and_what_it_left_out() -> None:
    sections = sections_of(FROM_SERVER)
    facts = {fact.name: fact.value for each in sections for fact in each.facts}
    assert facts["Connection"] == "Qwen3 32B on gpu.lan:8000"
    assert facts["Address"] == "http://gpu.lan:8000/v1"
    assert facts["Called there"] == "Qwen/Qwen3-32B"
    assert facts["Server"] == "vLLM 0.11.2"
    assert facts["Context"] == "32,768 tokens"
    assert facts["Settings left out"] == "top-k, min-p, which the server does not know"
    assert facts["Prompt was fitted by"] == "an estimate of its tokens, on the high side"
    assert not {"File", "SHA-256 of the file", "KV cache", "Threads"} & set(facts)
    assert sections[-1].note == "A server does not promise the same answer twice."


def test_details_of_an_exact_count_do_not_speak_of_estimates() -> None:
    record = replace(FROM_SERVER, server=replace(SERVER, counts_exactly=True, ignored_settings=()))
    names = {fact.name for each in sections_of(record) for fact in each.facts}
    assert not {"Prompt was fitted by", "Settings left out"} & names


@pytest.mark.parametrize(
    ("repeat", "note"),
    [
        (
            Repeat(MessageId(1), is_same=True),
            "A server does not promise the same answer twice. Run again exactly: it came out the"
            " same, word for word.",
        ),
        (
            Repeat(MessageId(1), changes=("a server does not promise the same answer twice",)),
            "Run again exactly: it came out otherwise. A server does not promise the same answer"
            " twice.",
        ),
    ],
    ids=["same", "other"],
)
def test_details_of_a_repeated_answer_promise_nothing(repeat: Repeat, note: str) -> None:
    assert sections_of(replace(FROM_SERVER, repeat=repeat))[-1].note == note


@pytest.mark.parametrize(
    ("look", "theme_name", "width", "height"),
    [
        ("light", Theme.LIGHT, 1204, 840),
        ("dark", Theme.DARK, 1204, 840),
        ("narrow", Theme.DARK, 824, 600),
    ],
)
def test_screenshots_of_a_served_chat(
    look: str,
    theme_name: Theme,
    width: int,
    height: int,
    qtbot,
    open_pane: OpenPane,
    away,
    theme: ThemeKeeper,
    screenshot,
) -> None:
    theme.apply(theme_name, 100, reduce_motion=True)
    away.chat.add(
        "Notice period",
        (make_message(0, "How long?"), make_message(1, "Three months.", FROM_SERVER)),
    )
    pane = open_pane(width, height)
    open_chat(qtbot, pane, away)
    screenshot(pane, f"chat_served_{look}")
    pane.view.transcript.details_requested.emit(shown(pane)[-1].id)
    qtbot.waitUntil(lambda: pane.context.jobs.running == 0)
    screenshot(pane, f"chat_served_details_{look}")
    child(pane, DetailsSheet).dismiss()
    ask(qtbot, pane, "And for tenants?")
    sheet = sheet_of(pane)
    assert sheet is not None
    screenshot(pane, f"chat_consent_{look}")
    click(qtbot, sheet.back)
