"""The panes of the real window, where one leads to another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from app.base.paths import DataPaths
from app.bootstrap import Children, Services, build
from app.engine.messages import Role, Turn
from app.evals.entities import Item
from app.prompts.entities import Content, Example, Part
from app.ui.chat.pane import ChatPane
from app.ui.evals.pane import EvalsPane
from app.ui.forms.example_sheet import ExampleSheet
from app.ui.forms.test_case_sheet import CaseSheet
from app.ui.prompts.page import WRITE
from app.ui.prompts.pane import PromptsPane
from app.ui.session import Session
from app.ui.theme import ThemeKeeper
from tests.doubles.scripted_engine import Script, scripted_engine
from tests.doubles.scripted_library import scripted_library
from tests.ui.shell import shown_id
from tests.ui.text.finding import button, has_button

W = TypeVar("W", bound=QWidget)
QUESTION = "How long is the notice period?"


def build_scripted(paths: DataPaths) -> Services:
    return build(paths, Children(scripted_library, scripted_engine, (Script(),)))


@pytest.fixture
def session(qapp: QApplication, qtbot, paths: DataPaths, theme: ThemeKeeper) -> Iterator[Session]:
    """The window as it is shipped, with scripted children."""
    session = Session(qapp, paths, build=build_scripted, theme=theme, owns_process=False)
    with qtbot.waitSignal(session.became_ready, timeout=20_000):
        session.open()
    yield session
    session.close()
    session.deleteLater()
    session.window.deleteLater()


def pane(session: Session, pane_id: str, kind: type[W]) -> W:
    found = session.window.pane(pane_id)
    assert isinstance(found, kind)
    return found


def sheet(session: Session, kind: type[W]) -> W:
    return next(each for each in session.window.findChildren(kind) if each.isVisible())


def ask(qtbot, session: Session) -> ChatPane:
    """Ask in the chat, and wait for the answer."""
    session.window.show_pane("chat")
    chat = pane(session, "chat", ChatPane)
    chat.view.composer.submitted.emit(QUESTION)
    qtbot.waitUntil(lambda: has_button(chat, "Bad answer"), timeout=20_000)
    return chat


def test_bad_answer_becomes_a_test_case_that_evaluation_shows(qtbot, session: Session):
    chat = ask(qtbot, session)
    button(chat, "Bad answer").click()
    qtbot.waitUntil(lambda: has_button(chat, "Make a test case"))
    button(chat, "Make a test case").click()
    toasts = session.window.toasts
    qtbot.waitUntil(lambda: bool(toasts.toasts))
    suites = session.services.evals.suites
    (item,) = suites.items(suites.find("My test cases").id)
    assert item.input == (Turn(Role.USER, QUESTION),)
    assert item.targets == ()  # it was a bad answer
    button(toasts.toasts[0], "Open").click()
    assert shown_id(session.window) == "evals"
    page = pane(session, "evals", EvalsPane).suite_page
    assert page is not None
    qtbot.waitUntil(page.isVisible)


def test_corrected_answer_becomes_an_example_in_a_draft_that_prompts_shows(qtbot, session: Session):
    prompts = session.services.prompts
    prompt = prompts.create("zz-terms", Content((Part(Role.SYSTEM, "Be brief."),)), note="First")
    chat = ask(qtbot, session)
    chat.example_wanted.emit(Example(QUESTION, "Three months."))
    example = sheet(session, ExampleSheet)
    qtbot.waitUntil(lambda: example.prompt.count() > 0)
    example.prompt.setCurrentIndex(example.prompt.findData(prompt.id))
    button(example, "Add example").click()
    toasts = session.window.toasts
    qtbot.waitUntil(lambda: bool(toasts.toasts))
    button(toasts.toasts[0], "Open prompt").click()
    assert shown_id(session.window) == "prompts"
    shown = pane(session, "prompts", PromptsPane)
    qtbot.waitUntil(lambda: shown.shown.prompt is not None and shown.shown.prompt.id == prompt.id)
    assert shown.view.page.switch.current == WRITE
    draft = prompts.draft(prompt.id)
    assert draft is not None
    assert draft.content.examples == (Example(QUESTION, "Three months."),)


@pytest.mark.parametrize("pane_id", ["prompts", "agents"])
def test_item_of_another_pane_opens_the_same_sheet(qtbot, session: Session, pane_id: str):
    session.window.show_pane(pane_id)
    item = Item("", (Turn(Role.USER, QUESTION),), ("Three months.",))
    session.window.pane(pane_id).test_case_wanted.emit(item)  # type: ignore[attr-defined]
    case = sheet(session, CaseSheet)
    qtbot.waitUntil(lambda: case.suite.count() > 0)
    assert case.item().input == item.input
