from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent
from PySide6.QtWidgets import QApplication, QPlainTextEdit

from app.ui.chat.composer import Composer
from app.ui.chat.question_edit import MOST_LINES
from app.ui.icons import Icons
from tests.ui.text.finding import button, child

ENTER, CTRL, SHIFT = (
    Qt.Key.Key_Return,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


@pytest.fixture
def composer(qtbot, icons: Icons) -> Composer:
    made = Composer(icons)
    qtbot.addWidget(made)
    made.resize(600, 120)
    made.show()
    return made


def field(composer: Composer) -> QPlainTextEdit:
    return child(composer, QPlainTextEdit)


def type_text(qtbot, composer: Composer, text: str) -> None:
    field(composer).setFocus()
    qtbot.keyClicks(field(composer), text)


def test_composer_enter_sends_the_trimmed_question(qtbot, composer: Composer) -> None:
    type_text(qtbot, composer, "  How long?  ")
    with qtbot.waitSignal(composer.submitted) as sent:
        qtbot.keyClick(field(composer), ENTER)
    assert sent.args == ["How long?"]
    assert composer.text == ""


def test_composer_shift_enter_starts_a_line(qtbot, composer: Composer) -> None:
    type_text(qtbot, composer, "a")
    with qtbot.assertNotEmitted(composer.submitted):
        qtbot.keyClick(field(composer), ENTER, SHIFT)
    assert len(composer.text.splitlines()) == 1
    assert field(composer).blockCount() + field(composer).document().firstBlock().lineCount() > 2


def test_composer_where_enter_does_not_send_ctrl_enter_does(qtbot, composer: Composer) -> None:
    composer.set_enter_sends(False)
    type_text(qtbot, composer, "a")
    with qtbot.assertNotEmitted(composer.submitted):
        qtbot.keyClick(field(composer), ENTER)
    qtbot.keyClicks(field(composer), "b")
    with qtbot.waitSignal(composer.submitted) as sent:
        qtbot.keyClick(field(composer), ENTER, CTRL)
    assert sent.args == ["a\nb"]


@pytest.mark.parametrize("text", ["", "   ", "\n\n"])
def test_composer_with_nothing_to_send_sends_nothing(qtbot, composer: Composer, text: str) -> None:
    composer.set_text(text)
    assert not button(composer, "Send").isEnabled()
    with qtbot.assertNotEmitted(composer.submitted):
        qtbot.keyClick(field(composer), ENTER)


def test_composer_send_button_sends(qtbot, composer: Composer) -> None:
    type_text(qtbot, composer, "a")
    with qtbot.waitSignal(composer.submitted):
        qtbot.mouseClick(button(composer, "Send"), Qt.MouseButton.LeftButton)


def test_composer_while_running_stops_instead_and_keeps_the_text(qtbot, composer: Composer) -> None:
    type_text(qtbot, composer, "next")
    composer.set_running(True)
    with qtbot.assertNotEmitted(composer.submitted):
        qtbot.keyClick(field(composer), ENTER)
    with qtbot.waitSignal(composer.stop_requested):
        qtbot.mouseClick(button(composer, "Stop"), Qt.MouseButton.LeftButton)
    assert composer.text == "next"
    composer.set_running(True, can_stop=False)
    assert not button(composer, "Stop").isEnabled()
    composer.set_running(False)
    assert button(composer, "Send").isEnabled()


def test_composer_grows_up_to_its_limit(qtbot, composer: Composer) -> None:
    heights = []
    for lines in range(1, MOST_LINES + 4):
        composer.set_text("\n".join("x" for _line in range(lines)))
        heights.append(field(composer).height())
    assert heights[:MOST_LINES] == sorted(set(heights[:MOST_LINES]))
    assert len(set(heights[MOST_LINES - 1 :])) == 1
    composer.set_text("")
    assert field(composer).height() == heights[0]


def test_composer_long_line_wraps_and_grows(qtbot, composer: Composer) -> None:
    before = field(composer).height()
    composer.set_text("word " * 60)
    assert field(composer).height() > before


def test_composer_up_recalls_only_when_empty(qtbot, composer: Composer) -> None:
    with qtbot.waitSignal(composer.recall_requested):
        qtbot.keyClick(field(composer), Qt.Key.Key_Up)
    composer.set_text("a")
    with qtbot.assertNotEmitted(composer.recall_requested):
        qtbot.keyClick(field(composer), Qt.Key.Key_Up)


def test_composer_leaves_dropped_files_to_the_window(qtbot, composer: Composer) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/files/a.pdf")])
    event = QDragEnterEvent(
        QPoint(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(field(composer).viewport(), event)
    assert not event.isAccepted()
    assert not field(composer).canInsertFromMimeData(data)


def test_composer_pastes_plain_text_only(qtbot, composer: Composer) -> None:
    data = QMimeData()
    data.setHtml("<b>bold</b>")
    data.setText("bold")
    QApplication.clipboard().setMimeData(data)
    field(composer).paste()
    assert composer.text == "bold"


def test_composer_shows_focus_on_its_card(qtbot, composer: Composer) -> None:
    composer.activateWindow()
    field(composer).setFocus()
    qtbot.waitUntil(lambda: composer.property("lit") == "true")
    button(composer, "Add documents").setFocus()
    assert composer.property("lit") == "false"


def test_composer_scope_chip_names_the_documents(qtbot, composer: Composer) -> None:
    composer.set_scope("Tom & Jerry.pdf", is_everything=False)
    assert composer.scope_button.accessibleName() == "Asked over: Tom & Jerry.pdf"
    assert composer.scope_button.text().strip() == "Tom && Jerry.pdf"
    with qtbot.waitSignal(composer.scope_requested):
        qtbot.mouseClick(composer.scope_button, Qt.MouseButton.LeftButton)
