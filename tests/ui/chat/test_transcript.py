from __future__ import annotations

import time
from dataclasses import replace

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QTextBrowser, QWidget

from app.chat.entities import AnswerText, Message
from app.chat.live import LiveAnswer
from app.settings.schema import Theme
from app.ui.chat.message_widget import AnswerMessage, QuestionMessage
from app.ui.chat.transcript import Transcript
from app.ui.chat.words import expected_label
from app.ui.text.code_view import CodeView
from app.ui.theme import ThemeKeeper
from tests.ui.chat.fakes import MODEL_RECORD, make_message
from tests.ui.chat.samples import RICH, long_conversation, rich
from tests.ui.text.finding import button, child

LABEL = expected_label(None)


def bar_value(transcript: Transcript) -> int:
    return transcript.verticalScrollBar().value()


def at_end(transcript: Transcript) -> bool:
    return bar_value(transcript) == transcript.verticalScrollBar().maximum()


def settle(qtbot, transcript: Transcript) -> None:
    qtbot.waitUntil(lambda: not transcript.is_preparing)


def top_in_view(widget: QWidget, transcript: Transcript) -> int:
    return widget.mapTo(transcript.viewport(), QPoint(0, 0)).y()


def words(message: QWidget) -> str:
    """The first piece of prose of a message."""
    return child(message, QTextBrowser).toPlainText()


def begun(transcript: Transcript, question: str | None = "And now?") -> LiveAnswer:
    live = LiveAnswer()
    live.begin()
    transcript.begin_answer(question, LABEL, live)
    return live


def write(transcript: Transcript, live: LiveAnswer, text: str) -> None:
    live.receive(AnswerText(text))
    transcript.advance_answer()


def test_transcript_of_500_messages_opens_at_its_end_with_few_widgets(
    qtbot, transcript: Transcript
) -> None:
    messages = long_conversation()
    began = time.perf_counter()
    transcript.show_messages(messages)
    transcript.repaint()
    assert time.perf_counter() - began < 0.3
    assert at_end(transcript)
    assert transcript.messages == messages
    settle(qtbot, transcript)
    assert len(transcript.widgets) < 20
    last = transcript.widgets[-1]
    assert top_in_view(last, transcript) + last.height() <= transcript.viewport().height()


