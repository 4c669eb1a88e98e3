"""The prompts that come up above the composer when a question begins with a slash."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QVBoxLayout, QWidget

from app.prompts.entities import Prompt
from app.ui.chat.prompts.list import ROW_HEIGHT, PromptList
from app.ui.theme import ThemeKeeper
from app.ui.widgets.info_bar import announce
from app.ui.widgets.labels import Label
from app.ui.widgets.sheet import shadow

_MOST_ROWS = 6
_GAP = 6
_HINT = "Enter or Tab takes a prompt, Escape closes"
_SLASH = re.compile(r"/(\S*)")
_STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
_TAKING = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab)


class PromptPicker(QFrame):
    """Lies over the window, above a card, and is steered from the text in it.

    Signals:
        picked: a `Prompt`.
    """

    picked = Signal(object)

    def __init__(self, text: QPlainTextEdit, card: QWidget, theme: ThemeKeeper) -> None:
        super().__init__(card)
        self.setObjectName("promptpicker")
        self.setAccessibleName("Prompts")
        self.setGraphicsEffect(shadow(self, blur=24, down=6, alpha=70))
        self._text, self._card, self._theme = text, card, theme
        self._prompts: tuple[Prompt, ...] = ()
        self._is_dismissed = False  # by Escape, until the slash is gone
        self.list = PromptList(theme, prefix="/")
        self.list.picked.connect(self._pick)
        self._hint = Label(_HINT, "caption")
        self._hint.setContentsMargins(12, 0, 12, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(2)
        layout.addWidget(self.list)
        layout.addWidget(self._hint)
        self.hide()
        text.installEventFilter(self)
        text.textChanged.connect(self._on_text_changed)
        card.installEventFilter(self)

    def show_prompts(self, prompts: Sequence[Prompt]) -> None:
        """What there is to choose from."""
        self._prompts = tuple(prompts)
        if self.isVisible():
            self._on_text_changed()

    def _on_text_changed(self) -> None:
        found = _SLASH.fullmatch(self._text.toPlainText())
        if found is None:
            self._is_dismissed = False
        if found is None or self._is_dismissed or not self._text.hasFocus():
            self.hide()
            return
        if self.list.show_matches(self._prompts, found[1]):
            self._place()
            self.show()
            self.raise_()
            self._announce()
        else:
            self.hide()

    def _place(self) -> None:
        window = self._card.window()
        if self.parentWidget() is not window:
            self.setParent(window)
        rows = min(self.list.rows.rowCount(), _MOST_ROWS)
        top = self._card.mapTo(window, QPoint(0, 0))
        wanted = rows * self._theme.px(ROW_HEIGHT) + self._hint.sizeHint().height() + 14
        height = min(wanted, top.y() - 2 * _GAP)
        self.setGeometry(top.x(), top.y() - height - _GAP, self._card.width(), height)

    def _announce(self) -> None:
        if self.list.current is not None:
            announce(self._text, f"Prompt {self.list.current.name}")

    def _pick(self, prompt: Prompt) -> None:
        self.hide()
        # What was typed stays until the prompt is filled in, and brings the list back no more.
        self._is_dismissed = True
        self.picked.emit(prompt)

    def _take_key(self, key: Qt.Key) -> bool:
        if key in _STEPS:
            self.list.step(_STEPS[key])
            self._announce()
        elif key in _TAKING and self.list.current is not None:
            self._pick(self.list.current)
        elif key == Qt.Key.Key_Escape:
            self._is_dismissed = True
            self.hide()
        else:
            return False
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not self.isVisible():
            return False
        if watched is self._card and event.type() in (QEvent.Type.Move, QEvent.Type.Resize):
            self._place()
        elif watched is self._text and event.type() in (QEvent.Type.FocusOut, QEvent.Type.Hide):
            self.hide()
        elif watched is self._text and isinstance(event, QKeyEvent):
            return event.type() == QEvent.Type.KeyPress and self._take_key(Qt.Key(event.key()))
        return False
