from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from app.base.errors import AppError
from app.ui import toasts as toasts_module
from app.ui.icons import Icons
from app.ui.notify import Notifier
from app.ui.theme import ThemeKeeper
from app.ui.toasts import MOST, NotesSheet, ToastStack
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.choice import Choice, Severity
from tests.ui.shell import child


@pytest.fixture
def parent(qtbot, theme) -> QWidget:
    parent = QWidget()
    parent.resize(900, 600)
    qtbot.addWidget(parent)
    parent.show()
    return parent


@pytest.fixture
def notifier(parent: QWidget) -> Notifier:
    return Notifier(parent)


@pytest.fixture
def stack(parent: QWidget, icons: Icons, notifier: Notifier, theme: ThemeKeeper) -> ToastStack:
    return ToastStack(parent, icons, notifier, theme)


def texts(stack: ToastStack) -> list[str]:
    return [toast.note.text for toast in stack.toasts]


def test_toast_more_than_fit_the_oldest_goes(stack: ToastStack, notifier: Notifier):
    for number in range(MOST + 2):
        notifier.toast(f"note {number}")
    assert texts(stack) == ["note 4", "note 3", "note 2"]


def test_toast_errors_outlast_other_notes(stack: ToastStack, notifier: Notifier):
    notifier.problem(AppError("It broke."))
    for number in range(MOST):
        notifier.toast(f"note {number}")
    assert texts(stack) == ["note 2", "note 1", "It broke."]


def test_toast_time_over_goes_by_itself_but_an_error_stays(
    stack: ToastStack, notifier: Notifier, monkeypatch, qtbot
):
    monkeypatch.setattr(toasts_module, "STAYS_MS", 20)
    notifier.toast("gone soon")
    notifier.problem(AppError("It broke."))
    qtbot.waitUntil(lambda: texts(stack) == ["It broke."])


def test_toast_under_the_pointer_waits(stack: ToastStack, notifier: Notifier, monkeypatch, qtbot):
    monkeypatch.setattr(toasts_module, "STAYS_MS", 30)
    notifier.toast("read me")
    toast = stack.toasts[0]
    here = QPointF(5, 5)
    QApplication.sendEvent(toast, QEnterEvent(here, here, here))
    with qtbot.assertNotEmitted(toast.gone, wait=60):
        pass
    with qtbot.waitSignal(toast.gone):
        QApplication.sendEvent(toast, QEvent(QEvent.Type.Leave))


def test_toast_choice_taken_runs_and_goes(stack: ToastStack, notifier: Notifier, qtbot):
    ran: list[int] = []
    notifier.toast("Removed.", choice=Choice("Undo", lambda: ran.append(1)))
    button = stack.toasts[0].findChild(Button)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert ran == [1]
    assert stack.toasts == ()


def test_toast_dismissed_the_others_close_up(stack: ToastStack, notifier: Notifier, qtbot):
    notifier.toast("below")
    notifier.toast("above")
    above, below = stack.toasts
    top = above.y()
    qtbot.mouseClick(child(above, IconButton), Qt.MouseButton.LeftButton)
    assert below.y() == top


def test_toast_window_resized_keeps_the_corner(
    stack: ToastStack, notifier: Notifier, parent: QWidget
):
    notifier.toast("here")
    parent.resize(1100, 600)
    QApplication.processEvents()
    assert stack.toasts[0].geometry().right() == 1100 - 24 - 1


def test_toast_long_hostile_text_is_wrapped_and_never_rich(stack: ToastStack, notifier: Notifier):
    notifier.toast("<b>bold</b> " * 40)
    toast = stack.toasts[0]
    label = child(toast, QLabel)
    assert label.textFormat() == Qt.TextFormat.PlainText
    assert toast.height() > 100
    assert toast.width() <= 420


def test_notes_opened_lists_newest_first_and_counts_as_read(
    parent: QWidget, icons: Icons, notifier: Notifier, qtbot
):
    notifier.toast("first", Severity.OK)
    notifier.toast("second", hint="because")
    assert notifier.unread == 2
    sheet = NotesSheet(parent, icons, notifier)
    sheet.open()
    assert notifier.unread == 0
    shown = [label.text() for label in sheet.findChildren(QLabel)]
    assert shown.index("second") < shown.index("because") < shown.index("first")
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_notes_cleared_says_that_nothing_happened(
    parent: QWidget, icons: Icons, notifier: Notifier, qtbot
):
    notifier.toast("first")
    sheet = NotesSheet(parent, icons, notifier)
    sheet.open()
    clear = next(each for each in sheet.findChildren(Button) if each.text() == "Clear all")
    qtbot.mouseClick(clear, Qt.MouseButton.LeftButton)
    assert notifier.notes == ()
    assert "Nothing has happened yet." in [each.text() for each in sheet.findChildren(QLabel)]


def test_notifier_endless_notes_keeps_only_the_last_hundred(notifier: Notifier):
    for number in range(250):
        notifier.toast(str(number))
    assert len(notifier.notes) == 100
    assert notifier.notes[0].text == "249"
