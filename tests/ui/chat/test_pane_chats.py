"""The chat pane around its answers: sources, scope, drops, drafts, the list of chats."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QAccessible, QDesktopServices
from PySide6.QtWidgets import QApplication, QLineEdit, QListView, QPlainTextEdit, QWidget

from app.base.changes import Topic
from app.base.errors import AppError, NotFound
from app.library.entities import DocumentId, DocumentStatus, Scope
from app.library.intake import Refused
from app.ui.chat.pane import ChatPane
from app.ui.chat.scope.picker import ScopePicker
from app.ui.pane import PaneContext
from app.ui.widgets.confirm import ConfirmSheet
from tests.ui.chat.driving import answer_text, ask, open_chat, question, shown, words
from tests.ui.chat.fakes import (
    LOCAL_MODEL,
    MODEL_RECORD,
    QUOTED_RECORD,
    FakeLoaded,
    FakeServices,
    Script,
    make_citation,
    make_document,
    make_message,
)
from tests.ui.chat.samples import long_conversation, quoted, rich
from tests.ui.text.finding import button, child

OpenPane = Callable[..., ChatPane]
CITED = replace(QUOTED_RECORD, citations=(make_citation(1),))


def test_citation_opens_its_page_and_closing_gives_the_focus_back(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    services.library.stored = [make_document(1, "Contract.pdf", pages=9)]
    services.chat.add("A", quoted())
    pane = open_pane()
    open_chat(qtbot, pane, services)
    chip = button(pane.view.transcript, "Source 1")
    chip.setFocus()
    qtbot.keyClick(chip, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: len(services.library.rendered) > 0)
    path, page, _width, quote = services.library.rendered[-1]
    assert (path, page, quote) == (Path("/files/Contract.pdf"), 3, "three months")
    qtbot.waitUntil(lambda: "Page 3 of 9" in words(pane.view.source))
    button(pane, "Close the source").click()
    assert pane.view.source.isHidden()
    assert QApplication.focusWidget() is chip


def test_citation_of_a_file_that_is_gone_shows_the_quote(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    services.library.failure = NotFound("The file is not there any more.", "Put it back.")
    services.chat.add("A", quoted())
    pane = open_pane()
    open_chat(qtbot, pane, services)
    button(pane.view.transcript, "Source 1").click()
    qtbot.waitUntil(lambda: "not there any more" in words(pane.view.source))
    assert "three months" in child(pane.view.source, QPlainTextEdit).toPlainText()


def test_scope_chosen_in_the_picker_is_asked_and_kept(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    services.library.stored = [make_document(1, "Contract.pdf"), make_document(2, "Notes.md")]
    services.chat.add("A", quoted())
    pane = open_pane()
    chat = open_chat(qtbot, pane, services)
    qtbot.mouseClick(pane.view.composer.scope_button, Qt.MouseButton.LeftButton)
    picker = child(pane, ScopePicker)
    qtbot.keyClicks(child(picker, QLineEdit), "notes")
    qtbot.keyClick(child(picker, QLineEdit), Qt.Key.Key_Return)
    button(picker, "Done").click()
    assert "Notes.md" in pane.view.composer.scope_button.text()
    qtbot.waitUntil(lambda: services.chat.stored[chat].scope.documents == (DocumentId(2),))


def test_new_chat_is_stored_with_the_scope_chosen_before(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    services.library.stored = [make_document(1, "Contract.pdf"), make_document(2, "Notes.md")]
    pane = open_pane()
    pane.ask_about((DocumentId(2),))
    qtbot.waitUntil(lambda: "Notes.md" in pane.view.composer.scope_button.text())
    ask(qtbot, pane, "How long?")
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)
    (chat,) = services.chat.stored.values()
    assert chat.scope == Scope(documents=(DocumentId(2),))


def test_drop_adds_the_files_and_asks_them(
    qtbot, open_pane: OpenPane, services: FakeServices, tmp_path: Path
) -> None:
    bad, good = tmp_path / "bad.pdf", tmp_path / "good.pdf"
    services.library.refused = [Refused(bad, "It is protected by a password.")]
    pane = open_pane()
    assert pane.take_drop((bad, good))
    qtbot.waitUntil(lambda: "good.pdf" in pane.view.composer.scope_button.text())
    qtbot.waitUntil(lambda: "“bad.pdf” was not added." in words(pane))
    qtbot.waitUntil(lambda: "1 document is still being read" in words(pane))
    services.library.stored = [
        replace(each, status=DocumentStatus.INDEXED) for each in services.library.stored
    ]
    services.notices.changed(Topic.DOCUMENTS)
    qtbot.waitUntil(lambda: "still being read" not in words(pane))


def test_drop_before_the_services_are_there_is_left_to_the_window(
    qtbot, context: PaneContext
) -> None:
    pane = ChatPane(context)
    qtbot.addWidget(pane)
    pane.show()
    assert not pane.take_drop((Path("/files/a.pdf"),))


def test_question_before_the_services_are_there_is_kept(qtbot, context: PaneContext) -> None:
    pane = ChatPane(context)
    qtbot.addWidget(pane)
    pane.show()
    ask(qtbot, pane, "How long?")
    assert question(pane).toPlainText() == "How long?"


def test_up_brings_the_last_question_back(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    services.chat.add("A", quoted())
    pane = open_pane()
    open_chat(qtbot, pane, services)
    qtbot.keyClick(question(pane), Qt.Key.Key_Up)
    assert question(pane).toPlainText() == quoted()[0].text


def test_draft_stays_with_its_chat(qtbot, open_pane: OpenPane, services: FakeServices) -> None:
    services.chat.add("A", quoted())
    services.chat.add("B", rich())
    pane = open_pane()
    open_chat(qtbot, pane, services, at=0)
    qtbot.keyClicks(question(pane), "half a quest")
    open_chat(qtbot, pane, services, at=1)
    assert question(pane).toPlainText() == ""
    open_chat(qtbot, pane, services, at=0)
    assert question(pane).toPlainText() == "half a quest"


def test_delete_asks_first_and_then_shows_a_new_chat(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    services.chat.add("A", quoted())
    pane = open_pane()
    open_chat(qtbot, pane, services)
    qtbot.keyClick(child(pane.view.sidebar, QListView), Qt.Key.Key_Delete)
    sheet = child(pane, ConfirmSheet)
    assert services.chat.stored
    qtbot.mouseClick(sheet.confirm, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not services.chat.stored)
    assert pane.view.shows_start
    qtbot.waitUntil(lambda: "No chats yet." in words(pane.view.sidebar))


def test_rename_in_the_list(qtbot, open_pane: OpenPane, services: FakeServices) -> None:
    services.chat.add("A", quoted())
    pane = open_pane()
    open_chat(qtbot, pane, services)
    chats = child(pane.view.sidebar, QListView)
    chats.setFocus()
    chats.edit(chats.currentIndex())
    editor = child(chats, QLineEdit)
    editor.setText("Better")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Better" in words(pane.view.header))
    assert [each.title for each in services.chat.stored.values()] == ["Better"]


def test_chat_deleted_elsewhere_is_left(qtbot, open_pane: OpenPane, services: FakeServices) -> None:
    services.chat.add("A", quoted())
    pane = open_pane()
    chat = open_chat(qtbot, pane, services)
    services.chat.delete(chat)
    qtbot.waitUntil(lambda: pane.view.shows_start)


def test_search_narrows_the_list(qtbot, open_pane: OpenPane, services: FakeServices) -> None:
    services.chat.add("Notice periods")
    services.chat.add("Tender")
    pane = open_pane()
    qtbot.waitUntil(lambda: pane.view.sidebar.items.rowCount() == 3)
    qtbot.keyClicks(child(pane.view.sidebar, QLineEdit), "tend")
    assert pane.view.sidebar.items.rowCount() == 2
    qtbot.keyClicks(child(pane.view.sidebar, QLineEdit), "xyz")
    assert "No chat has this in its title." in words(pane.view.sidebar)


def test_start_page_follows_what_there_is(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    pane = open_pane()
    qtbot.waitUntil(lambda: "Drop a document, then ask" in words(pane))
    assert "No model is loaded: Cairn answers by quoting your documents." in words(pane)
    services.library.stored = [make_document(1)]
    services.models.loaded = FakeLoaded(LOCAL_MODEL)
    services.notices.changed(Topic.DOCUMENTS, Topic.MODELS)
    qtbot.waitUntil(lambda: "Ask your documents" in words(pane))
    qtbot.waitUntil(lambda: "Qwen3 8B writes the answers." in words(pane))


def test_link_is_opened_only_after_asking(
    qtbot, open_pane: OpenPane, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def open_url(url: QUrl) -> bool:
        opened.append(url.toString())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    pane = open_pane()
    pane.view.transcript.link_requested.emit("https://example.org/law")
    sheet = child(pane, ConfirmSheet)
    assert "https://example.org/law" in words(sheet)
    assert opened == []
    qtbot.mouseClick(sheet.confirm, Qt.MouseButton.LeftButton)
    assert opened == ["https://example.org/law"]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "smb://host/x", "x:y", ""])
def test_link_to_anything_but_the_web_is_refused(
    qtbot, open_pane: OpenPane, context: PaneContext, target: str
) -> None:
    pane = open_pane()
    pane.view.transcript.link_requested.emit(target)
    assert pane.findChild(ConfirmSheet) is None
    assert "does not open" in context.notify.notes[0].text


def test_copy_chat_takes_questions_answers_and_sources(
    qtbot, open_pane: OpenPane, services: FakeServices, context: PaneContext
) -> None:
    services.chat.add("A", quoted())
    pane = open_pane()
    open_chat(qtbot, pane, services)
    context.actions.run("chat.copy")
    copied = QApplication.clipboard().text()
    assert quoted()[0].text in copied
    assert "[1] Contract.pdf, page 3" in copied


def test_long_chat_opens_at_its_end(qtbot, open_pane: OpenPane, services: FakeServices) -> None:
    services.chat.add("Long", long_conversation())
    pane = open_pane()
    open_chat(qtbot, pane, services)
    bar = pane.view.transcript.verticalScrollBar()
    assert bar.value() == bar.maximum() > 1000


def test_narrow_window_hides_the_chats_behind_a_button(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    services.chat.add("A", quoted())
    pane = open_pane(600)
    assert pane.view.sidebar.isHidden()
    button(pane, "Show the chats").click()
    assert pane.view.sidebar.isVisible()
    open_chat(qtbot, pane, services)
    assert pane.view.sidebar.isHidden()


def test_every_focusable_widget_has_a_name(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    services.library.stored = [make_document(1, "Contract.pdf")]
    services.chat.add("A", (*rich(), make_message(5, "More?")))
    pane = open_pane()
    open_chat(qtbot, pane, services)
    button(pane.view.transcript, "Source 1").click()
    unnamed = []
    for each in pane.findChildren(QWidget):
        if each.focusPolicy() == Qt.FocusPolicy.NoFocus or not each.isVisible():
            continue
        face = QAccessible.queryAccessibleInterface(each)
        if face is not None and not face.text(QAccessible.Text.Name):
            unnamed.append(each)
    assert unnamed == []


def test_keyboard_goes_from_composer_to_send_and_scope(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    pane = open_pane()
    pane.focus_first()
    qtbot.keyClicks(question(pane), "a")
    visited = []
    for _stop in range(3):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        assert focused is not None
        visited.append(focused.accessibleName())
    assert visited == ["Add documents or pictures", "Asked over: All documents", "Send"]


def test_window_closing_stops_the_answer(
    qtbot, open_pane: OpenPane, services: FakeServices, context: PaneContext
) -> None:
    services.chat.script = Script(("One ", "two"), MODEL_RECORD, threading.Event())
    pane = open_pane()
    ask(qtbot, pane, "Count")
    qtbot.waitUntil(lambda: "One" in answer_text(pane))
    pane.close_down()
    qtbot.waitUntil(lambda: context.jobs.running == 0)


def test_end_of_an_answer_is_announced(
    qtbot, open_pane: OpenPane, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("app.ui.chat.shown_chat.announce", lambda _widget, text: said.append(text))
    pane = open_pane()
    ask(qtbot, pane, "How long?")
    qtbot.waitUntil(lambda: said == ["The answer is finished."])
    services.chat.script = Script(fail=AppError("The disk is full."))
    ask(qtbot, pane, "And now?")
    qtbot.waitUntil(lambda: said[-1] == "The answer failed. The disk is full.")
