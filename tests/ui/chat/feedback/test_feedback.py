"""What a person says about an answer: thumbs, corrections, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu

from app.base.errors import AppError
from app.chat.feedback import Feedback, Rating
from app.prompts.entities import Example
from app.settings.schema import Theme
from app.ui.chat.answer_actions import AnswerActions
from app.ui.chat.feedback.act import FeedbackAct
from app.ui.chat.feedback.sheet import CorrectionSheet
from app.ui.chat.pane import ChatPane
from app.ui.chat.words import conversation_text
from app.ui.theme import ThemeKeeper
from tests.ui.chat.driving import answer_text, open_chat, shown, words
from tests.ui.chat.fakes import MODEL_RECORD, FakeServices, make_message
from tests.ui.chat.samples import QUESTION, rich
from tests.ui.text.finding import button, child, has_button

OpenPane = Callable[..., ChatPane]

MODEL_SAID = "Four weeks to the end of the month."
PERSON_SAID = "Three months to the end of a quarter."
EXCHANGE = (make_message(0, QUESTION), make_message(1, MODEL_SAID, MODEL_RECORD))
MORE = (
    *EXCHANGE,
    make_message(2, "And for interns?"),
    make_message(3, "Two weeks.", MODEL_RECORD),
)


@pytest.fixture
def pane(qtbot, open_pane: OpenPane, services: FakeServices) -> ChatPane:
    services.chat.add("A", EXCHANGE)
    opened = open_pane()
    open_chat(qtbot, opened, services)
    return opened


def feedback(pane: ChatPane) -> Feedback:
    return shown(pane)[-1].feedback


def choose(pane: ChatPane, title: str) -> None:
    """Choose an entry of the menu of the last answer."""
    menu: QMenu = child(pane.view.transcript.widgets[-1], AnswerActions).menu()
    next(each for each in menu.actions() if each.text() == title).trigger()
    menu.close()


def open_sheet(pane: ChatPane) -> CorrectionSheet:
    return next(each for each in pane.findChildren(CorrectionSheet) if each.isVisible())


def correct(qtbot, pane: ChatPane, text: str) -> None:
    """Write a correction of the last answer."""
    choose(pane, "Correct this answer…")
    sheet = open_sheet(pane)
    sheet.text.setPlainText(text)
    button(sheet, "Save correction").click()
    qtbot.waitUntil(lambda: feedback(pane).correction == text)


def test_thumb_is_stored_shown_and_taken_back_by_a_second_click(qtbot, pane: ChatPane):
    thumb = button(pane, "Good answer")
    assert not thumb.isChecked()
    thumb.click()
    assert not thumb.isChecked()  # it shows what is stored
    qtbot.waitUntil(thumb.isChecked)
    assert feedback(pane) == Feedback(Rating.GOOD)
    assert not has_button(pane, "Make a test case")
    button(pane, "Bad answer").click()
    qtbot.waitUntil(lambda: button(pane, "Bad answer").isChecked())
    assert not thumb.isChecked()
    button(pane, "Bad answer").click()
    qtbot.waitUntil(lambda: feedback(pane) == Feedback())


def test_thumb_pressed_by_keyboard_keeps_the_focus_and_is_announced(
    qtbot, pane: ChatPane, monkeypatch: pytest.MonkeyPatch
):
    said: list[str] = []
    monkeypatch.setattr(
        QAccessible, "updateAccessibility", lambda event: said.append(event.message())
    )
    thumb = button(pane, "Bad answer")
    thumb.setFocus()
    qtbot.keyClick(thumb, Qt.Key.Key_Space)
    qtbot.waitUntil(thumb.isChecked)
    qtbot.waitUntil(lambda: any(each.startswith("Marked as a bad answer.") for each in said))
    assert QApplication.focusWidget() is thumb


def test_thumb_that_cannot_be_stored_stays_off_and_says_why(
    qtbot, pane: ChatPane, services: FakeServices
):
    services.chat.refusal = AppError("The disk is full.", "Make room.")
    button(pane, "Good answer").click()
    qtbot.waitUntil(lambda: "The disk is full." in words(pane))
    assert not button(pane, "Good answer").isChecked()


def test_bad_answer_offers_what_it_is_good_for_until_dismissed(qtbot, pane: ChatPane):
    button(pane, "Bad answer").click()
    qtbot.waitUntil(lambda: has_button(pane, "Make a test case"))
    assert has_button(pane, "Add as example to a prompt")
    button(pane, "Dismiss these offers").click()
    assert not has_button(pane, "Make a test case")
    assert feedback(pane).rating is Rating.BAD


def test_correction_is_shown_as_ones_own_with_the_original_one_click_away(qtbot, pane: ChatPane):
    correct(qtbot, pane, PERSON_SAID)
    assert answer_text(pane) == PERSON_SAID
    assert "Corrected by you" in words(pane)
    button(pane, "Show the original").click()
    assert answer_text(pane) == MODEL_SAID
    assert "Corrected by you" not in words(pane)
    button(pane, "Show your correction").click()
    assert answer_text(pane) == PERSON_SAID
    assert shown(pane)[-1].text == MODEL_SAID


def test_correction_is_what_is_copied_and_the_copy_says_whose_it_is(qtbot, pane: ChatPane):
    correct(qtbot, pane, PERSON_SAID)
    button(pane, "Copy answer").click()
    assert QGuiApplication.clipboard().text() == PERSON_SAID
    assert f"(corrected by you)\n\n{PERSON_SAID}" in conversation_text(shown(pane))


def test_correction_can_be_taken_back(qtbot, pane: ChatPane):
    correct(qtbot, pane, PERSON_SAID)
    button(pane, "Correct this answer").click()
    sheet = open_sheet(pane)
    assert sheet.text.toPlainText() == PERSON_SAID
    assert not sheet.confirm.isEnabled()  # nothing is changed yet
    button(sheet, "Take the correction back").click()
    qtbot.waitUntil(lambda: feedback(pane) == Feedback())
    assert answer_text(pane) == MODEL_SAID
    assert "Corrected by you" not in words(pane)


def test_correction_that_cannot_be_stored_stays_in_the_sheet(
    qtbot, pane: ChatPane, services: FakeServices
):
    services.chat.refusal = AppError("The disk is full.", "Make room.")
    choose(pane, "Correct this answer…")
    sheet = open_sheet(pane)
    sheet.text.setPlainText(PERSON_SAID)
    button(sheet, "Save correction").click()
    qtbot.waitUntil(lambda: "The disk is full." in words(sheet))
    assert sheet.text.toPlainText() == PERSON_SAID
    assert sheet.confirm.isEnabled()


def test_stored_correction_is_shown_when_a_chat_is_opened(
    qtbot, open_pane: OpenPane, services: FakeServices
):
    question, answer = EXCHANGE
    corrected = replace(answer, feedback=Feedback(Rating.BAD, PERSON_SAID))
    services.chat.add("A", (question, corrected))
    pane = open_pane()
    open_chat(qtbot, pane, services)
    assert answer_text(pane) == PERSON_SAID
    assert button(pane, "Bad answer").isChecked()
    assert not has_button(pane, "Make a test case")  # that was offered when it was said


@pytest.mark.parametrize(
    ("said", "targets"),
    [
        (Feedback(), ("Two weeks.",)),
        (Feedback(Rating.GOOD), ("Two weeks.",)),
        (Feedback(Rating.BAD), ()),
        (Feedback(Rating.BAD, PERSON_SAID), (PERSON_SAID,)),
    ],
    ids=["not rated", "good", "bad", "corrected"],
)
def test_test_case_of_an_answer_has_its_question_and_what_is_right(
    qtbot, open_pane: OpenPane, services: FakeServices, said: Feedback, targets: tuple[str, ...]
):
    services.chat.add("A", (*MORE[:-1], replace(MORE[-1], feedback=said)))
    pane = open_pane()
    open_chat(qtbot, pane, services)
    with qtbot.waitSignal(pane.test_case_wanted) as asked:
        choose(pane, "Make a test case…")
    (draft,) = asked.args
    assert [turn.content for turn in draft.turns] == [QUESTION, MODEL_SAID, "And for interns?"]
    assert draft.targets == targets
    assert not draft.keeps_earlier
    assert draft.metadata == {"from": "chat", "model": "Qwen3 8B", "quantization": "Q4_K_M"}


def test_test_case_of_an_answer_from_documents_says_what_it_lacks(
    qtbot, open_pane: OpenPane, services: FakeServices
):
    services.chat.add("A", rich())
    pane = open_pane()
    open_chat(qtbot, pane, services)
    with qtbot.waitSignal(pane.test_case_wanted) as asked:
        choose(pane, "Make a test case…")
    assert "passages" in asked.args[0].note


def test_example_of_a_corrected_answer_has_the_correction(qtbot, pane: ChatPane):
    correct(qtbot, pane, PERSON_SAID)
    with qtbot.waitSignal(pane.example_wanted) as asked:
        button(pane, "Add as example to a prompt").click()
    assert asked.args == [Example(QUESTION, PERSON_SAID)]


@pytest.mark.parametrize(
    ("look", "width"), [(Theme.LIGHT, 1204), (Theme.DARK, 1204), (Theme.LIGHT, 640)]
)
def test_feedback_pictures(
    qtbot,
    open_pane: OpenPane,
    services: FakeServices,
    theme: ThemeKeeper,
    screenshot,
    look: Theme,
    width: int,
):
    theme.apply(look, 100, reduce_motion=True)
    services.chat.add("Notice periods", MORE)
    pane = open_pane(width)
    first = next(iter(services.chat.stored))
    qtbot.waitUntil(lambda: pane.view.sidebar.items.rowCount() > 0)
    pane.show_conversation(first)
    qtbot.waitUntil(lambda: len(shown(pane)) == len(MORE))
    choose(pane, "Correct this answer…")
    sheet = open_sheet(pane)
    screenshot(pane, f"feedback_correcting_{look}_{width}")
    sheet.text.setPlainText("Two weeks while they are on probation, *three months* after it.")
    button(sheet, "Save correction").click()
    qtbot.waitUntil(lambda: has_button(pane, "Make a test case"))
    child(pane.view.transcript.widgets[1], AnswerActions).feedback_requested.emit(FeedbackAct.BAD)
    qtbot.waitUntil(lambda: shown(pane)[1].feedback.rating is Rating.BAD)
    qtbot.waitUntil(lambda: not pane.view.transcript.is_preparing)
    assert screenshot(pane, f"feedback_given_{look}_{width}").stat().st_size > 0
