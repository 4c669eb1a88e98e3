"""Where a task is written."""

from __future__ import annotations

import math

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetricsF, QKeyEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QToolButton, QVBoxLayout, QWidget

from app.ui.icons import Icons
from app.ui.theme import set_look
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row

_MOST_LINES = 8


class TaskEdit(QPlainTextEdit):
    """Enter sends, Shift+Enter begins a line; dropped files are the window's.

    Signals:
        sent: Enter was pressed.
        focused: it got the focus (True) or lost it (False).
    """

    sent = Signal()
    focused = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("question")
        self.setAccessibleName("Task")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAcceptDrops(False)
        self.setAcceptDrops(False)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def _fit(self) -> None:
        lines = min(max(1, round(self.document().size().height())), _MOST_LINES)
        line = math.ceil(QFontMetricsF(self.font()).lineSpacing())
        self.setFixedHeight(lines * line + 14)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.sent.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focused.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focused.emit(False)

    def insertFromMimeData(self, source: QMimeData) -> None:
        if source.hasText():
            self.insertPlainText(source.text())


class TaskComposer(QFrame):
    """A card with the task and the button that runs it.

    Signals:
        submitted: the task, trimmed and not empty.
    """

    submitted = Signal(str)

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self.setObjectName("composer")
        self.setProperty("lit", "false")
        self.edit = TaskEdit()
        self.edit.sent.connect(self._on_sent)
        self.edit.textChanged.connect(self._show_send)
        self.edit.focused.connect(lambda on: set_look(self, "lit", "true" if on else "false"))
        self._note = Label("", "caption")
        self._send = QToolButton()
        self._send.setObjectName("send")
        self._send.setFixedSize(34, 34)
        self._send.setIconSize(QSize(18, 18))
        self._send.setCursor(Qt.CursorShape.PointingHandCursor)
        self._send.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._send.setAccessibleName("Run")
        self._send.setToolTip("Run (Enter)")
        self._send.clicked.connect(self._on_sent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 10, 8)
        layout.setSpacing(4)
        layout.addWidget(self.edit)
        layout.addWidget(row(self._note, None, self._send))
        self.setFocusProxy(self.edit)
        self._show_send()

    @property
    def text(self) -> str:
        """What is written."""
        return self.edit.toPlainText()

    def set_text(self, text: str) -> None:
        """Write something, ready to go on at its end."""
        self.edit.setPlainText(text)
        self.edit.moveCursor(QTextCursor.MoveOperation.End)

    def invite(self, words: str, note: str) -> None:
        """Say what it is for, and quietly with what it will be done."""
        self.edit.setPlaceholderText(words)
        self._note.setText(note)

    def _show_send(self) -> None:
        can_send = bool(self.text.strip())
        self._send.setEnabled(can_send)
        self._send.setIcon(self._icons.icon("ph.play", "on_accent" if can_send else "text3"))

    def _on_sent(self) -> None:
        if text := self.text.strip():
            self.submitted.emit(text)
