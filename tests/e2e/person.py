"""Drives the real window as a person would: drops, types, clicks, and looks."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from app.bootstrap import Services
from app.chat.entities import Message
from app.library.entities import Document
from app.ui.chat.pane import ChatPane
from app.ui.chat.sources.citations import SourceChips
from app.ui.models.pane import ModelsPane
from app.ui.session import Session

BOUND_MS = 60_000


class Person:
    """Someone in front of the window."""

    def __init__(self, session: Session, services: Services, qtbot: QtBot) -> None:
        self.session = session
        self.services = services
        self.qtbot = qtbot

    @property
    def chat(self) -> ChatPane:
        pane = self.session.window.pane("chat")
        assert isinstance(pane, ChatPane)
        return pane

    @property
    def models(self) -> ModelsPane:
        pane = self.session.window.pane("models")
        assert isinstance(pane, ModelsPane)
        return pane

    def waits(self, seen: Callable[[], object]) -> None:
        """Wait until something is seen; the window must stay alive meanwhile."""
        self.qtbot.waitUntil(lambda: bool(seen()), timeout=BOUND_MS)

    def drops(self, *paths: Path) -> None:
        """Drop files on the window."""
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
        none = Qt.KeyboardModifier.NoModifier
        window = self.session.window
        QApplication.sendEvent(window, QDragEnterEvent(QPoint(600, 400), copy, mime, left, none))
        QApplication.sendEvent(window, QDropEvent(QPointF(600, 400), copy, mime, left, none))

    def goes_to(self, pane_id: str) -> None:
        """Show a pane."""
        self.session.window.show_pane(pane_id)

    def asks(self, question: str) -> None:
        """Type a question and press Enter."""
        edit = self.chat.view.composer.findChild(QPlainTextEdit)
        assert edit is not None
        edit.setFocus()
        QTest.keyClicks(edit, question)
        QTest.keyClick(edit, Qt.Key.Key_Return)

    def documents(self) -> dict[str, Document]:
        """The documents in the library, by file name."""
        return {each.path.name: each for each in self.services.library.documents()}

    def stored(self) -> tuple[Message, ...]:
        """The messages of the chat used last, as they are stored."""
        conversations = self.services.chat.conversations()
        return self.services.chat.messages(conversations[0].id) if conversations else ()

    def answers(self) -> list[Message]:
        """Its answers."""
        return [each for each in self.stored() if each.record is not None]

    def clicks_first_source(self) -> None:
        """Click the first source chip of the last answer."""
        self.waits(lambda: self.chat.view.transcript.findChildren(SourceChips))
        chips = self.chat.view.transcript.findChildren(SourceChips)[-1]
        chips.findChildren(QAbstractButton)[0].click()

    def clicks(self, words: str, inside: QWidget) -> None:
        """Click the visible button with this text or name."""
        self.waits(lambda: self._button(words, inside))
        button = self._button(words, inside)
        assert button is not None
        button.click()

    def reads(self, inside: QWidget) -> str:
        """All visible text of labels, buttons and text views."""
        texts = []
        for widget in inside.findChildren(QWidget):
            text = getattr(widget, "toPlainText", None) or getattr(widget, "text", None)
            if widget.isVisible() and callable(text):
                texts.append(str(text()))
        return "\n".join(texts)

    def _button(self, words: str, inside: QWidget) -> QAbstractButton | None:
        for button in inside.findChildren(QAbstractButton):
            named = words in (button.text().strip(), button.accessibleName())
            if named and button.isVisible() and button.isEnabled():
                return button
        return None


def kill_child(name: str) -> None:
    """kill -9 the child process whose name contains this."""
    children = [each for each in multiprocessing.active_children() if name in each.name]
    assert children, [each.name for each in multiprocessing.active_children()]
    for child in children:
        child.kill()