def test_transcript_scrolled_through_never_keeps_many_widgets(
    qtbot, transcript: Transcript
) -> None:
    transcript.show_messages(long_conversation())
    bar = transcript.verticalScrollBar()
    for position in range(bar.maximum(), 0, -bar.maximum() // 40):
        bar.setValue(position)
        assert len(transcript.widgets) < 24
    bar.setValue(0)
    settle(qtbot, transcript)
    first = transcript.widgets[0]
    assert top_in_view(first, transcript) == 8


def test_transcript_scrolling_up_keeps_the_place_while_heights_become_known(
    qtbot, transcript: Transcript
) -> None:
    transcript.show_messages(long_conversation(60))
    bar = transcript.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    visible = next(
        each for each in transcript.widgets if -100 < top_in_view(each, transcript) < 500
    )
    before = top_in_view(visible, transcript)
    settle(qtbot, transcript)
    assert top_in_view(visible, transcript) == before


def test_transcript_at_end_stays_there_while_text_comes(qtbot, transcript: Transcript) -> None:
    transcript.show_messages(long_conversation(20))
    live = begun(transcript)
    for at in range(0, len(RICH), 50):
        write(transcript, live, RICH[at : at + 50])
        assert at_end(transcript)


def test_transcript_scrolled_up_stays_there_while_text_comes(qtbot, transcript: Transcript) -> None:
    transcript.show_messages(long_conversation(20))
    live = begun(transcript)
    settle(qtbot, transcript)
    bar = transcript.verticalScrollBar()
    bar.setValue(bar.maximum() - 400)
    settle(qtbot, transcript)
    value = bar_value(transcript)
    write(transcript, live, RICH)
    assert bar_value(transcript) == value
    qtbot.mouseClick(button(transcript, "Jump to latest"), Qt.MouseButton.LeftButton)
    assert at_end(transcript)
    write(transcript, live, RICH)
    assert at_end(transcript)


def test_transcript_pill_is_only_there_away_from_the_end(qtbot, transcript: Transcript) -> None:
    transcript.show_messages(long_conversation(20))
    pill = button_of(transcript)
    assert pill.isHidden()
    transcript.verticalScrollBar().setValue(0)
    assert pill.isVisible()


def button_of(transcript: Transcript) -> QWidget:
    return next(
        each
        for each in transcript.findChildren(QWidget)
        if each.accessibleName() == "Jump to latest"
    )


def test_transcript_finished_answer_keeps_its_widgets(qtbot, transcript: Transcript) -> None:
    question = make_message(0, "And now?")
    text = "Intro.\n\n```python\nx = 1\n```\n\nEnd."
    live = begun(transcript)
    write(transcript, live, text)
    answer = transcript.widgets[-1]
    assert isinstance(answer, AnswerMessage)
    segments = answer.body.segments
    stored = make_message(1, text, MODEL_RECORD)
    live.finish(stored)
    transcript.update_messages((question, stored))
    assert transcript.widgets[-1] is answer
    assert answer.body.segments == segments
    assert transcript.messages == (question, stored)


def test_transcript_finished_answer_gets_working_citations(qtbot, transcript: Transcript) -> None:
    live = begun(transcript)
    write(transcript, live, RICH)
    question, stored = make_message(0, "And now?"), rich()[1]
    transcript.update_messages((question, stored))
    with qtbot.waitSignal(transcript.citation_requested) as asked:
        button(transcript, "Source 1").click()
    assert asked.args[0].title == "Contract.pdf"


def test_transcript_streamed_looks_as_opened_later(qtbot, transcript: Transcript) -> None:
    live = begun(transcript)
    for at in range(0, len(RICH), 7):
        write(transcript, live, RICH[at : at + 7])
    messages = (make_message(0, "And now?"), rich()[1])
    transcript.update_messages(messages)
    streamed = transcript.widgets[-1].height()
    transcript.show_messages(messages)
    assert transcript.widgets[-1].height() == streamed


def test_transcript_stored_question_is_not_shown_twice(qtbot, transcript: Transcript) -> None:
    live = begun(transcript)
    write(transcript, live, "Three")
    transcript.update_messages((make_message(0, "And now?"),))
    write(transcript, live, " months")
    assert len(transcript.widgets) == 2
    assert words(transcript.widgets[-1]) == "Three months"


def test_transcript_dropped_answer_leaves_what_is_stored(qtbot, transcript: Transcript) -> None:
    messages = rich()
    transcript.resize(900, 1600)
    transcript.show_messages(messages)
    begun(transcript)
    transcript.drop_answer()
    assert [type(each) for each in transcript.widgets] == [QuestionMessage, AnswerMessage]
    assert transcript.messages == messages


def test_transcript_cut_removes_an_answer_and_all_below(qtbot, transcript: Transcript) -> None:
    messages = long_conversation(6)
    transcript.show_messages(messages)
    transcript.cut_from(messages[3].id)
    assert transcript.messages == messages[:3]


def test_transcript_other_sibling_replaces_the_answer(qtbot, transcript: Transcript) -> None:
    question, answer = rich()
    transcript.show_messages((question, answer))
    other = make_message(7, "Other.", MODEL_RECORD, sibling=1, siblings=3)
    transcript.update_messages((question, other))
    assert transcript.messages == (question, other)
    assert words(transcript.widgets[-1]) == "Other."


def test_transcript_unchanged_messages_are_not_made_again(qtbot, transcript: Transcript) -> None:
    messages = long_conversation(8)
    transcript.show_messages(messages)
    before = transcript.widgets
    transcript.update_messages(tuple(replace(each) for each in messages))
    assert transcript.widgets == before


def test_transcript_theme_switch_recolors_what_is_seen(
    qtbot, transcript: Transcript, theme: ThemeKeeper
) -> None:
    transcript.show_messages(rich())
    live = begun(transcript)
    write(transcript, live, "So far.")
    theme.apply(Theme.DARK, 100, reduce_motion=True)
    color = theme.color("text")
    shown = transcript.widgets[-1]
    assert isinstance(shown, AnswerMessage)
    cursor = child(shown, QTextBrowser).textCursor()
    assert cursor.charFormat().foreground().color() == color
    write(transcript, live, " And on.")
    assert words(shown) == "So far. And on."


def test_transcript_larger_text_takes_more_room(
    qtbot, transcript: Transcript, theme: ThemeKeeper
) -> None:
    transcript.show_messages(rich())
    before = transcript.widgets[-1].height()
    theme.apply(Theme.LIGHT, 150, reduce_motion=True)
    assert transcript.widgets[-1].height() > before


def test_transcript_narrower_window_wraps_anew(qtbot, transcript: Transcript) -> None:
    transcript.show_messages(rich())
    before = transcript.widgets[-1].height()
    transcript.resize(420, 700)
    assert transcript.widgets[-1].height() > before
    assert transcript.widgets[-1].width() <= 420
    assert at_end(transcript)


def test_transcript_wheel_over_code_is_left_to_the_conversation(
    qtbot, transcript: Transcript
) -> None:
    transcript.show_messages(long_conversation(10))
    code = transcript.findChildren(CodeView)[-1]
    target = code.findChildren(QWidget, "codetext")[0]
    position = QPointF(20, 20)
    event = QWheelEvent(
        position,
        target.mapToGlobal(position),
        QPoint(0, 0),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    viewport = target.findChildren(QWidget, "qt_scrollarea_viewport")[0]
    QApplication.sendEvent(viewport, event)
    assert not event.isAccepted()


def test_transcript_keys_go_to_both_ends(qtbot, transcript: Transcript) -> None:
    transcript.show_messages(long_conversation(20))
    transcript.setFocus()
    qtbot.keyClick(transcript, Qt.Key.Key_Home)
    assert bar_value(transcript) == 0
    qtbot.keyClick(transcript, Qt.Key.Key_End)
    assert at_end(transcript)


def test_transcript_unfolding_code_keeps_the_reader_where_he_is(
    qtbot, transcript: Transcript
) -> None:
    code = "```python\n" + "\n".join(f"x = {number}" for number in range(600)) + "\n```"
    messages: tuple[Message, ...] = (
        make_message(0, "Code?"),
        make_message(1, f"Here.\n\n{code}\n\nDone.", MODEL_RECORD),
    )
    transcript.show_messages(messages)
    transcript.verticalScrollBar().setValue(0)
    before = transcript.widgets[-1].height()
    button(transcript, "Show all 600 lines").click()
    assert transcript.widgets[-1].height() > before
    assert bar_value(transcript) == 0


def test_transcript_long_question_is_folded(qtbot, transcript: Transcript) -> None:
    transcript.show_messages((make_message(0, "word " * 2000),))
    before = transcript.widgets[0].height()
    button(transcript, "Show all of it").click()
    assert transcript.widgets[0].height() > before


def test_transcript_question_shows_markup_as_typed(qtbot, transcript: Transcript) -> None:
    transcript.show_messages((make_message(0, "<b>a</b> **b** [1]\n  two"),))
    assert words(transcript.widgets[0]) == "<b>a</b> **b** [1]\n  two"
