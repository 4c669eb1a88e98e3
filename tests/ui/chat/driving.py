"""How a person drives the chat pane."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QListView, QPlainTextEdit, QWidget

from app.chat.entities import ConversationId, Message
from app.ui.chat.message_widget import AnswerMessage
from app.ui.chat.pane import ChatPane
from tests.ui.chat.fakes import (
    FakeServices,
)
from tests.ui.text.finding import child


def question(pane: ChatPane) -> QPlainTextEdit:
    return child(pane.view.composer, QPlainTextEdit)


def ask(qtbot, pane: ChatPane, text: str) -> None:
    question(pane).setFocus()
    qtbot.keyClicks(question(pane), text)
    qtbot.keyClick(question(pane), Qt.Key.Key_Return)


def shown(pane: ChatPane) -> tuple[Message, ...]:
    return pane.view.transcript.messages


def words(pane: QWidget) -> str:
    return "\n".join(each.text() for each in pane.findChildren(QLabel) if each.isVisible())


def answer_text(pane: ChatPane) -> str:
    answer = pane.view.transcript.widgets[-1]
    assert isinstance(answer, AnswerMessage)
    return "\n".join(
        each.toPlainText().replace("\u00a0", " ")
        for each in answer.body.segments
        if hasattr(each, "toPlainText")
    )


def open_chat(qtbot, pane: ChatPane, services: FakeServices, at: int = 0) -> ConversationId:
    """Click a chat in the sidebar."""
    wanted = list(services.chat.stored)[at]
    items = pane.view.sidebar.items
    qtbot.waitUntil(lambda: items.index_of(wanted).isValid())
    chats = child(pane.view.sidebar, QListView)
    area = chats.visualRect(items.index_of(wanted))
    qtbot.mouseClick(chats.viewport(), Qt.MouseButton.LeftButton, pos=area.center())
    expected = services.chat.messages(wanted)
    qtbot.waitUntil(lambda: shown(pane) == expected)
    return wanted
