"""`cairn selftest`: walks the first minute in a real window that is drawn offscreen.

Drops the bundled sample on the window, asks, opens the cited page, looks at every pane in light and
dark, and saves a picture of each. Everything is real: the window, the children, the embedder.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.base.changes import Topic
from app.base.errors import AppError
from app.base.paths import DataPaths, resource

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.ui.chat.pane import ChatPane
    from app.ui.session import Session

SAMPLE = "samples/harbour-handbook.pdf"
QUESTION = "Who was the last keeper of the lighthouse?"
ANSWER, PAGE = "Ines Halloran", 5
STEP_TIMEOUT_S = 120.0
SIZE = (1280, 840)
LOOK_MS = 20


class SelftestFailed(AppError):
    """A step of the walk did not come about."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a person does, and what they wait to see. A picture is taken if it has a name."""

    say: str
    act: Callable[[], object]
    seen: Callable[[], bool]
    picture: str = ""


def run_selftest(screenshots: Path, data_dir: Path | None = None) -> int:
    """Walk the journey and save the pictures; returns 0.

    Args:
        screenshots: where the pictures go.
        data_dir: the data folder to use; None takes one that is gone afterwards.

    Raises:
        SelftestFailed: a step did not come about; which, in words.
    """
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from app.ui import preflight

    preflight.check()
    from app.ui.session import Session, make_application  # Qt may be imported now

    screenshots.mkdir(parents=True, exist_ok=True)
    application = make_application()
    with tempfile.TemporaryDirectory(prefix="cairn-selftest-") as folder:
        paths = DataPaths(data_dir or Path(folder))
        paths.make()
        walk = _Walk(screenshots)
        session = Session(application, paths, build=walk.build)
        walk.session = session
        session.became_ready.connect(walk.on_ready)
        try:
            walk.run()
        finally:
            session.close()
            logging.getLogger().removeHandler(walk.errors)
    if walk.errors.messages:
        raise SelftestFailed(f"Something was reported on the way: {walk.errors.messages[0]}")
    _say(f"The self-test passed. Pictures are in {screenshots.absolute()}")
    return 0


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


class _Errors(logging.Handler):
    """Keeps what is logged as an error: a walk that reports a bug has not passed."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []
        logging.getLogger().addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the message."""
        self.messages.append(record.getMessage())


class _Walk:
    """The journey through one session."""

    session: Session
    services: Services

    def __init__(self, screenshots: Path) -> None:
        self._screenshots = screenshots
        self._is_ready = False
        self.errors = _Errors()

    def build(self, paths: DataPaths) -> Services:
        """Build the services, and keep them to look behind the window."""
        from app.ui.session import build_services

        self.services = build_services(paths)
        return self.services

    def on_ready(self) -> None:
        """Note that the window can be used."""
        self._is_ready = True

    def run(self) -> None:
        for step in (*self._first_minute(), *self._panes("light"), *self._panes("dark")):
            _say(step.say)
            step.act()
            self._wait(step)
            if step.picture:
                self._take(step.picture)

    def _first_minute(self) -> tuple[Step, ...]:
        window = self.session.window
        return (
            Step("Opening the window", self._open, lambda: self._is_ready),
            Step("Choosing light", lambda: self._theme("light"), lambda: True, "start"),
            Step("Dropping a document", self._drop, self._is_indexed),
            Step("Asking", self._ask, self._is_answered, "answer-light"),
            Step("Opening the source", self._open_source, self._shows_page, "source-light"),
            Step("Choosing dark", lambda: self._theme("dark"), lambda: True, "source-dark"),
            Step("Closing the source", self._close_source, window.isVisible),
        )

    def _panes(self, theme: str) -> tuple[Step, ...]:
        def show(pane_id: str) -> Step:
            def act() -> None:
                self._theme(theme)
                self.session.window.show_pane(pane_id)

            def is_there() -> bool:
                return not self.session.window.context.jobs.running

            return Step(f"Looking at {pane_id}", act, is_there, f"{pane_id}-{theme}")

        return tuple(show(each) for each in self.session.window.book.ids)

    def _open(self) -> None:
        self.session.window.resize(*SIZE)
        self.session.open()

    def _theme(self, name: str) -> None:
        self.services.settings.change("appearance", "theme", name)
        self.services.notices.changed(Topic.SETTINGS)

    def _drop(self) -> None:
        from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
        from PySide6.QtGui import QDragEnterEvent, QDropEvent
        from PySide6.QtWidgets import QApplication

        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(resource(SAMPLE)))])
        copy, left, none = (
            Qt.DropAction.CopyAction,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        window = self.session.window
        enter = QDragEnterEvent(QPoint(600, 400), copy, mime, left, none)
        QApplication.sendEvent(window, enter)
        QApplication.sendEvent(window, QDropEvent(QPointF(600, 400), copy, mime, left, none))

    def _is_indexed(self) -> bool:
        documents = self.services.library.documents()
        failed = next((each for each in documents if each.reason), None)
        if failed is not None:
            raise SelftestFailed(f"The sample was not indexed: {failed.reason}", failed.hint)
        return any(each.status.value == "indexed" for each in documents)

    def _ask(self) -> None:
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest
        from PySide6.QtWidgets import QPlainTextEdit

        composer = self._chat.view.composer
        question = composer.findChild(QPlainTextEdit)
        assert question is not None
        question.setFocus()
        QTest.keyClicks(question, QUESTION)
        QTest.keyClick(question, Qt.Key.Key_Return)

    def _is_answered(self) -> bool:
        from app.ui.chat.sources.citations import SourceChips

        chat = self.services.chat
        conversations = chat.conversations()
        messages = chat.messages(conversations[0].id) if conversations else ()
        if len(messages) < 2 or not self._chat.view.transcript.findChildren(SourceChips):
            return False
        answer = messages[-1]
        citations = answer.record.citations if answer.record else ()
        if ANSWER not in answer.text or not citations or citations[0].place.page != PAGE:
            raise SelftestFailed(f"The answer is not the expected one: {answer.text}")
        return True

    def _open_source(self) -> None:
        from PySide6.QtWidgets import QAbstractButton

        from app.ui.chat.sources.citations import SourceChips

        chips = self._chat.view.transcript.findChildren(SourceChips)[-1]
        chips.findChildren(QAbstractButton)[0].click()

    def _shows_page(self) -> bool:
        return self._chat.view.source.shows_marked_page

    def _close_source(self) -> None:
        self._chat.view.source.closed.emit()

    @property
    def _chat(self) -> ChatPane:
        from app.ui.chat.pane import ChatPane

        pane = self.session.window.pane("chat")
        assert isinstance(pane, ChatPane)
        return pane

    def _wait(self, step: Step) -> None:
        from PySide6.QtTest import QTest

        deadline = time.monotonic() + STEP_TIMEOUT_S
        QTest.qWait(LOOK_MS)
        while not step.seen():
            if time.monotonic() > deadline:
                raise SelftestFailed(f"“{step.say}” took longer than {STEP_TIMEOUT_S:.0f} s.")
            QTest.qWait(LOOK_MS)

    def _take(self, name: str) -> None:
        from PySide6.QtTest import QTest

        QTest.qWait(400)  # fades and late layouts are over then
        self.session.window.grab().save(str(self._screenshots / f"{name}.png"))
