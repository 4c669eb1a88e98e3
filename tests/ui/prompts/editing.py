"""What the tests of the editor share: a shown editor, and a person's hands on it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from app.engine.messages import Role
from app.prompts.entities import Content, Part, Variable
from app.ui.pane import PaneContext
from app.ui.prompts.editor import PromptEditor

GREETING = Content(
    (Part(Role.SYSTEM, "Be kind."), Part(Role.USER, "Greet {{ who }}.")), (Variable("who"),)
)


def open_editor(qtbot: Any, context: PaneContext, *, width: int = 1100) -> PromptEditor:
    """An editor in a window, without services."""
    editor = PromptEditor(context)
    editor.setObjectName("page")
    editor.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    qtbot.addWidget(editor)
    editor.resize(width, 900)
    editor.show()
    qtbot.waitExposed(editor)
    return editor


def settle(qtbot: Any, editor: PromptEditor) -> None:
    """Wait until checks and preview have caught up."""
    qtbot.waitUntil(lambda: not editor.is_busy, timeout=30_000)


def press(holder: QWidget, name: str) -> None:
    """Click the visible button of this accessible name."""
    QApplication.processEvents()  # what was just added is shown by an event
    buttons = [
        each
        for each in holder.findChildren(QAbstractButton)
        if each.accessibleName() == name and each.isVisible()
    ]
    assert len(buttons) == 1, f"{len(buttons)} buttons “{name}”"
    QTest.mouseClick(buttons[0], Qt.MouseButton.LeftButton)


def write(field: QWidget, text: str) -> None:
    """Type over all that is in a field."""
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(field, text)
