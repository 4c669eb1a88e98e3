"""Thoughts above an answer: streamed, folded, unfolded, remembered."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from app.chat.entities import AnswerReasoning, AnswerStage, AnswerText, MessageId, Stage
from app.chat.live import LiveAnswer
from app.settings.schema import Theme
from app.ui.chat.answer_actions import AnswerActions
from app.ui.chat.message_widget import AnswerMessage
from app.ui.chat.pane import ChatPane
from app.ui.chat.thinking import ThinkingBlock, ThoughtText
from app.ui.chat.transcript import Transcript
from app.ui.chat.words import expected_label
from app.ui.theme import ThemeKeeper
from tests.ui.chat.driving import ask, shown
from tests.ui.chat.fakes import IN_USE, MODEL_RECORD, FakeServices, Script, make_message
from tests.ui.chat.samples import long_conversation
from tests.ui.text.finding import button, child, has_button

OpenPane = Callable[..., ChatPane]
THOUGHT = replace(
    MODEL_RECORD, reasoning="Let me <b>see</b>.\nTwelve, **surely**.", thinking_s=12.4
)


def begun(transcript: Transcript) -> LiveAnswer:
    live = LiveAnswer()
    live.begin()
    transcript.begin_answer("And now?", expected_label(IN_USE), live)
    return live


def receive(transcript: Transcript, live: LiveAnswer, *events: object) -> None:
    for event in events:
        live.receive(event)  # type: ignore[arg-type]  # events of an answer
    transcript.advance_answer()


def last(transcript: Transcript) -> AnswerMessage:
    answer = transcript.widgets[-1]
    assert isinstance(answer, AnswerMessage)
    return answer


def block(transcript: Transcript) -> ThinkingBlock:
    thinking = last(transcript).thinking
    assert thinking is not None
    return thinking


def test_thoughts_are_shown_while_they_come_and_fold_when_the_answer_begins(
    qtbot, transcript: Transcript
) -> None:
    live = begun(transcript)
    receive(transcript, live, AnswerStage(Stage.THINKING), AnswerReasoning("Let me "))
    receive(transcript, live, AnswerReasoning("see."))
    assert child(transcript, ThoughtText).isVisible()
    assert child(transcript, ThoughtText).toPlainText() == "Let me see."
    assert has_button(transcript, "Thinking, unfolded")
    height = block(transcript).height()
    receive(transcript, live, AnswerText("Twelve."))
    assert not block(transcript).is_open
    assert not child(transcript, ThoughtText).isVisible()
    assert block(transcript).height() < height
    assert has_button(transcript, "Thought for a moment, folded")


def test_stage_line_gives_way_to_the_thoughts(qtbot, transcript: Transcript) -> None:
    live = begun(transcript)
    receive(transcript, live, AnswerStage(Stage.READING))
    assert last(transcript)._waiting.isVisible()
    receive(transcript, live, AnswerReasoning("Hm."))
    assert not last(transcript)._waiting.isVisible()
    receive(transcript, live, AnswerText("Twelve."))
    assert last(transcript)._waiting.isVisible()


def test_thoughts_folded_by_hand_stay_folded_while_more_come(qtbot, transcript: Transcript) -> None:
    live = begun(transcript)
    receive(transcript, live, AnswerReasoning("Let me "))
    qtbot.mouseClick(button(transcript, "Thinking"), Qt.MouseButton.LeftButton)
    receive(transcript, live, AnswerReasoning("see."))
    assert not block(transcript).is_open
    qtbot.mouseClick(button(transcript, "Thinking"), Qt.MouseButton.LeftButton)
    assert child(transcript, ThoughtText).toPlainText() == "Let me see."


def test_thoughts_unfolded_by_hand_stay_so_when_the_answer_begins_and_is_stored(
    qtbot, transcript: Transcript
) -> None:
    live = begun(transcript)
    receive(transcript, live, AnswerReasoning(THOUGHT.reasoning))
    for _click in range(2):
        qtbot.mouseClick(button(transcript, "Thinking"), Qt.MouseButton.LeftButton)
    receive(transcript, live, AnswerText("Twelve."))
    assert block(transcript).is_open
    view = child(transcript, ThoughtText)
    stored = (make_message(0, "And now?"), make_message(1, "Twelve.", THOUGHT))
    transcript.update_messages(stored)
    assert block(transcript).is_open
    assert child(transcript, ThoughtText) is view
    assert has_button(transcript, "Thought for 12 s, unfolded")


def test_stored_thoughts_are_folded_plain_and_dim(
    qtbot, transcript: Transcript, theme: ThemeKeeper
) -> None:
    transcript.show_messages((make_message(0, "And?"), make_message(1, "Twelve.", THOUGHT)))
    assert transcript.findChild(ThoughtText) is None
    before = last(transcript).height()
    qtbot.mouseClick(button(transcript, "Thought for 12 s"), Qt.MouseButton.LeftButton)
    view = child(transcript, ThoughtText)
    assert view.toPlainText() == THOUGHT.reasoning
    assert view.textCursor().charFormat().foreground().color() == theme.color("text2")
    assert last(transcript).height() > before
    qtbot.mouseClick(button(transcript, "Thought for 12 s"), Qt.MouseButton.LeftButton)
    assert last(transcript).height() == before


def test_what_is_unfolded_is_remembered_while_the_message_is_no_widget(
    qtbot, transcript: Transcript
) -> None:
    messages = (
        make_message(0, "And?"),
        make_message(1, "Twelve.", THOUGHT),
        *(replace(each, id=MessageId(each.id + 100)) for each in long_conversation(40)),
    )
    transcript.show_messages(messages)
    bar = transcript.verticalScrollBar()
    bar.setValue(0)
    qtbot.mouseClick(button(transcript, "Thought for 12 s"), Qt.MouseButton.LeftButton)
    transcript.setFocus()
    bar.setValue(bar.maximum())
    qtbot.waitUntil(lambda: not transcript.is_preparing)
    assert not has_button(transcript, "Thought for 12 s")
    transcript.show_messages(())
    transcript.show_messages(messages)
    bar.setValue(0)
    qtbot.waitUntil(lambda: has_button(transcript, "Thought for 12 s, unfolded"))
    qtbot.waitUntil(lambda: child(transcript, ThoughtText).isVisible())


def test_thoughts_fold_with_the_keyboard_and_can_be_copied(qtbot, transcript: Transcript) -> None:
    transcript.show_messages((make_message(0, "And?"), make_message(1, "Twelve.", THOUGHT)))
    transcript.activateWindow()
    fold = button(transcript, "Thought for 12 s")
    fold.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(fold, Qt.Key.Key_Space)
    view = child(transcript, ThoughtText)
    assert view.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert view.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByKeyboard
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == THOUGHT.reasoning


def test_theme_switched_while_it_thinks_keeps_the_thoughts(
    qtbot, transcript: Transcript, theme: ThemeKeeper
) -> None:
    live = begun(transcript)
    receive(transcript, live, AnswerReasoning("Let me "))
    theme.apply(Theme.DARK, 100, reduce_motion=True)
    receive(transcript, live, AnswerReasoning("see."))
    view = child(block(transcript), ThoughtText)
    assert view.toPlainText() == "Let me see."
    assert view.textCursor().charFormat().foreground().color() == theme.color("text2")


def test_stopped_while_thinking_says_how_long(qtbot, transcript: Transcript) -> None:
    live = begun(transcript)
    receive(transcript, live, AnswerReasoning("Let me "))
    live.stop()
    transcript.advance_answer()
    assert has_button(transcript, "Thought for")
    assert last(transcript)._waiting.isVisible()


def test_answer_with_thoughts_through_the_pane(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    gate = threading.Event()
    services.chat.script = Script(("Twelve.",), THOUGHT, gate, thoughts=("Let me ", "see."))
    pane = open_pane()
    ask(qtbot, pane, "How many?")
    qtbot.waitUntil(lambda: has_button(pane, "Thinking, unfolded"))
    gate.set()
    qtbot.waitUntil(lambda: len(shown(pane)) == 2)
    qtbot.waitUntil(lambda: has_button(pane, "Thought for 12 s, folded"))
    menu = child(pane, AnswerActions).menu()
    copy = next(each for each in menu.actions() if each.text() == "Copy thoughts")
    copy.trigger()
    menu.close()
    assert QApplication.clipboard().text() == THOUGHT.reasoning


@pytest.mark.parametrize("length", [200_000])
def test_many_thoughts_are_not_laid_out_until_they_are_unfolded(
    qtbot, transcript: Transcript, length: int
) -> None:
    record = replace(THOUGHT, reasoning="so " * (length // 3))
    transcript.show_messages((make_message(0, "And?"), make_message(1, "Twelve.", record)))
    assert transcript.findChild(ThoughtText) is None
